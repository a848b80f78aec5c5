"""What is offered for gas, in the policy and on a chain whose gas price rises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.clock import mine
from keel.chain.rpc import RpcClient
from keel.wallet.errors import TooExpensiveError
from keel.wallet.fees import FeePolicy, Fees
from keel.wallet.outcomes import Outcome
from tests.unit.wallet.conftest import GWEI, POLICY, MakeSender
from tests.unit.wallet.pool import RECEIVER, pooled

_FEES = st.integers(0, 10**14)


def test_the_first_offer_stands_a_doubled_base_fee() -> None:
    assert POLICY.first(10 * GWEI) == Fees(21 * GWEI, GWEI)
    assert POLICY.first(99 * GWEI) == Fees(100 * GWEI, GWEI)
    assert POLICY.first(99 * GWEI + 1) is None


@given(_FEES, _FEES, _FEES, _FEES)
def test_a_replacement_is_an_eighth_more_and_never_above_the_maximum(
    maximum_wei: int, old_wei: int, tip_wei: int, base_fee_wei: int
) -> None:
    policy = FeePolicy(maximum_wei, 0, 3)
    old = Fees(max(old_wei, tip_wei), tip_wei)
    new = policy.replacement(old, base_fee_wei)
    if new is None:
        tip_wei = max(tip_wei + 1, -(-tip_wei * 9 // 8))
        least_wei = max(old.max_fee_wei + 1, -(-old.max_fee_wei * 9 // 8))
        assert max(least_wei, base_fee_wei + tip_wei) > maximum_wei
        return
    assert base_fee_wei + new.priority_fee_wei <= new.max_fee_wei <= maximum_wei
    for before, after in (
        (old.max_fee_wei, new.max_fee_wei),
        (old.priority_fee_wei, new.priority_fee_wei),
    ):
        assert after > before
        assert 8 * after >= 9 * before


def test_patience_ends_after_its_slots_and_not_before(
    rpc: RpcClient, make_sender: MakeSender
) -> None:
    sender = make_sender()
    first = sender.submit(RECEIVER, b"", 5)
    for slot in (10, 11, 12):
        sender.tend(slot)
        assert pooled(rpc) == {0: first.transaction_hash}
    assert sender.tend(13) == []
    (dearer,) = sender.waiting
    assert dearer.hashes[0] == first.transaction_hash
    assert pooled(rpc) == {0: dearer.transaction_hash}
    assert 8 * dearer.max_fee_wei >= 9 * first.max_fee_wei
    assert 8 * dearer.priority_fee_wei >= 9 * first.priority_fee_wei
    sender.tend(14)
    assert sender.waiting == (dearer,)
    mine(rpc)
    (settled,) = sender.tend(15)
    assert settled.outcome is Outcome.MINED
    assert settled.receipt is not None
    assert settled.receipt.transaction_hash == dearer.transaction_hash


def test_patience_survives_a_restart(rpc: RpcClient, make_sender: MakeSender) -> None:
    first = make_sender().submit(RECEIVER, b"", 5)
    make_sender().tend(10)
    make_sender().tend(13)
    assert pooled(rpc)[0] != first.transaction_hash


def test_an_older_attempt_that_was_mined_counts_too(
    rpc: RpcClient, make_sender: MakeSender
) -> None:
    sender = make_sender()
    first = sender.submit(RECEIVER, b"", 5)
    sender.tend(10)
    raw = rpc.call("eth_getRawTransactionByHash", first.transaction_hash)
    sender.tend(13)
    rpc.call("anvil_dropTransaction", sender.waiting[0].transaction_hash)
    rpc.call("eth_sendRawTransaction", raw)
    mine(rpc)
    (settled,) = sender.tend(14)
    assert settled.outcome is Outcome.MINED
    assert settled.receipt is not None
    assert settled.receipt.transaction_hash == first.transaction_hash


def test_nothing_is_signed_while_gas_is_too_expensive(
    rpc: RpcClient, make_sender: MakeSender
) -> None:
    rpc.call("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
    mine(rpc)
    sender = make_sender()
    with pytest.raises(TooExpensiveError, match=r"gas costs 10\d\.\d+ gwei with tip, at most 100"):
        sender.submit(RECEIVER, b"", 5)
    assert sender.waiting == ()
    assert sender.too_expensive is not None
    rpc.call("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    mine(rpc)
    sender.submit(RECEIVER, b"", 5)
    assert sender.too_expensive is None


def test_a_spike_is_waited_out_at_the_maximum(rpc: RpcClient, make_sender: MakeSender) -> None:
    sender = make_sender()
    sender.submit(RECEIVER, b"", 5)
    sender.tend(1)
    rpc.call("anvil_dropAllTransactions")
    rpc.call("anvil_setNextBlockBaseFeePerGas", hex(500 * GWEI))
    mine(rpc)
    sender.tend(2)
    assert sender.too_expensive is None
    sender.tend(4)
    assert sender.too_expensive is not None
    assert sender.too_expensive.asked_wei > POLICY.max_fee_wei
    (waiting,) = sender.waiting
    assert waiting.max_fee_wei <= POLICY.max_fee_wei
    rpc.call("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    mine(rpc)
    sender.tend(5)
    assert sender.too_expensive is None
    mine(rpc)
    assert Outcome.MINED in [each.outcome for each in sender.tend(6)]
