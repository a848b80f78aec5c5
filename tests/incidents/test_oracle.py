"""The committee: rows 12 to 16, 46 and 50 of the incident list."""

from dataclasses import replace

import pytest
from eth_account import Account

from keel.chain.clock import jump_to, now
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei
from keel.committee.ballot import sign
from keel.deploy.actors import ACTORS, cast_actors, local_configuration
from keel.deploy.config import configuration
from keel.deploy.errors import ConfigurationError
from keel.model.constants import ETHER
from keel.model.frames import State
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive, newest_frame
from tests.unit.contracts.reporting import LOSS_LIMIT_WEI, TOTAL_WEI, Reporting

ANNOUNCED = State.ANNOUNCED


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    reporting = Reporting.with_stake(keel_mainnet)
    reporting.await_final(1)
    return reporting


def test_12_one_stolen_key(reporting: Reporting, naive: Naive, attacker: str) -> None:
    oracle = naive("TestNaiveOracle", [attacker], 1)
    oracle.function("vote").send(1, 10**30, sender=attacker)
    assert oracle.function("balanceWei")() == 10**30

    report = reporting.changed_report(1, ETHER)
    for stolen in (1, 2):
        with fails("QuorumNotReached", signatures=stolen, needed=3):
            reporting.submit(report, stolen)
    newcomer, thief = Account.from_key(b"\x07" * 32), reporting.members[0]
    change = ([newcomer.address], [thief.address], 3)
    ballot = reporting.ballot(report, now(reporting.keel.rpc) + 10**7)
    before = reporting.sign(ballot, 3)
    reporting.keel.call_as_role(reporting.oracle, "setMembers", *change)
    with fails("NotMember", signer=thief.address):
        reporting.post(ballot, before)
    with fails("SignatureInvalid", signer=reporting.members[1].address):
        reporting.post(ballot, reporting.sign(ballot, 4)[1:])
    reporting.members = [newcomer, *reporting.members[1:]]
    report = reporting.changed_report(newest_frame(reporting), ETHER)
    assert reporting.was_applied(reporting.submit(report))


def test_13_a_quorum_reports_what_cannot_be(
    reporting: Reporting, naive: Naive, attacker: str, victim: str
) -> None:
    change_wei = -LOSS_LIMIT_WEI - 10**9
    oracle = naive("TestNaiveOracle", [attacker], 1)
    for slot, balance in ((1, 320 * ETHER), (2, 320 * ETHER + change_wei)):
        oracle.function("vote").send(slot, balance, sender=attacker)
    assert oracle.function("balanceWei")() == 320 * ETHER + change_wei

    vault = reporting.keel.quick.vault
    held_wei = vault.balanceOf(victim)
    report = reporting.changed_report(1, change_wei)
    assert not reporting.was_applied(reporting.submit(report))
    assert (vault.balanceOf(victim), vault.state()) == (held_wei, ANNOUNCED)
    with fails("ActionClosed", action=0, state=ANNOUNCED):
        vault.deposit.send(victim, victim, sender=victim, value_wei=ETHER)
    moment = now(reporting.keel.rpc)
    applicable_at = vault.consensus().announcedAt + reporting.keel.profile.frame_seconds
    reporting.next_transaction_at(moment + 1)
    with fails("AnnouncementTooYoung", applicableAt=applicable_at, nowTime=moment + 1):
        reporting.submit(report, 4)
    jump_to(reporting.keel.rpc, applicable_at)
    newest = reporting.ref_slot(2)
    with fails("RefSlotNotNewest", refSlot=report.ref_slot, newestRefSlot=newest):
        reporting.submit(report, 4)
    with fails("QuorumNotReached", signatures=3, needed=4):
        reporting.submit(reporting.changed_report(2, change_wei), 3)
    assert reporting.was_applied(reporting.submit(reporting.quiet_report(2), 3))
    reporting.await_final(3)
    growth = reporting.changed_report(3, TOTAL_WEI)
    assert reporting.was_applied(reporting.submit(growth))
    assert vault.balanceOf(victim) == held_wei  # it vests by the cap, test_hostile_reports.py


def test_14_an_old_report_comes_again(reporting: Reporting, naive: Naive, attacker: str) -> None:
    oracle = naive("TestNaiveOracle", [attacker], 1)
    for slot, balance in ((2, 300), (1, 400)):
        oracle.function("vote").send(slot, balance, sender=attacker)
    assert oracle.function("balanceWei")() == 400

    ballot = reporting.ballot(reporting.changed_report(1, ETHER // 1_000))
    signatures = reporting.sign(ballot)
    late = reporting.ballot(ballot.report, now(reporting.keel.rpc) + 10)
    reporting.post(ballot, signatures)
    last, refused = reporting.ref_time(1), "RefSlotNotNewer"
    with fails(refused, refTime=last, lastRefTime=last):
        reporting.post(ballot, signatures)
    older, newest = reporting.ref_slot(0), reporting.ref_slot(1)
    with fails("RefSlotNotNewest", refSlot=older, newestRefSlot=newest):
        reporting.submit(replace(ballot.report, ref_slot=older))
    reporting.next_transaction_at(late.deadline + 1)
    with fails("DeadlinePassed", deadline=late.deadline, nowTime=late.deadline + 1):
        reporting.post(late, reporting.sign(late))

    held_back = reporting.ballot(reporting.changed_report(2, ETHER), reporting.final_at(9))
    reporting.await_final(3)
    with fails(
        "RefSlotNotNewest", refSlot=reporting.ref_slot(2), newestRefSlot=reporting.ref_slot(3)
    ):
        reporting.post(held_back, reporting.sign(held_back))
    assert reporting.was_applied(reporting.submit(reporting.quiet_report(3)))


def test_15_votes_twice_and_votes_of_those_who_left(
    reporting: Reporting, naive: Naive, attacker: str, victim: str
) -> None:
    oracle = naive("TestNaiveOracle", [attacker, victim], 2)
    for _ in range(2):
        oracle.function("vote").send(1, 1, sender=attacker)
    assert oracle.function("balanceWei")() == 1
    oracle.function("vote").send(2, 2, sender=attacker)
    oracle.function("remove").send(attacker, sender=victim)
    oracle.function("vote").send(2, 2, sender=victim)
    assert oracle.function("balanceWei")() == 2

    first, second, *_ = reporting.members
    ballot = reporting.ballot(
        reporting.changed_report(1, ETHER // 1_000), now(reporting.keel.rpc) + 10**7
    )
    twice = sign(ballot, [first, second, second])
    with fails("SignersNotAscending", previous=second.address, next=second.address):
        reporting.post(ballot, twice)
    before = reporting.sign(ballot, 4)
    leaves: tuple[list[str], list[str]] = ([], [first.address])
    for added, removed in (leaves, leaves[::-1]):
        reporting.keel.call_as_role(reporting.oracle, "setMembers", added, removed, 3)
        with pytest.raises(Reverted, match=r"NotMember|SignatureInvalid"):
            reporting.post(ballot, before)
    newest = reporting.quiet_report(newest_frame(reporting))
    assert reporting.was_applied(reporting.submit(newest))


def test_16_a_silent_oracle(reporting: Reporting, naive: Naive, attacker: str, victim: str) -> None:
    oracle = naive("TestNaiveOracle", [attacker], 1)
    oracle.function("vote").send(1, 100, sender=attacker)
    keel = reporting.keel
    vault, tickets = keel.quick.vault, keel.quick.queue
    tickets.request.send(ETHER, victim, sender=victim)
    reporting.await_final(2)
    reporting.submit(reporting.quiet_report(2))
    jump_to(keel.rpc, reporting.ref_time(5))
    assert oracle.function("balanceWei")() == 100  # still what all would trade at
    with fails("ActionClosed", action=0, state=State.STALE):
        vault.deposit.send(victim, victim, sender=victim, value_wei=ETHER)
    tickets.claim.send(1, sender=attacker)
    tickets.request.send(ETHER, victim, sender=victim)
    jump_to(keel.rpc, reporting.ref_time(16))
    vault.finaliseWithoutReport.send(0, sender=attacker)
    tickets.claim.send(2, sender=attacker)


def test_46_a_report_contradicts_the_chain(
    reporting: Reporting, naive: Naive, attacker: str
) -> None:
    oracle = naive("TestNaiveOracle", [attacker], 1)
    oracle.function("vote").send(10**9, 10**40, sender=attacker)
    assert oracle.function("balanceWei")() == 10**40

    rewards, withdrawals = reporting.keel.quick.rewards_vault, reporting.keel.quick.withdrawal_vault
    for holder in (rewards, withdrawals):
        reporting.give(holder, 10**15)
    held = balance_wei(reporting.keel.rpc, rewards.address)
    report = replace(
        reporting.quiet_report(1),
        withdrawal_vault_balance_wei=held,
        rewards_vault_balance_wei=held,
    )
    wrong = {
        rewards.address: replace(report, rewards_vault_balance_wei=held + 1),
        withdrawals.address: replace(report, withdrawal_vault_balance_wei=held + 1),
    }
    for address, above in wrong.items():
        with fails("ReportedAboveHeld", holder=address, reportedWei=held + 1, heldWei=held):
            reporting.submit(above)
    staked = report.active_validators
    with fails("TooManyValidators", reported=staked + 1, staked=staked):
        reporting.submit(replace(report, exited_validators=1))
    with fails("SlashedAboveStaked", slashed=staked + 1, staked=staked):
        reporting.submit(replace(report, slashed_validators=staked + 1))
    moment, early = now(reporting.keel.rpc) + 1, reporting.final_at(2)
    reporting.next_transaction_at(moment)
    with fails(
        "RefSlotNotFinal", refSlot=reporting.ref_slot(2), earliestTime=early, nowTime=moment
    ):
        reporting.submit(replace(report, ref_slot=reporting.ref_slot(2)))
    assert reporting.was_applied(reporting.submit(report))


def test_50_correct_code_with_one_verifier(naive: Naive, attacker: str) -> None:
    oracle = naive("TestNaiveOracle", [attacker], 1)  # nobody refuses to deploy this
    oracle.function("vote").send(1, 116_500 * ETHER, sender=attacker)
    assert oracle.function("balanceWei")() == 116_500 * ETHER

    accounts = cast_actors(["0x" + f"{number:040x}" for number in range(1, len(ACTORS) + 1)])
    good = local_configuration(accounts, 10**9).model_dump()
    assert configuration(**good).quorum == 3
    changes: list[tuple[dict[str, object], str]] = [
        ({"quorum": 1}, "quorum is 1 of 5, at least 3 expected"),
        ({"members": good["members"][:2], "quorum": 2}, "members are 2, at least 3 expected"),
        ({"delays": {}}, "delay of role ADMIN is missing"),
        ({"holders": good["holders"] | {"ADMIN": ("attacker",)}}, "'attacker' of role ADMIN"),
    ]
    for change, reason in changes:
        with pytest.raises(ConfigurationError, match=reason):
            configuration(**(good | change))
