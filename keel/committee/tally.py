"""Counts the ballots of a frame: who agrees, how many are missing, who reports something else.

Pure. Ballots are given whose signatures were checked; here only members and numbers count.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from keel.committee.ballot import Signature, in_order
from keel.committee.messages import SignedBallot
from keel.model.report import Report


@dataclass(frozen=True, slots=True)
class Terms:
    """The committee on chain; `contracts` are the members that have code.

    `oracle` is the contract that members sign for: a replaced one takes no report any more.
    """

    oracle: str
    members: tuple[str, ...]
    quorum: int
    announced_quorum: int
    member_set_nonce: int
    contracts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Camp:
    """Members who signed one and the same report, with their signatures by ascending signer."""

    report: Report
    signatures: tuple[Signature, ...]

    @property
    def members(self) -> tuple[str, ...]:
        """Who they are."""
        return tuple(signature.signer for signature in self.signatures)


@dataclass(frozen=True, slots=True)
class Tally:
    """All reports of one reference slot that members signed, the most supported first."""

    camps: tuple[Camp, ...]

    def signatures_for(self, report: Report) -> tuple[Signature, ...]:
        """Signatures under this very report."""
        return next((camp.signatures for camp in self.camps if camp.report == report), ())

    def against(self, report: Report) -> tuple[Camp, ...]:
        """Camps that signed something else."""
        return tuple(camp for camp in self.camps if camp.report != report)


def count(ballots: Iterable[SignedBallot], terms: Terms, ref_slot: int, deadline: int) -> Tally:
    """Add up the ballots that count now: of members, for this set of them and this deadline."""
    camps: dict[Report, dict[str, bytes]] = {}
    for ballot in ballots:
        fits = (ballot.ref_slot, ballot.member_set_nonce, ballot.deadline) == (
            ref_slot,
            terms.member_set_nonce,
            deadline,
        )
        if fits and ballot.signer in terms.members:
            camps.setdefault(ballot.report.report, {})[ballot.signer] = ballot.signature
    counted = [
        Camp(report, in_order(Signature(*member) for member in signatures.items()))
        for report, signatures in camps.items()
    ]
    return Tally(tuple(sorted(counted, key=lambda camp: -len(camp.signatures))))


def differences(own: Report, other: Report) -> dict[str, tuple[int | bytes, int | bytes]]:
    """Fields in which two reports differ, with both values, own first."""
    mine, theirs = asdict(own), asdict(other)
    return {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name]}


def disagreement(own: Report, tally: Tally) -> str | None:
    """One line that names members and fields, None while nobody reports anything else."""
    lines = []
    for camp in tally.against(own):
        fields = ", ".join(
            f"{name} {shown(theirs)} where we have {shown(mine)}"
            for name, (mine, theirs) in differences(own, camp.report).items()
        )
        lines.append(f"{' and '.join(camp.members)} signed {fields}")
    return "; ".join(lines) or None


def shown(value: int | bytes) -> str:
    """A field's value as people read it."""
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
