"""AccountingOracle: who must sign a report, and what applying one does (REP-7, REP-9)."""

from collections.abc import Callable
from dataclasses import fields, replace
from enum import IntEnum
from typing import Any

import pytest
from ape.contracts import ContractContainer
from eth_account import Account
from eth_account.signers.local import LocalAccount

from keel.chain.abi import Abi
from keel.chain.clock import now
from keel.chain.contract import deploy
from keel.chain.state import set_runtime_code
from keel.chain.transaction import parse_receipt
from keel.committee.ballot import Ballot, Signature, digest, in_order, sign
from keel.model.constants import ETHER
from keel.model.report import Report
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.reporting import STAKED_VALIDATORS, Reporting

OWNER: LocalAccount = Account.from_key(b"\x05" * 32)
MEMBER_GAS = 200_000

type Signed = tuple[Signature, ...]
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class Conduct(IntEnum):
    """As in TestMember.sol."""

    HONEST = 0
    REFUSING = 1
    REVERTING = 2
    BURNING_GAS = 3
    ANSWERING_SHORT = 4
    ANSWERING_LONG = 5


type Seat = Callable[[Conduct], str]


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    reporting = Reporting.with_stake(keel_mainnet)
    reporting.await_final(1)
    return reporting


def test_a_quorum_applies_a_report(reporting: Reporting) -> None:
    report = replace(
        reporting.quiet_report(1),
        active_validators=7,
        exited_validators=3,
        slashed_validators=2,
        active_balance_gwei=7 * 32 * 10**9,
        operators_root=b"\x01" * 32,
        validators_root=b"\x02" * 32,
    )
    receipt = reporting.submit(report, signatures=3)
    assert reporting.was_applied(receipt)
    (applied,) = reporting.oracle.events(receipt, "ReportApplied")
    ballot = reporting.ballot(report)
    assert applied.inputs["report"] == ballot.report_values
    assert applied.inputs["refSlot"] == reporting.ref_slot(1)
    last = reporting.oracle.lastReport()
    assert last == (reporting.ref_slot(1), 7, 3, 2, b"\x01" * 32)
    assert reporting.oracle.operatorsRoot() == b"\x01" * 32
    consensus = reporting.keel.quick.vault.consensus()
    assert consensus == (STAKED_VALIDATORS * 32 * ETHER, 0, reporting.ref_time(1), 0)


def test_all_members_may_sign(reporting: Reporting) -> None:
    assert reporting.was_applied(reporting.submit(reporting.quiet_report(1), signatures=5))


def test_one_signature_less_than_the_quorum_is_not_enough(reporting: Reporting) -> None:
    with fails("QuorumNotReached", signatures=2, needed=3):
        reporting.submit(reporting.quiet_report(1), signatures=2)


def test_signers_stand_in_ascending_order(reporting: Reporting) -> None:
    ballot = reporting.ballot(reporting.quiet_report(1))
    first, second, third = reporting.sign(ballot)
    with fails("SignersNotAscending", previous=second.signer, next=first.signer):
        reporting.post(ballot, (second, first, third))
    assert reporting.was_applied(reporting.post(ballot, (first, second, third)))


def test_a_member_counts_once(reporting: Reporting) -> None:
    ballot = reporting.ballot(reporting.quiet_report(1))
    first, second, _ = reporting.sign(ballot)
    with fails("SignersNotAscending", previous=second.signer, next=second.signer):
        reporting.post(ballot, (first, second, second))


def test_strangers_do_not_count(reporting: Reporting) -> None:
    ballot = reporting.ballot(reporting.quiet_report(1))
    outsider = Account.from_key(b"\x07" * 32)
    signatures = sign(ballot, [*reporting.members[:3], outsider])
    with fails("NotMember", signer=outsider.address):
        reporting.post(ballot, signatures)
    with fails("SignersNotAscending", previous="0x" + "0" * 40, next="0x" + "0" * 40):
        reporting.post(ballot, (Signature("0x" + "0" * 40, b""), *signatures))


def test_a_signature_is_for_one_report(reporting: Reporting) -> None:
    ballot = reporting.ballot(reporting.quiet_report(1))
    signatures = reporting.sign(ballot)
    for altered in (
        replace(ballot, report=replace(ballot.report, validators_root=b"\x01" * 32)),
        replace(ballot, deadline=ballot.deadline + 1),
    ):
        with fails("SignatureInvalid", signer=signatures[0].signer):
            reporting.post(altered, signatures)


@pytest.mark.parametrize("field", ["member_set_nonce", "chain_id", "oracle"])
def test_a_signature_is_for_one_committee_chain_and_oracle(
    reporting: Reporting, field: str
) -> None:
    ballot = reporting.ballot(reporting.quiet_report(1))
    elsewhere = {
        "member_set_nonce": replace(ballot, member_set_nonce=ballot.member_set_nonce + 1),
        "chain_id": replace(ballot, chain_id=1),
        "oracle": replace(ballot, oracle=reporting.keel.quick.vault.address),
    }[field]
    signatures = reporting.sign(elsewhere)
    with fails("SignatureInvalid", signer=signatures[0].signer):
        reporting.post(ballot, signatures)


def test_only_the_one_form_of_a_signature_is_taken(reporting: Reporting) -> None:
    ballot = reporting.ballot(reporting.quiet_report(1))
    first, *others = reporting.sign(ballot)
    r, s, v = first.signature[:32], int.from_bytes(first.signature[32:64]), first.signature[64]
    mirrored = r + (SECP256K1_ORDER - s).to_bytes(32) + bytes([55 - v])
    for form in (mirrored, first.signature[:64], first.signature + b"\x00", b""):
        with fails("SignatureInvalid", signer=first.signer):
            reporting.post(ballot, (Signature(first.signer, form), *others))


def test_the_deadline_is_the_last_second(reporting: Reporting) -> None:
    deadline = now(reporting.keel.rpc) + 600
    ballot = reporting.ballot(reporting.quiet_report(1), deadline)
    signatures = reporting.sign(ballot)
    reporting.next_transaction_at(deadline)
    assert reporting.was_applied(reporting.post(ballot, signatures))


def test_after_the_deadline_signatures_are_worth_nothing(reporting: Reporting) -> None:
    deadline = now(reporting.keel.rpc) + 600
    ballot = reporting.ballot(reporting.quiet_report(1), deadline)
    signatures = reporting.sign(ballot)
    reporting.next_transaction_at(deadline + 1)
    with fails("DeadlinePassed", deadline=deadline, nowTime=deadline + 1):
        reporting.post(ballot, signatures)


def test_a_report_cannot_be_replayed(reporting: Reporting) -> None:
    ballot = reporting.ballot(reporting.quiet_report(1))
    signatures = reporting.sign(ballot)
    reporting.post(ballot, signatures)
    at = reporting.ref_time(1)
    with fails("RefSlotNotNewer", refTime=at, lastRefTime=at):
        reporting.post(ballot, signatures)


def test_members_sign_the_digest_that_the_oracle_names(reporting: Reporting) -> None:
    counts = (5, 6, 7, 2**32 - 1, 2**64 - 2, 2**16 - 1, 2**128 - 2)
    report = Report(2**64 - 1, 2**63, 2**128 - 1, *counts, b"\x08" * 32, b"\x09" * 32)
    ballot = reporting.ballot(report, deadline=2**255)
    named = reporting.oracle.digest(ballot.report_values, ballot.deadline)
    assert named == digest(ballot)
    seen = {named}
    for field in fields(report):
        value = getattr(report, field.name)
        other = value[:-1] + b"\x01" if isinstance(value, bytes) else value ^ 1
        changed: dict[str, Any] = {field.name: other}
        altered = replace(ballot, report=replace(report, **changed))
        assert reporting.oracle.digest(altered.report_values, ballot.deadline) == digest(altered)
        seen.add(digest(altered))
    assert len(seen) == 1 + len(fields(report))


def test_the_domain_is_published(reporting: Reporting) -> None:
    domain = reporting.oracle.eip712Domain()
    assert (domain.name, domain.version) == ("Keel AccountingOracle", "1")
    assert domain.verifyingContract == reporting.oracle.address


@pytest.fixture
def seat(reporting: Reporting, test_contracts: dict[str, ContractContainer]) -> Seat:
    """Give the last member's seat to a contract of some conduct; returns its address."""
    compiled = test_contracts["TestMember"].contract_type
    abi = Abi(entry.model_dump(mode="json") for entry in compiled.abi)
    assert compiled.deployment_bytecode is not None
    code = bytes(compiled.deployment_bytecode.to_bytes())
    rpc, leaving = reporting.keel.rpc, reporting.members[4].address

    def take_seat(conduct: Conduct) -> str:
        arguments = (OWNER.address, conduct)
        member, _ = deploy(rpc, abi, code, *arguments, sender=reporting.poster)
        change = ([member.address], [leaving], 3)
        reporting.keel.call_as_role(reporting.oracle, "setMembers", *change)
        return member.address

    return take_seat


def signed_with(reporting: Reporting, ballot: Ballot, member: str, signer: LocalAccount) -> Signed:
    """Signatures of two members and, for a contract, that of somebody."""
    (signature,) = sign(ballot, [signer])
    own = Signature(member, signature.signature)
    return in_order([*reporting.sign(ballot, 2), own])


@pytest.mark.parametrize("conduct", [Conduct.HONEST, Conduct.ANSWERING_LONG])
def test_a_contract_counts_when_it_accepts(
    reporting: Reporting, seat: Seat, conduct: Conduct
) -> None:
    member = seat(conduct)
    newest_slot, _ = reporting.oracle.reportableSlot()
    report = replace(reporting.quiet_report(1), ref_slot=newest_slot)
    ballot = reporting.ballot(report)
    receipt = reporting.post(ballot, signed_with(reporting, ballot, member, OWNER))
    assert reporting.was_applied(receipt)


@pytest.mark.parametrize("conduct", sorted(set(Conduct) - {Conduct.ANSWERING_LONG}))
def test_a_contract_does_not_count_when_it_refuses_fails_or_babbles(
    reporting: Reporting, seat: Seat, conduct: Conduct
) -> None:
    member = seat(conduct)
    signer = reporting.members[0] if conduct is Conduct.HONEST else OWNER
    ballot = reporting.ballot(reporting.quiet_report(1))
    with fails("SignatureInvalid", signer=member):
        reporting.post(ballot, signed_with(reporting, ballot, member, signer))


@pytest.mark.parametrize("conduct", [Conduct.BURNING_GAS, Conduct.ANSWERING_LONG])
def test_a_contract_costs_the_poster_no_more_than_its_gas(
    reporting: Reporting, seat: Seat, conduct: Conduct
) -> None:
    member = seat(conduct)
    ballot = reporting.ballot(reporting.quiet_report(1))
    data = reporting.submission(ballot, signed_with(reporting, ballot, member, OWNER))
    pool = {"from": reporting.poster, "to": reporting.oracle.address, "data": "0x" + data.hex()}
    answer = reporting.keel.rpc.call("eth_sendTransactionSync", {**pool, "gas": hex(2_000_000)})
    assert parse_receipt(answer).gas_used < MEMBER_GAS + 200_000


def test_an_account_that_delegates_still_signs_with_its_key(reporting: Reporting) -> None:
    member = reporting.members[0].address
    delegate = reporting.keel.quick.fund.address  # answers no ERC-1271 question
    code = b"\xef\x01\x00" + bytes.fromhex(delegate[2:])
    set_runtime_code(reporting.keel.rpc, member, code)
    assert reporting.was_applied(reporting.submit(reporting.quiet_report(1)))
