// Somebody else's JavaScript tests: viem's test client in its Hardhat mode, isolated by snapshots as
// Hardhat's loadFixture isolates them.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { createTestClient, http, publicActions, walletActions } from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { foundry } from "viem/chains";

const STRANGER = "0x00000000000000000000000000000000000f00d3";
const WHALE = "0x00000000000000000000000000000000000f00d4";
const account = mnemonicToAccount("test test test test test test test test test test test junk");
const client = createTestClient({
  account,
  chain: foundry,
  mode: "hardhat",
  pollingInterval: 50,
  transport: http(process.env.CHAIN),
})
  .extend(publicActions)
  .extend(walletActions);

let snapshot;
beforeEach(async () => {
  snapshot = await client.snapshot();
});
afterEach(async () => {
  await client.revert({ id: snapshot });
});

for (const value of [5n, 7n]) {
  test(`a transfer of ${value} wei is seen by this test alone`, async () => {
    assert.equal(await client.getBalance({ address: STRANGER }), 0n);
    const hash = await client.sendTransaction({ to: STRANGER, value });
    const receipt = await client.waitForTransactionReceipt({ hash });
    assert.equal(receipt.status, "success");
    assert.equal(await client.getBalance({ address: STRANGER }), value);
  });
}

test("time passes, and whoever is impersonated can send", async () => {
  const before = (await client.getBlock()).timestamp;
  await client.increaseTime({ seconds: 600 });
  await client.mine({ blocks: 1 });
  assert.ok((await client.getBlock()).timestamp >= before + 600n);
  await client.setBalance({ address: WHALE, value: 10n ** 18n });
  await client.impersonateAccount({ address: WHALE });
  const hash = await client.sendTransaction({ account: WHALE, to: STRANGER, value: 9n });
  await client.waitForTransactionReceipt({ hash });
  assert.equal(await client.getBalance({ address: STRANGER }), 9n);
});

test("what would break the chain is refused with what to use", async () => {
  await assert.rejects(client.reset(), /evm_snapshot and evm_revert/);
});
