"""Gas becomes expensive, transactions wait, or somebody with the same key uses their nonce."""

from typing import Any

from keel.chain.state import nonce
from keel.circle.process import Process
from keel.model.constants import GWEI
from tests.robustness.stage import (
    Committee,
    Stage,
    await_alarm,
    await_no_alarm,
    events_of,
    same_numbers,
)

MAX_FEE_GWEI = 50
ALONE = {"committee.turn_slots": 100}
"""Nobody takes over within a test, so all five are there."""


def test_gas_above_the_maximum_is_waited_out(stage: Stage) -> None:
    with stage.committee(common={"fees.max_fee_gwei": MAX_FEE_GWEI}) as committee:
        committee.settle()
        _set_base_fee(committee, 1_000 * MAX_FEE_GWEI)
        committee.until(lambda: _alarmed(committee, "gas_price"), "the alarm at all members")
        committee.step(3)
        assert committee.reports() == []
        assert _waiting(committee) == 0
        assert all(events_of(each, "report.posted") == [] for each in committee.reporters)
        text = await_alarm(committee.reporters[0], "gas_price")
        assert f"at most {MAX_FEE_GWEI}.000 gwei" in text
        _set_base_fee(committee, 1)
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        for reporter in committee.reporters:
            await_no_alarm(reporter, "gas_price")


def test_gas_that_rises_below_the_maximum_is_paid(stage: Stage) -> None:
    """The waiting transaction is replaced at the same nonce by a dearer one."""
    settings = {"fees.max_fee_gwei": MAX_FEE_GWEI, "fees.patience_slots": 2, **ALONE}
    with stage.committee(5, common=settings) as committee:
        poster = _first_poster(committee)
        (sent,) = events_of(poster, "transaction.sent")
        used = nonce(committee.contracts.rpc, str(poster.health().account))
        _set_base_fee(committee, 20)
        committee.step(1)
        assert committee.reports() == [], "its fee is below the block's"
        _set_base_fee(committee, 20)
        reported = committee.until_applied(stage.ref_slot)
        dearer = events_of(poster, "transaction.replaced_by_dearer")[-1]
        assert reported.receipt.transaction_hash == dearer["hashes"][-1]
        assert (sent["nonce"], dearer["nonce"]) == (used, used)
        fees = [_transaction(committee, dearer)[name] for name in _FEES]
        assert [int(fee, 16) for fee in fees] >= [20 * GWEI, GWEI * 9 // 8]
        assert len(committee.reports()) == 1


def test_a_transaction_that_somebody_with_the_same_key_replaces_is_sent_anew(stage: Stage) -> None:
    with stage.committee(5, common=ALONE) as committee:
        poster = _first_poster(committee)
        (sent,) = events_of(poster, "transaction.sent")
        account = str(poster.health().account)
        rpc = committee.contracts.rpc
        theirs = {
            "from": account,
            "to": account,
            "nonce": hex(sent["nonce"]),
            "gas": hex(21_000),
            "maxFeePerGas": hex(100 * GWEI),
            "maxPriorityFeePerGas": hex(90 * GWEI),
        }
        replacement = committee.chain.rpc.call("eth_sendTransaction", theirs)
        committee.step(1)
        assert committee.reports() == []
        assert rpc.call("eth_getTransactionReceipt", replacement)["status"] == "0x1"
        reported = committee.until_applied(stage.ref_slot)
        assert reported.receipt.sender == account
        assert _transaction(committee, events_of(poster, "transaction.sent")[-1])["nonce"] == hex(
            sent["nonce"] + 1
        )
        assert same_numbers(reported.report, stage.seen())


_FEES = ("maxFeePerGas", "maxPriorityFeePerGas")


def _first_poster(committee: Committee) -> Process:
    """Go on until somebody's report is in the pool."""
    committee.until(
        lambda: any(events_of(each, "report.posted") for each in committee.reporters), "a post"
    )
    (poster,) = (each for each in committee.reporters if events_of(each, "report.posted"))
    assert _waiting(committee) == 1
    return poster


def _transaction(committee: Committee, event: dict[str, Any]) -> dict[str, Any]:
    found = committee.contracts.rpc.call("eth_getTransactionByHash", event["hashes"][-1])
    return dict(found)


def _waiting(committee: Committee) -> int:
    return int(committee.contracts.rpc.call("txpool_status")["pending"], 16)


def _alarmed(committee: Committee, name: str) -> bool:
    return all(name in health.alarms for health in committee.health())


def _set_base_fee(committee: Committee, gwei: int) -> None:
    """Of the next block; later ones follow from it, an eighth less each while blocks are empty."""
    committee.chain.rpc.call("anvil_setNextBlockBaseFeePerGas", hex(gwei * GWEI))
