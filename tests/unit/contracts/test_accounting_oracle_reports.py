"""AccountingOracle: which reports there can be, and what they do (REP-1, REP-3, REP-6, REP-9)."""

from dataclasses import replace

import pytest

from keel.chain.clock import jump_to, reverting
from keel.model.constants import ETHER
from keel.model.report import Report
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.reporting import STAKED_VALIDATORS, Reporting
from tests.unit.contracts.validators import Validators


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    return Reporting.with_stake(keel_mainnet)


@pytest.mark.parametrize("away", [-1, 1])
def test_a_report_is_for_a_reference_slot(reporting: Reporting, away: int) -> None:
    reporting.await_final(2)
    report = reporting.quiet_report(2)
    reporting.next_transaction_at(reporting.final_at(2) + 12)
    beside = replace(report, ref_slot=report.ref_slot + away)
    with fails("RefSlotNotBoundary", refSlot=beside.ref_slot):
        reporting.submit(beside)
    assert reporting.was_applied(reporting.submit(report))


def test_there_is_no_reference_slot_before_the_first(reporting: Reporting) -> None:
    reporting.await_final(1)
    before = replace(reporting.quiet_report(1), ref_slot=0)
    with fails("RefSlotNotBoundary", refSlot=0):
        reporting.submit(before)


def test_a_slot_can_be_reported_from_the_second_it_is_final(reporting: Reporting) -> None:
    reporting.await_final(0)
    report = reporting.quiet_report(1)
    final_at = reporting.final_at(1)
    signatures = reporting.sign(ballot := reporting.ballot(report, deadline=final_at))
    reporting.next_transaction_at(final_at - 1)
    early = {"earliestTime": final_at, "nowTime": final_at - 1}
    with fails("RefSlotNotFinal", refSlot=report.ref_slot, **early):
        reporting.post(ballot, signatures)
    reporting.next_transaction_at(final_at)
    assert reporting.was_applied(reporting.post(ballot, signatures))


def test_frames_may_be_skipped_and_a_skipped_one_is_never_reported(reporting: Reporting) -> None:
    reporting.await_final(3)
    skipped = reporting.quiet_report(2)
    slots = {"refSlot": reporting.ref_slot(2), "newestRefSlot": reporting.ref_slot(3)}
    with fails("RefSlotNotNewest", **slots):
        reporting.submit(skipped)
    assert reporting.was_applied(reporting.submit(reporting.quiet_report(3)))
    with fails("RefSlotNotNewest", **slots):
        reporting.submit(skipped)


def test_a_slot_can_be_reported_until_the_next_one_is_final(reporting: Reporting) -> None:
    reporting.await_final(1)
    next_final_at = reporting.final_at(2)
    signatures = reporting.sign(
        ballot := reporting.ballot(reporting.quiet_report(1), deadline=next_final_at)
    )
    reporting.next_transaction_at(next_final_at)
    slots = {"refSlot": reporting.ref_slot(1), "newestRefSlot": reporting.ref_slot(2)}
    with reverting(reporting.keel.rpc), fails("RefSlotNotNewest", **slots):
        reporting.post(ballot, signatures)
    reporting.next_transaction_at(next_final_at - 1)
    assert reporting.was_applied(reporting.post(ballot, signatures))


def test_a_slot_is_reported_once(reporting: Reporting) -> None:
    reporting.await_final(1)
    report = reporting.quiet_report(1)
    assert reporting.was_applied(reporting.submit(report))
    times = {"refTime": reporting.ref_time(1), "lastRefTime": reporting.ref_time(1)}
    with fails("RefSlotNotNewer", **times):
        reporting.submit(report)


def test_ether_pulled_after_a_slot_was_not_there_to_be_reported_of_it(reporting: Reporting) -> None:
    """Else a report posted late would count the ether of the one before it again."""
    vault = reporting.keel.quick.withdrawal_vault
    reporting.give(vault, ETHER // 100)
    reporting.await_final(1)
    first = replace(reporting.quiet_report(1), withdrawal_vault_balance_wei=ETHER // 100)
    pulled_at = reporting.ref_time(2) + 12
    ballot = reporting.ballot(first, deadline=pulled_at)
    signatures = reporting.sign(ballot)
    reporting.next_transaction_at(pulled_at)
    assert reporting.was_applied(reporting.post(ballot, signatures))
    reporting.await_final(2)
    with fails("RefTimeTooEarly", refTime=reporting.ref_time(2), laterThan=pulled_at):
        reporting.submit(reporting.quiet_report(2))
    reporting.await_final(3)
    assert reporting.was_applied(reporting.submit(reporting.quiet_report(3)))


def reported(report: Report, vault: str, amount_wei: int) -> Report:
    """The report with this balance of one of the two vaults."""
    if vault == "rewards":
        return replace(report, rewards_vault_balance_wei=amount_wei)
    return replace(report, withdrawal_vault_balance_wei=amount_wei)


@pytest.mark.parametrize("vault", ["withdrawal", "rewards"])
def test_no_more_is_reported_than_a_vault_holds(reporting: Reporting, vault: str) -> None:
    """REP-3."""
    holder = getattr(reporting.keel.quick, f"{vault}_vault")
    reporting.give(holder, ETHER // 100)
    reporting.await_final(1)
    quiet = reporting.quiet_report(1)
    amounts = {"reportedWei": ETHER // 100 + 1, "heldWei": ETHER // 100}
    with fails("ReportedAboveHeld", holder=holder.address, **amounts):
        reporting.submit(reported(quiet, vault, ETHER // 100 + 1))
    assert reporting.was_applied(reporting.submit(reported(quiet, vault, ETHER // 100)))


def test_no_more_validators_than_were_staked(reporting: Reporting) -> None:
    """REP-6."""
    reporting.await_final(1)
    quiet = reporting.quiet_report(1)
    above = replace(quiet, active_validators=STAKED_VALIDATORS - 2, exited_validators=3)
    with fails("TooManyValidators", reported=STAKED_VALIDATORS + 1, staked=STAKED_VALIDATORS):
        reporting.submit(above)
    assert reporting.was_applied(reporting.submit(replace(above, exited_validators=2)))


def test_active_validators_have_no_more_than_c(reporting: Reporting) -> None:
    """REP-11."""
    reporting.await_final(1)
    quiet = reporting.quiet_report(1)
    consensus_gwei = quiet.consensus_balance_gwei
    above = replace(quiet, active_balance_gwei=consensus_gwei + 1)
    values = {"activeGwei": consensus_gwei + 1, "consensusGwei": consensus_gwei}
    with fails("ActiveAboveConsensus", **values):
        reporting.submit(above)
    all_active = replace(quiet, active_balance_gwei=consensus_gwei)
    assert reporting.was_applied(reporting.submit(all_active))


@pytest.mark.parametrize("value", [1, 2**128 - 1])
def test_what_no_rule_uses_yet_is_zero(reporting: Reporting, value: int) -> None:
    """REP-11."""
    reporting.await_final(1)
    quiet = reporting.quiet_report(1)
    with fails("ReservedNotZero", field="chargedShares", value=value):
        reporting.submit(replace(quiet, charged_shares=value))
    assert reporting.was_applied(reporting.submit(quiet))


@pytest.mark.parametrize("change_wei", [ETHER, -32 * ETHER])
def test_operators_get_no_more_of_the_profit_than_the_bound(
    reporting: Reporting, change_wei: int
) -> None:
    """COM-2: more is neither applied nor announced."""
    reporting.await_final(1)
    report = reporting.changed_report(1, change_wei)
    for bps in (1_401, 2**16 - 1):
        with fails("OperatorsFeeTooHigh", operatorsBps=bps, mostBps=1_400):
            reporting.submit(replace(report, operators_bps=bps))
    receipt = reporting.submit(replace(report, operators_bps=1_400))
    assert reporting.was_applied(receipt) == (change_wei > 0)


def test_counts_beyond_every_number_are_refused_and_not_wrapped(reporting: Reporting) -> None:
    reporting.await_final(1)
    most = 2**32 - 1
    above = replace(
        reporting.quiet_report(1), active_validators=most, exited_validators=STAKED_VALIDATORS
    )
    sum_ = most + STAKED_VALIDATORS
    with fails("TooManyValidators", reported=sum_, staked=STAKED_VALIDATORS):
        reporting.submit(above)


def test_no_more_slashed_than_were_staked(reporting: Reporting) -> None:
    reporting.await_final(1)
    quiet = reporting.quiet_report(1)
    above = replace(quiet, slashed_validators=STAKED_VALIDATORS + 1)
    with fails("SlashedAboveStaked", slashed=STAKED_VALIDATORS + 1, staked=STAKED_VALIDATORS):
        reporting.submit(above)
    all_slashed = replace(quiet, slashed_validators=STAKED_VALIDATORS)
    assert reporting.was_applied(reporting.submit(all_slashed))


@pytest.mark.parametrize(("seconds_after", "counted"), [(0, 2), (1, 0)])
def test_what_was_staked_by_the_reference_slot_counts_and_what_came_later_does_not(
    reporting: Reporting, seconds_after: int, counted: int
) -> None:
    """REP-2."""
    validators = Validators(reporting.keel, STAKED_VALIDATORS)
    entries = validators.proven(0, 2)
    reporting.next_transaction_at(reporting.ref_time(1) + seconds_after)
    validators.stake(entries)
    reporting.await_final(1)
    quiet = reporting.quiet_report(1)
    known = STAKED_VALIDATORS + counted
    with fails("TooManyValidators", reported=known + 1, staked=known):
        reporting.submit(replace(quiet, active_validators=known + 1))
    assert reporting.was_applied(reporting.submit(quiet))
    consensus = reporting.keel.quick.vault.consensus()
    assert consensus.balanceWei == known * 32 * ETHER
    assert consensus.pendingWei == (2 - counted) * 32 * ETHER


@pytest.mark.parametrize("change_wei", [0, -20 * ETHER])
def test_a_report_older_than_a_sweep_is_neither_applied_nor_announced(
    reporting: Reporting, change_wei: int
) -> None:
    vault, swept_wei = reporting.keel.quick.vault, 5 * ETHER
    reporting.give(reporting.keel.quick.withdrawal_vault, swept_wei)
    reporting.await_final(1)
    reporting.submit(reporting.quiet_report(1))
    reporting.await_final(15)
    reporting.next_transaction_at(swept_at := reporting.final_at(15) + 10)
    vault.sweepWithdrawals.send(sender=reporting.poster)
    with fails("RefTimeTooEarly", refTime=reporting.ref_time(15), laterThan=swept_at):
        reporting.submit(reporting.changed_report(15, change_wei))
    reporting.await_final(16)
    receipt = reporting.submit(reporting.changed_report(16, change_wei))
    assert reporting.was_applied(receipt) == (change_wei == 0)


@pytest.mark.parametrize("change_wei", [0, ETHER // 10, -ETHER // 10])
def test_what_is_simulated_is_what_happens(reporting: Reporting, change_wei: int) -> None:
    """REP-9."""
    vault = reporting.keel.quick.vault
    reporting.give(reporting.keel.quick.rewards_vault, ETHER // 50)
    reporting.await_final(1)
    report = replace(reporting.changed_report(1, change_wei), rewards_vault_balance_wei=ETHER // 50)
    ballot = reporting.ballot(report)
    at = reporting.final_at(1) + 60
    jump_to(reporting.keel.rpc, at)
    judgement, outcome = reporting.oracle.simulate(ballot.report_values, 0)
    reporting.next_transaction_at(at)
    reporting.post(ballot, reporting.sign(ballot))
    assert vault.totals() == (
        outcome.sharesAfter,
        outcome.assetsAfter,
        outcome.unvestedAfter,
    )
    assert judgement.growthWei - judgement.lossWei == change_wei + ETHER // 50


def test_the_hint_reaches_the_vault_and_decides_nothing(reporting: Reporting) -> None:
    depositor = reporting.keel.actors.depositor.address
    reporting.keel.quick.queue.request.send(ETHER, depositor, sender=depositor)
    reporting.await_final(1)
    ballot = reporting.ballot(reporting.quiet_report(1))
    outcomes = []
    for hint in (0, 1, 2**256 - 1):
        judgement, outcome = reporting.oracle.simulate(ballot.report_values, hint)
        assert judgement.input.lastTicketHint == hint
        outcomes.append(outcome)
    assert outcomes[0].lastTicket == 1
    assert outcomes[0] == outcomes[1] == outcomes[2]
    reporting.post(ballot, reporting.sign(ballot), hint=2**256 - 1)
    assert reporting.keel.quick.queue.lastFinalised() == 1


def test_the_reportable_slot_changes_when_the_next_is_final(reporting: Reporting) -> None:
    rpc, oracle = reporting.keel.rpc, reporting.oracle
    assert oracle.reportableSlot() == (0, reporting.final_at(0))
    jump_to(rpc, reporting.final_at(0))
    assert oracle.reportableSlot() == (reporting.ref_slot(0), reporting.final_at(1))
    jump_to(rpc, reporting.final_at(1) - 1)
    assert oracle.reportableSlot() == (reporting.ref_slot(0), reporting.final_at(1))
    jump_to(rpc, reporting.final_at(1))
    assert oracle.reportableSlot() == (reporting.ref_slot(1), reporting.final_at(2))
