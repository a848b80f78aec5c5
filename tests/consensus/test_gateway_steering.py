"""What other projects' tools ask of the RPC address moves both layers, or neither."""

from collections.abc import Iterator

import pytest

from keel.chain.clock import jump
from keel.chain.errors import RpcError
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, block_head, set_balance_wei
from keel.chain.transaction import receipt_of, submit_transaction
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.execution import mine_at_once, mine_on_request
from keel.consensus.gateway.server import serving_rpc
from keel.consensus.gateway.steering import MOST_SLOTS, MOST_SNAPSHOTS, Steering
from tests.consensus.conftest import SettledChain

RECIPIENT = "0x" + "ab" * 20


@pytest.fixture
def rpc(chain: BeaconChain) -> Iterator[RpcClient]:
    """As any tool sees the chain whose transactions wait for a slot."""
    with serving_rpc(Steering(chain)) as url, RpcClient(url) as client:
        yield client


@pytest.fixture
def instant(chain: BeaconChain) -> Iterator[RpcClient]:
    """As any tool sees the chain that mines transactions at once."""
    mine_at_once(chain.rpc)
    with serving_rpc(Steering(chain, mines_at_once=True)) as url, RpcClient(url) as client:
        yield client
    mine_on_request(chain.rpc)


def head(chain: BeaconChain) -> tuple[int, bytes, bytes, str]:
    root = bytes(chain.spec.hash_tree_root(chain.state))
    return chain.slot, chain.head_root, root, block_head(chain.rpc).hash


def folds_anvils_head(chain: BeaconChain) -> bool:
    assert chain.head_block is not None
    payload = chain.head_block.message.body.execution_payload
    return "0x" + bytes(payload.block_hash).hex() == block_head(chain.rpc).hash


def test_what_moves_nothing_is_anvils_own_answer(rpc: RpcClient, chain: BeaconChain) -> None:
    asked = [("eth_chainId", ()), ("eth_getBlockByNumber", ("latest", True)), ("eth_accounts", ())]
    assert rpc.batch(asked) == chain.rpc.batch(asked)
    for method, params in asked:
        assert rpc.call(method, *params) == chain.rpc.call(method, *params)
    with pytest.raises(RpcError) as through:
        rpc.call("eth_getBlockByNumber", "no block", False)
    with pytest.raises(RpcError) as directly:
        chain.rpc.call("eth_getBlockByNumber", "no block", False)
    assert (through.value.code, through.value.message) == (
        directly.value.code,
        directly.value.message,
    )


@pytest.mark.parametrize("method", ["evm_revert", "anvil_revert"])
def test_a_snapshot_holds_both_layers(rpc: RpcClient, settled: SettledChain, method: str) -> None:
    chain, before = settled.chain, head(settled.chain)
    snapshot = rpc.call("evm_snapshot")
    sent = submit_transaction(rpc, settled.depositor, RECIPIENT, value_wei=9)
    chain.run(12)
    set_balance_wei(rpc, "0x" + "ac" * 20, 5)
    assert receipt_of(rpc, sent) is not None
    assert rpc.call(method, snapshot) is True
    assert head(chain) == before
    assert receipt_of(rpc, sent) is None
    assert balance_wei(rpc, "0x" + "ac" * 20) == 0
    outcomes = chain.run(12)
    assert [(each.missed, each.realigned) for each in outcomes] == [(None, None)] * 12
    assert folds_anvils_head(chain)


def test_a_snapshot_serves_once_and_ends_later_ones(rpc: RpcClient, chain: BeaconChain) -> None:
    early = rpc.call("evm_snapshot")
    chain.step()
    late = rpc.call("anvil_snapshot")
    chain.step()
    assert rpc.call("evm_revert", early) is True
    stays = head(chain)
    assert [rpc.call("evm_revert", each) for each in (late, early, "0xfffff")] == [False] * 3
    assert head(chain) == stays


def test_a_snapshot_that_anvil_lost_leaves_both_layers(rpc: RpcClient, chain: BeaconChain) -> None:
    below = chain.rpc.call("evm_snapshot")
    snapshot = rpc.call("evm_snapshot")
    chain.rpc.call("evm_revert", below)
    stays = head(chain)
    assert rpc.call("evm_revert", snapshot) is False
    assert head(chain) == stays


def test_the_oldest_snapshot_ends_when_there_are_too_many(
    rpc: RpcClient, chain: BeaconChain
) -> None:
    snapshots = [rpc.call("evm_snapshot") for _ in range(MOST_SNAPSHOTS + 1)]
    assert rpc.call("evm_revert", snapshots[0]) is False
    assert rpc.call("evm_revert", snapshots[1]) is True


def test_time_passes_on_the_beacon_chain_too(rpc: RpcClient, chain: BeaconChain) -> None:
    slot, time = chain.slot, block_head(rpc).timestamp
    assert rpc.call("evm_increaseTime", 600) == 600
    rpc.call("evm_mine")
    assert chain.slot == slot + 50
    assert block_head(rpc).timestamp == time + 600 == chain.time_at(chain.slot)
    assert block_head(rpc).number >= 50
    assert chain.moved is None
    assert not chain.spec.is_in_inactivity_leak(chain.state)


@pytest.mark.parametrize("seconds", [1, 11, 12, 13, 125])
def test_a_time_between_slots_is_that_of_the_next_one(
    rpc: RpcClient, chain: BeaconChain, seconds: int
) -> None:
    time = block_head(rpc).timestamp
    rpc.call("evm_increaseTime", hex(seconds))
    rpc.call("evm_mine")
    assert time + seconds <= block_head(rpc).timestamp < time + seconds + 12
    assert block_head(rpc).timestamp == chain.time_at(chain.slot)


def test_two_jumps_add_up(rpc: RpcClient, chain: BeaconChain) -> None:
    time = block_head(rpc).timestamp
    assert rpc.call("evm_increaseTime", 120) == 120
    assert rpc.call("evm_increaseTime", "240") == 240
    rpc.call("evm_mine")
    assert block_head(rpc).timestamp == time + 360


@pytest.mark.parametrize("method", ["evm_setNextBlockTimestamp", "anvil_setNextBlockTimestamp"])
def test_the_next_block_has_the_time_asked_for(
    rpc: RpcClient, settled: SettledChain, method: str
) -> None:
    wanted = settled.chain.time_at(settled.chain.slot + 7)
    rpc.call(method, wanted)
    sent = submit_transaction(rpc, settled.depositor, RECIPIENT)
    settled.chain.step()
    receipt = receipt_of(rpc, sent)
    assert receipt is not None
    assert receipt.timestamp == wanted


@pytest.mark.parametrize(
    ("method", "params", "blocks"),
    [
        ("evm_mine", [], 1),
        ("evm_mine", [None], 1),
        ("evm_mine", [{"blocks": 3}], 3),
        ("anvil_mine", [], 1),
        ("anvil_mine", [4], 4),
        ("hardhat_mine", ["0x5"], 5),
        ("hardhat_mine", ["0x5", "0x1"], 5),
        ("anvil_mine", [0], 0),
    ],
)
def test_blocks_are_mined_in_the_next_slots(
    rpc: RpcClient, chain: BeaconChain, method: str, params: list[object], blocks: int
) -> None:
    slot, number = chain.slot, block_head(rpc).number
    rpc.call(method, *params)
    assert (chain.slot, block_head(rpc).number) == (slot + blocks, number + blocks)


def test_blocks_come_in_the_interval_asked_for(rpc: RpcClient, chain: BeaconChain) -> None:
    slot = chain.slot
    rpc.call("hardhat_mine", 3, 60)
    assert chain.slot == slot + 1 + 5 + 5


def test_a_missed_slot_is_no_mined_block(rpc: RpcClient, chain: BeaconChain) -> None:
    chain.participation.miss([chain.slot + 1, chain.slot + 2])
    slot = chain.slot
    assert rpc.call("evm_mine") == "0x0"
    assert chain.slot == slot + 3


def test_evm_mine_takes_a_time(rpc: RpcClient, chain: BeaconChain) -> None:
    wanted = chain.time_at(chain.slot + 5)
    rpc.call("evm_mine", wanted)
    assert block_head(rpc).timestamp == wanted


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        ("evm_increaseTime", [], "seconds 'None', a whole number of 0 to"),
        ("evm_increaseTime", [-1], "seconds '-1', a whole number of 0 to"),
        ("evm_increaseTime", [True], "seconds 'True', a whole number"),
        ("evm_increaseTime", ["soon"], "seconds 'soon', a whole number"),
        ("evm_increaseTime", [1, 2], "2 parameters, at most 1 expected"),
        ("evm_increaseTime", [{"a": 1}], "a whole number"),
        ("evm_setNextBlockTimestamp", [5], "timestamp '5', a whole number of 18"),
        ("evm_increaseTime", [12 * (MOST_SLOTS + 2)], f"at most {MOST_SLOTS} "),
        ("anvil_mine", [MOST_SLOTS + 1], f"a whole number of 0 to {MOST_SLOTS}"),
        ("anvil_mine", [100, 3600], f"at most {MOST_SLOTS} "),
        ("evm_mine", [{"blocks": "many"}], "blocks 'many', a whole number"),
        ("evm_revert", [], "snapshot 'None', a whole number"),
        ("evm_revert", [[]], "snapshot '[]', a whole number"),
        ("evm_snapshot", ["mine"], "1 parameters, at most 0 expected"),
        ("keel_advance", [0], "slots '0', a whole number of 1 to"),
    ],
)
def test_what_cannot_be_done_names_value_and_bound(
    rpc: RpcClient, chain: BeaconChain, method: str, params: list[object], words: str
) -> None:
    before = head(chain)
    with pytest.raises(RpcError) as refused:
        rpc.call(method, *params)
    assert words in refused.value.message
    assert "\n" not in refused.value.message
    assert head(chain) == before


def test_a_batch_is_answered_in_its_order(rpc: RpcClient, settled: SettledChain) -> None:
    chain = settled.chain
    time = chain.time_at(chain.slot + 4)
    asked = [("evm_setNextBlockTimestamp", (time,)), ("evm_mine", ()), ("eth_blockNumber", ())]
    outcomes = rpc.batch_outcomes([*asked, ("anvil_reset", ()), ("eth_chainId", ())])
    assert outcomes[0] is None
    assert outcomes[1] == "0x0"
    assert int(outcomes[2], 16) == block_head(chain.rpc).number
    assert isinstance(outcomes[3], RpcError)
    assert outcomes[4] == "0x7a69"
    assert block_head(chain.rpc).timestamp == time


def test_balances_and_impersonation_work_as_on_anvil(rpc: RpcClient, chain: BeaconChain) -> None:
    whale = "0x" + "a1" * 20
    rpc.call("hardhat_setBalance", whale, hex(10**18))
    rpc.call("hardhat_impersonateAccount", whale)
    submit_transaction(rpc, whale, RECIPIENT, value_wei=5)
    assert chain.step().transactions == 1
    assert balance_wei(rpc, RECIPIENT) == 5
    rpc.call("anvil_setStorageAt", RECIPIENT, "0x" + "00" * 32, "0x" + "01" * 32)
    rpc.call("anvil_setCode", RECIPIENT, "0x00")
    assert rpc.call("eth_getCode", RECIPIENT, "latest") == "0x00"
    assert chain.step().realigned is None


def test_an_instant_transaction_is_in_a_block_at_once(
    instant: RpcClient, settled: SettledChain
) -> None:
    chain, number = settled.chain, block_head(settled.chain.rpc).number
    slot = chain.slot
    for count in range(1, 6):
        sent = submit_transaction(instant, settled.depositor, RECIPIENT, value_wei=1)
        receipt = wait_for(instant, sent)
        assert receipt == (number + count, chain.time_at(slot))
    outcome = chain.step()
    assert (outcome.transactions, outcome.block_number) == (5, number + 6)
    assert (outcome.missed, outcome.realigned) == (None, None)


def test_an_instant_block_has_exactly_the_time_asked_for(
    instant: RpcClient, settled: SettledChain
) -> None:
    chain, time = settled.chain, block_head(settled.chain.rpc).timestamp
    instant.call("evm_increaseTime", 125)
    sent = submit_transaction(instant, settled.depositor, RECIPIENT)
    assert wait_for(instant, sent)[1] == time + 125
    instant.call("evm_setNextBlockTimestamp", time + 130)
    instant.call("evm_mine")
    assert block_head(chain.rpc).timestamp == time + 130
    assert chain.step().realigned is None
    assert block_head(chain.rpc).timestamp == chain.time_at(chain.slot) == time + 132


def test_an_instant_chain_reverts_both_layers_and_mines_on(
    instant: RpcClient, settled: SettledChain
) -> None:
    chain = settled.chain
    wait_for(instant, submit_transaction(instant, settled.depositor, RECIPIENT, value_wei=1))
    before, snapshot = head(chain), instant.call("evm_snapshot")
    for _ in range(3):
        wait_for(instant, submit_transaction(instant, settled.depositor, RECIPIENT, value_wei=1))
        chain.step()
    instant.call("evm_revert", snapshot)
    assert head(chain) == before
    sent = submit_transaction(instant, settled.depositor, RECIPIENT, value_wei=1)
    assert wait_for(instant, sent)[1] == chain.time_at(chain.slot)
    assert [each.realigned for each in chain.run(5)] == [None] * 5


def test_the_rpc_address_says_where_the_chain_is(rpc: RpcClient, chain: BeaconChain) -> None:
    slot = chain.slot
    status = rpc.call("keel_advance", 3)
    assert status["slot"] == chain.slot == slot + 3
    assert status["mining"] == "slot"
    assert status["anvil_moved"] is None
    jump(chain.rpc, 600)
    chain.step()
    assert "past the start of the next slot" in rpc.call("keel_status")["anvil_moved"]


def wait_for(rpc: RpcClient, sent: str) -> tuple[int, int]:
    """Number and time of the block that holds a transaction; Anvil shows it a moment later."""
    for _ in range(1000):
        receipt = receipt_of(rpc, sent)
        if receipt is not None:
            return receipt.block_number, receipt.timestamp
    raise AssertionError(f"{sent} is in no block")


def test_the_rpc_address_fast_forwards(rpc: RpcClient, chain: BeaconChain) -> None:
    slot, finalised = chain.slot, chain.finalised_epoch
    assert rpc.call("keel_until", "slot", slot + 5)["slot"] == slot + 5
    assert rpc.call("keel_until", "epoch")["slot"] % 8 == 0
    assert rpc.call("keel_until", "finality")["finalised_epoch"] > finalised
    for params, words in (
        (["payday"], "event 'payday', one of slot, epoch, finality, active, paid expected"),
        ([], "event 'None', one of"),
        (["slot", 1], "slot '1', a whole number of"),
        (["paid"], "no validator leaves"),
    ):
        with pytest.raises(RpcError) as refused:
            rpc.call("keel_until", *params)
        assert words in refused.value.message
