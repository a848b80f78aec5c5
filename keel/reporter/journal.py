"""What must outlive the process: which reports were signed, and the leaves of each root.

Plain JSON files, each there whole or not at all. Leaves are found by their root and checked by it.
Errors of the disk are OSErrors.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

from eth_utils.crypto import keccak
from pydantic import BaseModel, ConfigDict, ValidationError

from keel.committee.ballot import Ballot
from keel.committee.exchange import FindLeaves
from keel.committee.messages import (
    Integer,
    OperatorMessage,
    OperatorsMessage,
    ReportMessage,
    first_fault,
)
from keel.committee.peers import Peers
from keel.deploy.manifest import LOCAL_CHAIN_IDS
from keel.errors import KeelError
from keel.files.atomic_files import write_atomically
from keel.model.commitment import OperatorTotals, operators_tree
from keel.model.report import Report

_KEPT_INTENTS = 128
_KEPT_LEAVES = 512


class JournalError(KeelError):
    """A file of the journal is not what was written."""


class ConflictingViewError(KeelError):
    """Another report of this slot was signed, and may still count."""

    def __init__(self, signed: Report, seen: Report) -> None:
        super().__init__(f"another report of slot {seen.ref_slot} was signed and may still count")
        self.signed = signed
        self.seen = seen


class _Intent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    report: ReportMessage
    member_set_nonce: Integer
    deadline: Integer
    signer: str
    chain_id: Integer
    oracle: str
    state_root: str = ""


class Journal:
    """A part of a service's data folder, which one process owns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._signed = folder / "signed"
        self._operators = folder / "operators"
        self._latest_leaves: Path | None = None

    def intend(self, ballot: Ballot, signer: str, now: int, state_root: bytes = b"") -> None:
        """Write down what will be signed, before it is; the same again changes nothing.

        Raises ConflictingViewError while another report may count: the same slot, set of members
        and oracle, and a deadline that has not passed at the chain's `now`. On a local chain the
        other one is void when the slot had another final state then: such a chain was reverted.
        """
        path = self._signed / f"{ballot.report.ref_slot}-{_key(ballot, signer)}.json"
        earlier = self._read_intent(path)
        if earlier is not None:
            same = earlier.report.report == ballot.report
            if same and earlier.deadline == ballot.deadline:
                return
            if not same and earlier.deadline >= now and not _is_void(earlier, state_root):
                raise ConflictingViewError(earlier.report.report, ballot.report)
        intent = _Intent.model_construct(
            report=ReportMessage.of(ballot.report),
            member_set_nonce=ballot.member_set_nonce,
            deadline=ballot.deadline,
            signer=signer,
            chain_id=ballot.chain_id,
            oracle=ballot.oracle,
            state_root=state_root.hex(),
        )
        _write(path, intent)
        _prune(sorted(self._signed.glob("*.json"), key=_slot), _KEPT_INTENTS, {path})

    def keep_leaves(self, leaves: Sequence[OperatorTotals]) -> None:
        """Keep what a reported `operatorsRoot` commits to."""
        root = operators_tree(leaves).root if leaves else bytes(32)
        path = self._leaves_path(root)
        if not leaves:
            return
        self._latest_leaves = path
        if path.exists():
            return
        operators = tuple(OperatorMessage.of(totals) for totals in leaves)
        message = OperatorsMessage.model_construct(operators=operators)
        _write(path, message)

    def leaves(self, root: bytes) -> tuple[OperatorTotals, ...] | None:
        """Leaves under a root, None when they are not here."""
        try:
            content = self._leaves_path(root).read_bytes()
        except FileNotFoundError:
            return None
        try:
            leaves = OperatorsMessage.model_validate_json(content).leaves
        except ValidationError:
            return None
        return leaves if leaves and operators_tree(leaves).root == root else None

    def forget_leaves(self, standing_root: bytes) -> None:
        """Drop the oldest leaves, but never those of the root on chain."""
        spared = {self._leaves_path(standing_root)}
        if self._latest_leaves is not None:
            spared.add(self._latest_leaves)
        files = self._operators.glob("*.json")
        _prune(sorted(files, key=lambda path: path.stat().st_mtime_ns), _KEPT_LEAVES, spared)

    def _leaves_path(self, root: bytes) -> Path:
        return self._operators / f"0x{root.hex()}.json"

    def _read_intent(self, path: Path) -> _Intent | None:
        try:
            return _Intent.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise JournalError(
                f"{path} is damaged or of another version ({first_fault(error)}): "
                "what was signed is not known"
            ) from error


def _is_void(earlier: _Intent, state_root: bytes) -> bool:
    """Whether a report is of a chain that is gone, which on public networks no final one ever is.

    There two final states of a slot mean broken finality or false answers: a person decides.
    """
    is_local = earlier.chain_id in LOCAL_CHAIN_IDS
    return (
        is_local
        and "" not in (earlier.state_root, state_root.hex())
        and (earlier.state_root != state_root.hex())
    )


def _write(path: Path, message: BaseModel) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, message.model_dump_json().encode())


def leaves_finder(journal: Journal, peers: Peers, *, keep: bool = True) -> FindLeaves:
    """Look in the journal, then ask peers, and keep what they had unless a command only looks."""

    def find(root: bytes) -> tuple[OperatorTotals, ...] | None:
        leaves = journal.leaves(root)
        if leaves is None:
            leaves = peers.operators(root)
            if leaves is not None and keep:
                journal.keep_leaves(leaves)
        return leaves

    return find


def _key(ballot: Ballot, signer: str) -> str:
    """Tell apart what cannot contradict each other on chain."""
    parts = f"{ballot.chain_id} {ballot.oracle} {ballot.member_set_nonce} {signer}".lower()
    return bytes(keccak(text=parts)).hex()[:16]


def _slot(path: Path) -> int:
    """The reference slot of an intent: a file's time is the machine's, which may jump back."""
    slot = path.name.partition("-")[0]
    return int(slot) if slot.isdecimal() else 0


def _prune(oldest_first: Sequence[Path], most: int, spared: Collection[Path]) -> None:
    for path in oldest_first[:-most]:
        if path not in spared:
            path.unlink(missing_ok=True)
