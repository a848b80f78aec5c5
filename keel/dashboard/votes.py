"""Who signed what: reporters' votes, from the calldata of the transactions that posted them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from keel.chain.abi import checksummed
from keel.chain.rpc import RpcClient
from keel.deploy.contracts import AccountingOracle
from keel.sight.event_index import ChainMovedError, Happened
from keel.sight.report_signers import signers_of

FRAMES_SHOWN = 12
_POSTED = ("ReportApplied", "LossAnnounced")


@dataclass(frozen=True, slots=True)
class Vote:
    """A posted report. `signers` None: it came through another contract, whose call is not read."""

    ref_slot: int
    is_applied: bool
    poster: str
    signers: tuple[str, ...] | None
    gas_used: int
    time: int
    block_number: int
    transaction_hash: str


class Cell(Enum):
    """What a member did for a reference slot."""

    POSTED = "signed and posted"
    SIGNED = "signed"
    LEFT_OUT = "not in the posted report"
    UNKNOWN = "not known"
    NO_REPORT = "no report yet"
    PASSED_OVER = "passed over: a later slot was reported"


_SIGNED = (Cell.POSTED, Cell.SIGNED)
_SILENT_REPORTS = 3


@dataclass(frozen=True, slots=True)
class Column:
    """A reference slot with the report that counts, the announcement if that is all there is.

    Slots that were passed over, as when a chain runs fast, are one column; `ref_slot` is the newest
    of its `frames`.
    """

    ref_slot: int
    vote: Vote | None
    frames: int = 1
    is_passed_over: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A signer, and its cell in each column.

    Whoever posts takes the signatures that a quorum needs, so a signer that is left out of one
    report may well have signed it. Only one that is in none of several is likely away.
    """

    signer: str
    is_member: bool
    cells: tuple[Cell, ...]

    @property
    def reports(self) -> int:
        """Posted reports whose signers are known."""
        return sum(cell in (*_SIGNED, Cell.LEFT_OUT) for cell in self.cells)

    @property
    def signed(self) -> int:
        """How many of these hold its signature."""
        return sum(cell in _SIGNED for cell in self.cells)

    @property
    def is_silent(self) -> bool:
        """Whether it is in none of several reports."""
        return self.reports >= _SILENT_REPORTS and not self.signed


@dataclass(frozen=True, slots=True)
class Grid:
    """Signers by reference slots, the newest slot first."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def has_other_posters(self) -> bool:
        """Whether somebody posted without having signed, as a keeper does."""
        votes = [column.vote for column in self.columns if column.vote is not None]
        return any(vote.poster not in (vote.signers or ()) for vote in votes)


class VoteReader:
    """Reads each transaction once; a transaction that moved to another block is read again."""

    def __init__(self, oracle: AccountingOracle) -> None:
        self._oracle = oracle
        self._known: dict[tuple[str, int], Vote] = {}

    def read(self, rpc: RpcClient, events: Sequence[Happened]) -> tuple[Vote, ...]:
        """Votes of the last frames, in the order of the chain.

        Raises ChainMovedError when a transaction is no longer there.
        """
        posted = [e for e in events if e.contract == "oracle" and e.name in _POSTED]
        posted = posted[-2 * FRAMES_SHOWN :]
        keys = [(e.event.log.transaction_hash, e.event.log.block_number) for e in posted]
        unknown = [e for e, key in zip(posted, keys, strict=True) if key not in self._known]
        hashes = [e.event.log.transaction_hash for e in unknown]
        requests = [("eth_getTransactionByHash", (each,)) for each in hashes]
        requests += [("eth_getTransactionReceipt", (each,)) for each in hashes]
        answers = rpc.batch(requests)
        for event, sent, receipt in zip(
            unknown, answers[: len(hashes)], answers[len(hashes) :], strict=True
        ):
            if sent is None or receipt is None:
                raise ChainMovedError("a report's transaction was reverted while it was read")
            log = event.event.log
            self._known[log.transaction_hash, log.block_number] = self._vote(event, sent, receipt)
        self._known = {key: self._known[key] for key in keys}
        return tuple(self._known[key] for key in keys)

    def _vote(self, event: Happened, sent: Mapping[str, Any], receipt: Mapping[str, Any]) -> Vote:
        log = event.event.log
        return Vote(
            ref_slot=event.inputs["refSlot"],
            is_applied=event.name == "ReportApplied",
            poster=checksummed(sent["from"]),
            signers=signers_of(self._oracle, sent, log.address),
            gas_used=int(receipt["gasUsed"], 16),
            time=event.time,
            block_number=log.block_number,
            transaction_hash=log.transaction_hash,
        )


def vote_grid(
    votes: Iterable[Vote], members: Sequence[str], frame_slots: int, newest_ref_slot: int
) -> Grid:
    """Lay votes out over the last reference slots, those without a report included.

    Signers that are no members any more come after the members.
    """
    by_slot: dict[int, Vote] = {}
    for vote in votes:
        known = by_slot.get(vote.ref_slot)
        if known is None or vote.is_applied or not known.is_applied:
            by_slot[vote.ref_slot] = vote
    columns = _columns(by_slot, frame_slots, newest_ref_slot)
    signed = {s for c in columns if c.vote for s in c.vote.signers or ()}
    former = sorted(signed - set(members))
    rows = tuple(
        Row(signer, signer in members, tuple(_cell(c, signer) for c in columns))
        for signer in [*members, *former]
    )
    return Grid(columns, rows)


def _columns(
    by_slot: Mapping[int, Vote], frame_slots: int, newest_ref_slot: int
) -> tuple[Column, ...]:
    """The newest slots first, each run of slots that were passed over as one."""
    last_reported = max(by_slot, default=-1)
    newest = max(newest_ref_slot, last_reported)
    oldest = min(by_slot, default=newest)
    found: list[Column] = []
    for slot in range(newest, max(oldest, 0) - 1, -frame_slots):
        vote = by_slot.get(slot)
        is_passed_over = vote is None and slot < last_reported
        if is_passed_over and found[-1].is_passed_over:
            found[-1] = replace(found[-1], frames=found[-1].frames + 1)
            continue
        if len(found) == FRAMES_SHOWN:
            break
        found.append(Column(slot, vote, is_passed_over=is_passed_over))
    return tuple(found)


def _cell(column: Column, signer: str) -> Cell:
    vote = column.vote
    if vote is None:
        return Cell.PASSED_OVER if column.is_passed_over else Cell.NO_REPORT
    if vote.signers is None:
        return Cell.UNKNOWN
    if signer not in vote.signers:
        return Cell.LEFT_OUT
    return Cell.POSTED if vote.poster == signer else Cell.SIGNED
