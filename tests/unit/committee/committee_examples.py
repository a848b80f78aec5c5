"""A committee of five, frames of 32 slots, and ballots of its members."""

from dataclasses import replace

from eth_account import Account
from eth_account.signers.local import LocalAccount

from keel.chain.state import BlockHead
from keel.committee.ballot import Ballot, sign
from keel.committee.messages import SignedBallot
from keel.committee.standing import Standing
from keel.committee.tally import Terms
from keel.committee.timetable import Timetable
from keel.model.constants import ETHER
from keel.model.frames import FrameGeometry
from keel.model.report import Report

CHAIN_ID = 31337
ORACLE = "0x00000000000000000000000000000000000000AA"
GENESIS = 1_800_000_000
TIMETABLE = Timetable(FrameGeometry(GENESIS, 12, 32), finality_seconds=192)
REF_SLOT = 95
NOW = TIMETABLE.reportable_at(REF_SLOT)
REPORT = Report(
    REF_SLOT,
    32_000_000_000,
    5,
    6,
    active_validators=1,
    active_balance_gwei=32_000_000_000,
    operators_root=bytes([1]) * 32,
    validators_root=bytes([2]) * 32,
)
LIE = replace(REPORT, consensus_balance_gwei=31_000_000_000)


def member(number: int) -> LocalAccount:
    account: LocalAccount = Account.from_key(number.to_bytes(32))
    return account


MEMBERS = tuple(sorted((member(n) for n in range(1, 6)), key=lambda m: int(m.address, 16)))
OUTSIDER = member(6)
TERMS = Terms(ORACLE, tuple(m.address for m in MEMBERS), 3, 4, member_set_nonce=1)
STANDING = Standing(
    head=BlockHead(95, "0x00", NOW, 0, 0),
    terms=TERMS,
    last_ref_slot=63,
    last_ref_time=TIMETABLE.geometry.time_of(63),
    consensus_wei=0,
    active_validators=0,
    exited_validators=0,
    slashed_validators=0,
    operators_root=bytes(32),
    announced_at=0,
    announced_wei=0,
    account_wei=ETHER,
)


def ballot(report: Report = REPORT, nonce: int = 1, deadline: int | None = None) -> Ballot:
    until = TIMETABLE.deadline(report.ref_slot) if deadline is None else deadline
    return Ballot(report, nonce, until, CHAIN_ID, ORACLE)


def signed(
    signer: LocalAccount,
    report: Report = REPORT,
    nonce: int = 1,
    deadline: int | None = None,
) -> SignedBallot:
    what = ballot(report, nonce, deadline)
    (signature,) = sign(what, [signer])
    return SignedBallot.of(what, signer.address, signature.signature)
