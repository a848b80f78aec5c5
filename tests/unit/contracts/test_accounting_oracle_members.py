"""AccountingOracle: the committee and its quorum, and what the constructor refuses."""

from dataclasses import replace
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from keel.chain.contract import Contract, deploy
from keel.chain.transaction import Receipt
from keel.committee.ballot import sign
from keel.model.constants import DAY
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.reporting import Reporting

NEWCOMERS: list[LocalAccount] = [Account.from_key(bytes([n]) * 32) for n in range(1, 5)]
ZERO_ADDRESS = "0x" + "0" * 40


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    return Reporting.with_stake(keel_mainnet)


def set_members(
    reporting: Reporting, added: list[LocalAccount], removed: list[LocalAccount], quorum: int
) -> Receipt:
    """What the council does, after its delay."""
    change = ([a.address for a in added], [r.address for r in removed], quorum)
    return reporting.keel.call_as_role(reporting.oracle, "setMembers", *change)


def addresses(members: list[LocalAccount]) -> set[str]:
    return {member.address for member in members}


def test_the_committee_is_the_deployed_one(reporting: Reporting) -> None:
    oracle = reporting.oracle
    assert set(oracle.members()) == addresses(reporting.members)
    assert (oracle.quorum(), oracle.announcedQuorum()) == (3, 4)
    assert oracle.memberSetNonce() == 1
    assert oracle.isMember(reporting.members[0].address)
    assert not oracle.isMember(NEWCOMERS[0].address)


def test_members_come_and_go_in_one_change(reporting: Reporting) -> None:
    leaving, staying = reporting.members[:2], reporting.members[2:]
    receipt = set_members(reporting, NEWCOMERS[:3], leaving, 4)
    assert set(reporting.oracle.members()) == addresses([*staying, *NEWCOMERS[:3]])
    events = [(e.name, tuple(e.inputs.values())) for e in reporting.oracle.events(receipt)]
    assert events == [
        *(("MemberRemoved", (member.address,)) for member in leaving),
        *(("MemberAdded", (member.address,)) for member in NEWCOMERS[:3]),
        ("QuorumSet", (4, 6, 2)),
    ]


def test_a_stranger_cannot_change_the_committee(reporting: Reporting) -> None:
    stranger = reporting.keel.actors.attacker.address
    with fails("AccessManagedUnauthorized", caller=stranger):
        reporting.oracle.setMembers.send([stranger], [], 3, sender=stranger)


def test_a_removed_member_no_longer_counts(reporting: Reporting) -> None:
    set_members(reporting, [], reporting.members[:1], 3)
    reporting.await_final(8)
    report = reporting.quiet_report(8)
    with fails("NotMember", signer=reporting.members[0].address):
        reporting.submit(report)
    ballot = reporting.ballot(report)
    assert reporting.was_applied(reporting.post(ballot, sign(ballot, reporting.members[1:4])))


def test_a_new_member_counts(reporting: Reporting) -> None:
    set_members(reporting, NEWCOMERS[:1], [], 4)
    reporting.await_final(8)
    ballot = reporting.ballot(reporting.quiet_report(8))
    signatures = sign(ballot, [*reporting.members[:3], NEWCOMERS[0]])
    assert reporting.was_applied(reporting.post(ballot, signatures))


@pytest.mark.parametrize("change", ["member removed", "quorum lowered", "nothing"])
def test_every_change_ends_the_signatures_given_before(reporting: Reporting, change: str) -> None:
    set_members(reporting, [], [], 4)
    reporting.await_final(8)
    ballot = reporting.ballot(reporting.quiet_report(8), deadline=2**64)
    signatures = reporting.sign(ballot, 4)
    removed = reporting.members[4:] if change == "member removed" else []
    set_members(reporting, [], removed, 3 if change == "quorum lowered" else 4)
    with fails("SignatureInvalid", signer=signatures[0].signer):
        reporting.post(ballot, signatures)
    newest_slot, _ = reporting.oracle.reportableSlot()
    newest = replace(ballot.report, ref_slot=newest_slot)
    assert reporting.was_applied(reporting.submit(newest, 4))


def test_a_raised_quorum_asks_for_more_signatures(reporting: Reporting) -> None:
    set_members(reporting, [], [], 5)
    reporting.await_final(8)
    report = reporting.quiet_report(8)
    with fails("QuorumNotReached", signatures=4, needed=5):
        reporting.submit(report, 4)
    assert reporting.was_applied(reporting.submit(report, 5))


@pytest.mark.parametrize(
    ("members", "quorum", "needed"),
    [(3, 2, 3), (3, 3, 3), (4, 3, 4), (5, 3, 4), (6, 4, 5), (7, 4, 5), (9, 5, 6), (9, 9, 9)],
)
def test_an_announced_loss_needs_one_signature_more_than_the_quorum_or_all(
    reporting: Reporting, members: int, quorum: int, needed: int
) -> None:
    """REP-8, AUDIT M6: 3, 4 and 6 members at the least quorum needed no further signature."""
    everybody = [*reporting.members, *NEWCOMERS]
    set_members(reporting, everybody[5:members], everybody[members:5], quorum)
    assert reporting.oracle.announcedQuorum() == needed


@pytest.mark.parametrize(
    ("members", "quorum", "is_accepted"),
    [(3, 1, False), (3, 2, True), (3, 3, True), (3, 4, False), (4, 2, False), (4, 3, True)],
)
def test_the_quorum_is_above_one_half_and_at_most_all(
    reporting: Reporting, members: int, quorum: int, is_accepted: bool
) -> None:
    removed = reporting.members[members:]
    if is_accepted:
        set_members(reporting, [], removed, quorum)
        assert reporting.oracle.quorum() == quorum
    else:
        with fails("QuorumOutOfBounds", quorum=quorum, members=members):
            set_members(reporting, [], removed, quorum)


def test_three_members_remain(reporting: Reporting) -> None:
    with fails("TooFewMembers", members=2, min=3):
        set_members(reporting, [], reporting.members[2:], 2)
    set_members(reporting, [], reporting.members[3:], 2)
    assert len(reporting.oracle.members()) == 3


def test_a_member_joins_once_and_leaves_once(reporting: Reporting) -> None:
    present, absent = reporting.members[0], NEWCOMERS[0]
    with fails("AlreadyMember", member=present.address):
        set_members(reporting, [present], [], 4)
    with fails("AlreadyMember", member=absent.address):
        set_members(reporting, [absent, absent], [], 4)
    with fails("NotMember", signer=absent.address):
        set_members(reporting, [], [absent], 3)
    set_members(reporting, [present], [present], 3)
    assert set(reporting.oracle.members()) == addresses(reporting.members)


def test_nobody_is_no_member(reporting: Reporting) -> None:
    with fails("ZeroAddress", what="member"):
        reporting.keel.call_as_role(reporting.oracle, "setMembers", [ZERO_ADDRESS], [], 4)


def new_oracle(keel: Keel, **changes: Any) -> Contract:
    """Construct an oracle for this deployment; `changes` are fields of IAccountingOracle.Init."""
    artifact = keel.artifacts["AccountingOracle"]
    init = keel.plan.step("AccountingOracle").arguments["init"]
    contract, _ = deploy(
        keel.rpc,
        artifact.abi,
        artifact.creation_code,
        {**init, **changes},
        sender=keel.actors.stranger.address,
    )
    return contract


@pytest.mark.parametrize("what", ["authority", "vault", "withdrawalVault", "rewardsVault"])
def test_an_oracle_knows_every_contract_it_needs(keel_mainnet: Keel, what: str) -> None:
    with fails("ZeroAddress", what=what):
        new_oracle(keel_mainnet, **{what: ZERO_ADDRESS})


@pytest.mark.parametrize(
    ("what", "most"),
    [
        ("secondsPerSlot", 60),
        ("finalitySeconds", 7 * DAY),
    ],
)
def test_every_parameter_has_bounds(keel_mainnet: Keel, what: str, most: int) -> None:
    new_oracle(keel_mainnet, **{what: 1})
    new_oracle(keel_mainnet, **{what: most})
    for value in (0, most + 1):
        with fails("ParameterOutOfBounds", what=what, value=value, bound=most):
            new_oracle(keel_mainnet, **{what: value})


def test_the_first_committee_keeps_the_same_rules(keel_mainnet: Keel) -> None:
    members = [member.address for member in NEWCOMERS[:3]]
    oracle = new_oracle(keel_mainnet, members=members, quorum=2)
    assert (oracle.function("members")(), oracle.function("quorum")()) == (tuple(members), 2)
    with fails("TooFewMembers", members=2, min=3):
        new_oracle(keel_mainnet, members=members[:2], quorum=2)
    with fails("QuorumOutOfBounds", quorum=1, members=3):
        new_oracle(keel_mainnet, members=members, quorum=1)
    with fails("AlreadyMember", member=members[0]):
        new_oracle(keel_mainnet, members=[*members, members[0]], quorum=3)
    with fails("ZeroAddress", what="member"):
        new_oracle(keel_mainnet, members=[*members, ZERO_ADDRESS], quorum=3)
