"""Somebody moves Anvil by itself: seen at the next slot, told, and no ether is lost."""

import httpx
import pytest

from keel.chain.anvil import start_anvil
from keel.chain.clock import jump, mine, restore_snapshot, take_snapshot
from keel.chain.state import balance_wei, block_head, set_balance_wei
from keel.chain.transaction import receipt_of, submit_transaction
from keel.consensus.beacon.branches import branching
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig, anvil_options
from keel.consensus.beacon.errors import AnvilMovedError
from tests.consensus.conftest import SettledChain

RECIPIENT = "0x" + "ee" * 20
ETHER = 10**18


def all_ether_gwei(chain: BeaconChain) -> int:
    """What validators hold, and what was paid out to their withdrawal addresses."""
    owners = {"0x" + bytes(v.withdrawal_credentials)[12:].hex() for v in chain.state.validators}
    paid_wei = sum(balance_wei(chain.rpc, owner) for owner in sorted(owners))
    return sum(int(balance) for balance in chain.state.balances) + paid_wei // 10**9


def heads_agree(chain: BeaconChain) -> bool:
    block = chain.head_block
    assert block is not None
    folded = "0x" + bytes(block.message.body.execution_payload.block_hash).hex()
    return folded == block_head(chain.rpc).hash


def test_a_chain_that_nobody_moves_tells_nothing(chain: BeaconChain) -> None:
    assert [outcome.realigned for outcome in chain.run(3)] == [None] * 3
    assert chain.moved is None


def test_a_restored_snapshot_knows_of_no_move_that_came_after_it(chain: BeaconChain) -> None:
    with branching(chain):
        jump(chain.rpc, 600)
        chain.step()
        assert chain.moved is not None
    assert chain.moved is None


@pytest.mark.parametrize("slots", [1, 3, 20])
def test_an_anvil_that_was_reverted_takes_the_beacon_chain_back(
    settled: SettledChain, slots: int
) -> None:
    chain = settled.chain
    at, root, ether = chain.slot, chain.head_root, all_ether_gwei(chain)
    snapshot = take_snapshot(chain.rpc)
    sent = submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=5)
    chain.run(slots)
    restore_snapshot(chain.rpc, snapshot)
    outcome = chain.step()
    assert outcome.realigned is not None
    assert f"from slot {at + slots} to slot {at}" in outcome.realigned
    assert chain.moved is not None
    assert (chain.moved.slot, chain.moved.told) == (at + 1, outcome.realigned)
    assert (outcome.slot, outcome.missed) == (at + 1, None)
    assert bytes(chain.head_block.message.parent_root) == root  # type: ignore[union-attr]
    assert receipt_of(chain.rpc, sent) is None
    assert heads_agree(chain)
    # The slot's own rewards are all that came on top: nothing that was swept is missing.
    rewards_gwei = all_ether_gwei(chain) - ether
    assert 0 < rewards_gwei < ETHER // 10**9
    assert [outcome.realigned for outcome in chain.run(10)] == [None] * 10


def test_blocks_mined_after_the_revert_are_folded_into_the_next_slot(settled: SettledChain) -> None:
    chain = settled.chain
    at, snapshot = chain.slot, take_snapshot(chain.rpc)
    chain.run(2)
    restore_snapshot(chain.rpc, snapshot)
    sent = submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=5)
    mine(chain.rpc)
    outcome = chain.step()
    assert (outcome.slot, outcome.transactions, outcome.missed) == (at + 1, 1, None)
    assert receipt_of(chain.rpc, sent) is not None


def test_a_chain_taken_back_finalises_again(chain: BeaconChain) -> None:
    before, snapshot = chain.finalised_epoch, take_snapshot(chain.rpc)
    chain.run(24)
    assert chain.finalised_epoch > before
    restore_snapshot(chain.rpc, snapshot)
    chain.step()
    assert chain.finalised_epoch == before
    chain.run(40)
    assert chain.finalised_epoch > before
    assert not chain.spec.is_in_inactivity_leak(chain.state)


def test_an_anvil_taken_behind_the_beginning_of_the_chain_ends_it() -> None:
    config = ChainConfig(genesis_time=1_800_000_000, verify_own_signatures=False)
    with start_anvil(anvil_options(config)) as anvil:
        snapshot = take_snapshot(anvil.rpc)
        jump(anvil.rpc, 1)
        chain = start_chain(anvil.rpc, config)
        chain.run(2)
        restore_snapshot(anvil.rpc, snapshot)
        with pytest.raises(AnvilMovedError, match="start the chain again"):
            chain.step()
        assert chain.slot == 2


@pytest.mark.parametrize("seconds", [12, 600, 10_000_000])
def test_time_that_anvil_jumped_is_undone_and_no_slot_is_missed(
    settled: SettledChain, seconds: int
) -> None:
    chain = settled.chain
    at = chain.slot
    set_balance_wei(chain.rpc, RECIPIENT, 7)
    sent = submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=5)
    jump(chain.rpc, seconds)
    assert receipt_of(chain.rpc, sent) is not None
    outcome = chain.step()
    assert outcome.realigned is not None
    assert f"{seconds - 12} s past the start" in outcome.realigned
    assert (outcome.slot, outcome.missed, outcome.transactions) == (at + 1, None, 1)
    receipt = receipt_of(chain.rpc, sent)
    assert receipt is not None
    assert receipt.timestamp == chain.time_at(at + 1)
    assert balance_wei(chain.rpc, RECIPIENT) == 7 + 5
    assert [each.missed for each in chain.run(8)] == [None] * 8


def test_withdrawals_stay_paid_when_anvils_blocks_are_undone(chain: BeaconChain) -> None:
    chain.step()
    ether = all_ether_gwei(chain)
    jump(chain.rpc, 600)
    chain.step()
    assert 0 < all_ether_gwei(chain) - ether < ETHER // 10**9


def test_a_transaction_of_an_impersonated_account_waits_for_the_slot_too(
    chain: BeaconChain,
) -> None:
    poor = "0x" + "ed" * 20
    set_balance_wei(chain.rpc, poor, ETHER)
    chain.rpc.call("anvil_impersonateAccount", poor)
    submit_transaction(chain.rpc, poor, RECIPIENT, value_wei=5)
    jump(chain.rpc, 600)
    outcome = chain.step()
    assert outcome.transactions == 1
    assert outcome.realigned is not None
    assert "1 of their transactions wait" in outcome.realigned
    assert balance_wei(chain.rpc, RECIPIENT) == 5


def test_an_earlier_time_between_slots_is_left_as_it_is(settled: SettledChain) -> None:
    chain = settled.chain
    submit_transaction(chain.rpc, settled.depositor, RECIPIENT, value_wei=5)
    jump(chain.rpc, 11)
    outcome = chain.step()
    assert (outcome.realigned, outcome.missed, outcome.transactions) == (None, None, 1)


def test_anvil_alone_is_not_for_web_pages(chain: BeaconChain) -> None:
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    answer = httpx.post(chain.rpc.url, json=asked, headers={"Origin": "http://elsewhere.example"})
    assert answer.json()["result"] == "0x7a69"
    assert "access-control-allow-origin" not in answer.headers
