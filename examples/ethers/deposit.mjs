// Deposit 1 ETH for wkETH, and say what it is worth: node deposit.mjs LATEST_JSON RPC_URL ACCOUNT
import { readFileSync } from "node:fs";
import { Contract, JsonRpcProvider, parseEther, ZeroAddress } from "ethers";

const [latest, url, account] = process.argv.slice(2);
if (account === undefined) {
  console.error("usage: node deposit.mjs LATEST_JSON RPC_URL ACCOUNT");
  process.exit(2);
}
const { contracts } = JSON.parse(readFileSync(latest, "utf8"));
const provider = new JsonRpcProvider(url);
const signer = await provider.getSigner(account);
const contract = ({ address, abi }) => new Contract(address, abi, signer);
const vault = contract(contracts.StakingVault);
const wrapped = contract(contracts.WrappedKeelEther);

// What a deposit costs depends a little on the second of its block, so a bare estimate can be too low.
const value = parseEther("1");
const estimate = await vault.depositWrapped.estimateGas(signer.address, ZeroAddress, { value });
const gasLimit = (estimate * 6n) / 5n;
const sent = await vault.depositWrapped(signer.address, ZeroAddress, { value, gasLimit });
await sent.wait();

const units = await wrapped.balanceOf(signer.address);
const worthWei = await wrapped.convertToAssets(units);
console.log(JSON.stringify({ account: signer.address, units: String(units), worthWei: String(worthWei) }));
provider.destroy();
