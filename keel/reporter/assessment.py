"""From what both layers show to a report; every member finds the same (REP-10, OPR-5, COM-2)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keel.committee.exchange import FindLeaves
from keel.errors import KeelError
from keel.model.balance_tree import ValidatorBalance, balance_root
from keel.model.commitment import OperatorTotals, operators_tree
from keel.model.report import Report
from keel.model.rewards import distribute
from keel.sight.consensus_view import ConsensusView, Flags, Gwei
from keel.sight.protocol_view import ProtocolView
from keel.sight.slot_view import SlotView


class LeavesMissingError(KeelError):
    """Nobody has the leaves of the `operatorsRoot` on chain."""

    def __init__(self, root: bytes) -> None:
        super().__init__(f"nobody has the leaves with the root 0x{root.hex()}")
        self.root = root


class LeavesAboveMintedError(KeelError):
    """The previous leaves give operators more than reports ever minted for them."""

    def __init__(self, leaves_shares: int, minted_shares: int) -> None:
        super().__init__(
            f"the previous leaves hold {leaves_shares} shares, {minted_shares} were minted"
        )
        self.leaves_shares = leaves_shares
        self.minted_shares = minted_shares


@dataclass(frozen=True, slots=True)
class OperatorAssessment:
    """One operator at the reference slot; foreign keys count nowhere but in `foreign`.

    `pending` are keys that the state knows and that are not active yet, `unknown` those it does not
    know. `balance_gwei` is the operator's part of C: `pending_gwei` of it is in pending deposits,
    and the expected penalties `penalty_gwei` are taken off. `active_gwei` is that of active
    validators. `effective_gwei` is that of those with
    duties: active and not slashed. `weight` is at most `full_weight`, had all of them earned
    everything in the previous epoch. `commission_bps_seconds` is the operator's commission, summed
    up over the seconds that the report covers (COM-2).
    """

    operator_id: int
    name: str
    active: int
    exited: int
    slashed: int
    pending: int
    unknown: int
    foreign: int
    balance_gwei: int
    pending_gwei: int
    penalty_gwei: int
    active_gwei: int
    effective_gwei: int
    weight: int
    full_weight: int
    commission_bps_seconds: int
    added_shares: int
    cumulative_reward_shares: int
    cumulative_weight: int
    cumulative_full_weight: int

    @property
    def totals(self) -> OperatorTotals:
        """The leaf of `operatorsRoot` (OPR-8)."""
        return OperatorTotals(
            operator_id=self.operator_id,
            active=self.active,
            exited=self.exited,
            slashed=self.slashed,
            cumulative_reward_shares=self.cumulative_reward_shares,
            cumulative_weight=self.cumulative_weight,
            cumulative_full_weight=self.cumulative_full_weight,
        )


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A recorded key whose validator pays its ether to somebody else; it is in no sum."""

    pubkey: bytes
    operator_id: int
    index: int
    balance_gwei: int


@dataclass(frozen=True, slots=True)
class Assessment:
    """A report and how it came about.

    C is `validators_gwei` and `pending_gwei` together, less the expected `penalties_gwei` (REP-10).

    `undistributed_shares` were minted and in no leaf yet; what of them is not in
    `OperatorAssessment.added_shares` waits. `covered_seconds` have passed since the reference slot
    of the report before.
    """

    report: Report
    epoch: int
    block_number: int
    block_hash: bytes
    operators: tuple[OperatorAssessment, ...]
    leaves: tuple[OperatorTotals, ...]
    foreign: tuple[ForeignKey, ...]
    validators_gwei: int
    pending_gwei: int
    penalties_gwei: int
    previous_root: bytes
    minted_shares: int
    undistributed_shares: int
    covered_seconds: int

    @property
    def added_shares(self) -> int:
        """Shares that this report gives to operators."""
        return sum(operator.added_shares for operator in self.operators)


def assess_slot(
    view: SlotView, find_leaves: FindLeaves, rebuild_leaves_at: int | None = None
) -> Assessment:
    """Build the report of a slot; raises LeavesMissingError and LeavesAboveMintedError.

    The previous leaves are those of the root on chain (OPR-5). At the slot
    `rebuild_leaves_at` they start again from what operators claimed.
    """
    previous = _previous_leaves(view, find_leaves, rebuild_leaves_at)
    return assess(view.consensus, view.protocol, previous)


def assess(
    consensus: ConsensusView, protocol: ProtocolView, previous: Sequence[OperatorTotals]
) -> Assessment:
    """Build the report of a reference slot.

    `previous` are the leaves of `protocol.operators_root`; whoever calls has checked that. Raises
    LeavesAboveMintedError, and ValueError for views of different keys.
    """
    if len(consensus.index) != len(protocol.recorded):
        raise ValueError(f"{len(consensus.index)} standings, {len(protocol.recorded)} keys")
    given = sum(leaf.cumulative_reward_shares for leaf in previous)
    undistributed = protocol.minted_shares - given
    if undistributed < 0:
        raise LeavesAboveMintedError(given, protocol.minted_shares)
    operators = _operators(consensus, protocol, previous)
    leaves = tuple(operator.totals for operator in operators)
    own = ~consensus.foreign
    report = Report(
        ref_slot=consensus.ref_slot,
        consensus_balance_gwei=_total(consensus.worth_gwei[own]),
        withdrawal_vault_balance_wei=protocol.withdrawal_vault_balance_wei,
        rewards_vault_balance_wei=protocol.rewards_vault_balance_wei,
        active_validators=sum(leaf.active for leaf in leaves),
        exited_validators=sum(leaf.exited for leaf in leaves),
        slashed_validators=sum(leaf.slashed for leaf in leaves),
        active_balance_gwei=sum(operator.active_gwei for operator in operators),
        operators_bps=protocol.commissions.operators_bps(
            {operator.operator_id: operator.weight for operator in operators}
        ),
        operators_root=operators_tree(leaves).root if leaves else bytes(32),
        validators_root=balance_root(balances(consensus, protocol)).hash,
    )
    return Assessment(
        report=report,
        epoch=consensus.epoch,
        block_number=consensus.block_number,
        block_hash=consensus.block_hash,
        operators=operators,
        leaves=leaves,
        foreign=_foreign(consensus, protocol),
        validators_gwei=_total(consensus.balance_gwei[own]),
        pending_gwei=_total(consensus.pending_gwei[own]),
        penalties_gwei=_total(consensus.penalty_gwei[own]),
        previous_root=protocol.operators_root,
        minted_shares=protocol.minted_shares,
        undistributed_shares=undistributed,
        covered_seconds=protocol.commissions.covered_seconds,
    )


def balances(consensus: ConsensusView, protocol: ProtocolView) -> list[ValidatorBalance]:
    """Leaves of `validatorsRoot`: keys that count, in the order of staking, deposits included."""
    places = np.flatnonzero(consensus.known & ~consensus.foreign)
    columns = (
        consensus.index[places].tolist(),
        (consensus.balance_gwei + consensus.pending_gwei)[places].tolist(),
        consensus.slashed[places].tolist(),
        consensus.penalty_gwei[places].tolist(),
    )
    pubkeys = map(bytes, protocol.recorded.pubkeys[places])
    return [
        ValidatorBalance(index, pubkey, *rest)
        for pubkey, index, *rest in zip(pubkeys, *columns, strict=True)
    ]


def _previous_leaves(
    view: SlotView, find_leaves: FindLeaves, rebuild_leaves_at: int | None
) -> Sequence[OperatorTotals]:
    root, claimed = view.protocol.operators_root, view.protocol.claimed_shares
    if view.consensus.ref_slot == rebuild_leaves_at:
        return [OperatorTotals(each, 0, 0, 0, shares) for each, shares in claimed.items()]
    if root == bytes(32):
        return ()
    leaves = find_leaves(root)
    if leaves is None:
        raise LeavesMissingError(root)
    return leaves


def _operators(
    consensus: ConsensusView, protocol: ProtocolView, previous: Sequence[OperatorTotals]
) -> tuple[OperatorAssessment, ...]:
    """One for each operator of the registry; operators without a validator keep their leaf."""
    operator_ids = protocol.recorded.operator_ids
    before = {leaf.operator_id: leaf for leaf in previous}
    known = {*protocol.operator_names, *before, *operator_ids.tolist()}
    counted = {
        operator_id: _counted(consensus, operator_ids == operator_id)
        for operator_id in sorted(known)
    }
    weights = {operator_id: counts["weight"] for operator_id, counts in counted.items()}
    shares = {leaf.operator_id: leaf.cumulative_reward_shares for leaf in previous}
    span = protocol.commissions
    after = distribute(shares, protocol.minted_shares, span.weighted(weights))
    nothing = OperatorTotals(0, 0, 0, 0, 0)
    return tuple(
        OperatorAssessment(
            operator_id=operator_id,
            name=protocol.operator_names.get(operator_id, ""),
            commission_bps_seconds=span.bps_seconds.get(operator_id, 0),
            added_shares=after[operator_id] - shares.get(operator_id, 0),
            cumulative_reward_shares=after[operator_id],
            cumulative_weight=leaf.cumulative_weight + counts["weight"],
            cumulative_full_weight=leaf.cumulative_full_weight + counts["full_weight"],
            **counts,
        )
        for operator_id, counts in counted.items()
        for leaf in [before.get(operator_id, nothing)]
    )


def _counted(consensus: ConsensusView, theirs: Flags) -> dict[str, int]:
    """Counts and sums over one operator's keys."""
    own = theirs & ~consensus.foreign
    waiting = consensus.known & ~consensus.active & ~consensus.exited
    working = own & consensus.active & ~consensus.slashed
    effective_gwei = consensus.effective_gwei[working]
    active = own & consensus.active
    active_gwei = consensus.balance_gwei[active] - consensus.penalty_gwei[active]
    return {
        "active": int(active.sum()),
        "exited": int((own & consensus.exited).sum()),
        "slashed": int((own & consensus.slashed).sum()),
        "pending": int((own & waiting).sum()),
        "unknown": int((own & ~consensus.known).sum()),
        "foreign": int((theirs & consensus.foreign).sum()),
        "balance_gwei": _total(consensus.worth_gwei[own]),
        "pending_gwei": _total(consensus.pending_gwei[own]),
        "penalty_gwei": _total(consensus.penalty_gwei[own]),
        "active_gwei": _total(active_gwei),
        "effective_gwei": _total(effective_gwei),
        "weight": _total(effective_gwei * consensus.earned_weight[working]),
        "full_weight": _total(effective_gwei) * consensus.max_weight,
    }


def _foreign(consensus: ConsensusView, protocol: ProtocolView) -> tuple[ForeignKey, ...]:
    return tuple(
        ForeignKey(
            pubkey=protocol.recorded.pubkey(place),
            operator_id=int(protocol.recorded.operator_ids[place]),
            index=int(consensus.index[place]),
            balance_gwei=int(consensus.balance_gwei[place]) + int(consensus.pending_gwei[place]),
        )
        for place in np.flatnonzero(consensus.foreign).tolist()
    )


def _total(amounts: Gwei) -> int:
    """An exact sum: numpy's own would wrap at 2^64, which weights can reach."""
    return sum(amounts.tolist())
