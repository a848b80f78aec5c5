// Deposit 1 ETH for wkETH, and say what it is worth: node deposit.mjs LATEST_JSON RPC_URL ACCOUNT
import { readFileSync } from "node:fs";
import { createPublicClient, createWalletClient, getContract, http, parseEther, zeroAddress } from "viem";

const [latest, url, account] = process.argv.slice(2);
if (account === undefined) {
  console.error("usage: node deposit.mjs LATEST_JSON RPC_URL ACCOUNT");
  process.exit(2);
}
const { contracts } = JSON.parse(readFileSync(latest, "utf8"));
const reading = createPublicClient({ transport: http(url) });
const writing = createWalletClient({ transport: http(url) });
const client = { public: reading, wallet: writing };
const vault = getContract({ ...contracts.StakingVault, client });
const wrapped = getContract({ ...contracts.WrappedKeelEther, client });

// What a deposit costs depends a little on the second of its block, so a bare estimate can be too low.
const request = { account, chain: null, value: parseEther("1") };
const estimate = await vault.estimateGas.depositWrapped([account, zeroAddress], request);
const hash = await vault.write.depositWrapped([account, zeroAddress], { ...request, gas: (estimate * 6n) / 5n });
const { status } = await reading.waitForTransactionReceipt({ hash });
if (status !== "success") throw new Error(`transaction ${hash} was reverted`);

const units = await wrapped.read.balanceOf([account]);
const worthWei = await wrapped.read.convertToAssets([units]);
console.log(JSON.stringify({ account, units: String(units), worthWei: String(worthWei) }));
