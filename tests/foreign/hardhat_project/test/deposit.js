// Somebody else's Hardhat tests against Keel itself: addresses and ABIs come from latest.json.
const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { BrowserProvider, Contract, parseEther, ZeroAddress } = require("ethers");
const { network } = require("hardhat");
const { loadFixture, time } = require("@nomicfoundation/hardhat-network-helpers");

const { contracts } = JSON.parse(readFileSync(process.env.KEEL_LATEST, "utf8"));
const provider = new BrowserProvider(network.provider, undefined, { cacheTimeout: -1 });
provider.pollingInterval = 50;

async function oneEtherDeposited() {
  const accounts = await network.provider.send("eth_accounts");
  const depositor = await provider.getSigner(accounts.at(-1));
  const bound = ({ address, abi }) => new Contract(address, abi, depositor);
  const vault = bound(contracts.StakingVault);
  const wrapped = bound(contracts.WrappedKeelEther);
  await deposit(vault, depositor);
  return { depositor, vault, wrapped, units: await wrapped.balanceOf(depositor) };
}

async function deposit(vault, depositor) {
  const value = parseEther("1");
  await (await vault.depositWrapped(depositor, ZeroAddress, { value })).wait();
}

describe("deposits from a project of Hardhat's", () => {
  for (const more of [1n, 2n]) {
    it(`${more} more, seen by this test alone`, async () => {
      const { depositor, vault, wrapped, units } = await loadFixture(oneEtherDeposited);
      assert.ok(units > 0n);
      assert.equal(await wrapped.balanceOf(depositor), units);
      for (let count = 0n; count < more; count++) await deposit(vault, depositor);
      const total = await wrapped.balanceOf(depositor);
      assert.ok(total > units * more && total <= units * (more + 1n));
    });
  }

  it("are worth no less a frame later", async () => {
    const { wrapped, units } = await loadFixture(oneEtherDeposited);
    const before = await wrapped.convertToAssets(units);
    await time.increase(32);
    assert.ok((await wrapped.convertToAssets(units)) >= before);
  });
});
