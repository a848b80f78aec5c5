"""Leaves under an `operatorsRoot`, looked for where this member can reach."""

from keel.committee.exchange import FindLeaves
from keel.committee.peers import Peers
from keel.model.commitment import OperatorTotals
from keel.reporter.journal import Journal


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
