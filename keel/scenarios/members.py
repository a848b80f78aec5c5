"""A frame ends: the committee looks at the reference slot, all members sign, one posts."""

from collections.abc import Mapping, Sequence

from eth_account.signers.local import LocalAccount

from keel.chain.clock import now
from keel.chain.state import balance_wei, block_head, chain_id
from keel.circle.reports import Reported, report_events
from keel.committee.ballot import Ballot, digest, sign
from keel.errors import KeelError
from keel.model.balance_tree import balance_root
from keel.model.commission import CommissionSpan
from keel.model.commitment import OperatorTotals, operators_tree
from keel.model.report import Report
from keel.model.rewards import distribute
from keel.scenarios.world import World
from keel.sight.history import Historian


class SignedDigestError(KeelError):
    """Python and the oracle hash a report differently."""


def report(
    world: World, members: Sequence[LocalAccount] | None = None, late_seconds: int = 0
) -> Reported:
    """Go to the next reference slot and on until it is final, or later, then sign and post.

    A loss that was announced is applied a frame after that at the earliest (REP-8).
    """
    ref_slot = next_reference_slot(world)
    ref_time = world.configuration.geometry.time_of(ref_slot)
    world.beacon.go_to(ref_time)
    world.beacon.await_final(ref_time)
    world.beacon.follow()
    seen, leaves = look(world, ref_slot)
    if late_seconds:
        world.beacon.go_to(now(world.rpc) + late_seconds)
    announced_at = world.contracts.vault.consensus().announcedAt
    applicable_at = announced_at + world.profile.frame_seconds if announced_at else 0
    if applicable_at > now(world.rpc):
        world.beacon.go_to(applicable_at)
    reported = post(world, seen, world.members if members is None else members)
    if reported.applied:
        world.reward_leaves = leaves
    return reported


def next_reference_slot(world: World) -> int:
    """The first one ahead."""
    geometry = world.configuration.geometry
    return geometry.newest_reference_slot(now(world.rpc)) + geometry.frame_slots


def look(world: World, ref_slot: int) -> tuple[Report, dict[int, int]]:
    """What a member sees at a reference slot that has passed, and operators' cumulative shares.

    Fees of earlier reports are divided; those of this one come with the next.
    """
    time = world.configuration.geometry.time_of(ref_slot)
    contracts, beacon = world.contracts, world.beacon
    block = beacon.block_at(time)
    active, commissions = _active(world, time), _commissions(world, time)
    leaves = _next_leaves(world, active, commissions)
    balances = balance_root(beacon.balances(time))
    counts = beacon.counts(time).values()
    seen = Report(
        ref_slot=ref_slot,
        consensus_balance_gwei=balances.worth_gwei,
        withdrawal_vault_balance_wei=balance_wei(
            world.rpc, contracts.withdrawal_vault.address, block
        ),
        rewards_vault_balance_wei=balance_wei(world.rpc, contracts.rewards_vault.address, block),
        active_validators=sum(active for active, _, _ in counts),
        exited_validators=sum(exited for _, exited, _ in counts),
        slashed_validators=sum(slashed for _, _, slashed in counts),
        active_balance_gwei=beacon.active_gwei(time),
        operators_bps=commissions.operators_bps(active),
        operators_root=operators_tree(operator_totals(world, leaves, time)).root
        if leaves
        else bytes(32),
        validators_root=balances.hash,
    )
    return seen, leaves


def operator_totals(world: World, leaves: dict[int, int], time: int) -> list[OperatorTotals]:
    """Leaves of `operatorsRoot` at a reference slot; these members do not look at weights."""
    counts = world.beacon.counts(time)
    return [
        OperatorTotals(operator_id, *counts.get(operator_id, (0, 0, 0)), shares)
        for operator_id, shares in sorted(leaves.items())
    ]


def post(world: World, seen: Report, members: Sequence[LocalAccount]) -> Reported:
    """Let these members sign, and the first of them post; checks digest and simulation."""
    oracle = world.contracts.oracle
    ballot = Ballot(
        report=seen,
        member_set_nonce=oracle.memberSetNonce(),
        deadline=now(world.rpc) + world.profile.frame_seconds,
        chain_id=chain_id(world.rpc),
        oracle=oracle.address,
    )
    if digest(ballot) != oracle.digest(ballot.report_values, ballot.deadline):
        raise SignedDigestError(f"the digest of the report of slot {seen.ref_slot} differs")
    signatures = [signature.values() for signature in sign(ballot, members)]
    judgement, outcome = oracle.simulate(ballot.report_values, 0)
    arguments = (ballot.report_values, ballot.deadline, signatures, outcome.lastTicket)
    receipt = oracle.submit.send(*arguments, sender=members[0].address)
    events = report_events(world.contracts, receipt)
    return Reported(
        report=seen,
        signers=tuple(signer for signer, _ in signatures),
        applied=any(event.name == "ReportApplied" for event in events),
        judgement=judgement,
        outcome=outcome,
        receipt=receipt,
        events=events,
    )


def _active(world: World, time: int) -> dict[int, int]:
    """Operators' weights: these members look at no more than how many validators are active."""
    return {number: counts[0] for number, counts in world.beacon.counts(time).items()}


def _next_leaves(
    world: World, active: Mapping[int, int], commissions: CommissionSpan
) -> dict[int, int]:
    registry, vault = world.contracts.registry, world.contracts.vault
    claimed = sum(registry.claimedShares(number) for number in range(registry.operatorCount()))
    minted = vault.sharesOf(registry.address) + claimed
    return distribute(world.reward_leaves, minted, commissions.weighted(active))


def _commissions(world: World, time: int) -> CommissionSpan:
    """Operators' commissions since the last report's reference slot (COM-2)."""
    head = block_head(world.rpc, world.beacon.block_at(time))
    historian = Historian(world.contracts, world.first_block)
    last_time = world.contracts.vault.consensus(block=head.number).lastRefTime
    return historian.commissions_at(head).span(last_time, time)
