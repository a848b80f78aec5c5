// Somebody else's Hardhat tests, isolated by fixtures and snapshots of Hardhat's own helpers.
const assert = require("node:assert/strict");
const { BrowserProvider } = require("ethers");
const { network } = require("hardhat");
const helpers = require("@nomicfoundation/hardhat-network-helpers");

const STRANGER = "0x00000000000000000000000000000000000f00d5";
const WHALE = "0x00000000000000000000000000000000000f00d6";
const ETHER = 10n ** 18n;
const provider = new BrowserProvider(network.provider, undefined, { cacheTimeout: -1 });
provider.pollingInterval = 50;

async function send(from, value) {
  const signer = await provider.getSigner(from);
  const receipt = await (await signer.sendTransaction({ to: STRANGER, value })).wait();
  assert.equal(receipt.status, 1);
}

// loadFixture knows a fixture by its function.
async function oneEtherPaid() {
  const [, payer] = await network.provider.send("eth_accounts");
  await send(payer, ETHER);
  return payer;
}

describe("a project of Hardhat's", () => {
  let untouched;
  before(async () => {
    untouched = await helpers.takeSnapshot();
  });
  after(async () => {
    await untouched.restore();
    assert.equal(await provider.getBalance(STRANGER), 0n);
  });

  for (const value of [5n, 7n, 9n]) {
    it(`starts from its fixture and alone sees ${value} wei more`, async () => {
      const payer = await helpers.loadFixture(oneEtherPaid);
      assert.equal(await provider.getBalance(STRANGER), ETHER);
      await send(payer, value);
      assert.equal(await provider.getBalance(STRANGER), ETHER + value);
    });
  }

  it("moves time and mines", async () => {
    const before = await helpers.time.latest();
    await helpers.time.increase(30);
    assert.ok((await helpers.time.latest()) >= before + 30);
    const number = await helpers.time.latestBlock();
    await helpers.mine(3);
    assert.ok((await helpers.time.latestBlock()) >= number + 3);
    const wanted = (await helpers.time.latest()) + 15;
    await helpers.time.increaseTo(wanted);
    assert.ok((await helpers.time.latest()) >= wanted);
  });

  it("sets a balance and sends as whom it impersonates", async () => {
    await helpers.loadFixture(oneEtherPaid);
    await helpers.setBalance(WHALE, ETHER);
    await helpers.impersonateAccount(WHALE);
    await send(WHALE, 11n);
    await helpers.stopImpersonatingAccount(WHALE);
    await assert.rejects(send(WHALE, 11n));
    assert.equal(await provider.getBalance(STRANGER), ETHER + 11n);
  });

  it("goes back to a snapshot as often as it likes", async () => {
    const snapshot = await helpers.takeSnapshot();
    const number = await helpers.time.latestBlock();
    for (let round = 0; round < 2; round++) {
      await helpers.mine(5);
      assert.ok((await helpers.time.latestBlock()) >= number + 5);
      await snapshot.restore();
      assert.ok((await helpers.time.latestBlock()) < number + 5);
    }
  });

  it("is told what to use instead of what would break the chain", async () => {
    await assert.rejects(helpers.reset(), /evm_snapshot and evm_revert/);
  });
});
