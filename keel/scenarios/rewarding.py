"""Operators claim their part of the fees with Merkle proofs against the last report (OPR-4)."""

from dataclasses import dataclass

from keel.model.commitment import operators_tree
from keel.scenarios.identity import last_ref_time
from keel.scenarios.reporting import operator_totals
from keel.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Rewarded:
    """kETH shares that an operator received, and their worth."""

    operator_id: int
    shares: int
    worth_wei: int


def operators_claim(world: World) -> list[Rewarded]:
    """Prove every operator's leaf of the last applied report and claim what is new in it."""
    registry, vault = world.contracts.registry, world.contracts.vault
    totals = operator_totals(world, world.reward_leaves, last_ref_time(world))
    tree = operators_tree(totals)
    rewarded = []
    for position, leaf in enumerate(totals):
        if leaf.cumulative_reward_shares <= registry.call("claimedShares", leaf.operator_id):
            continue
        values = (
            leaf.operator_id,
            leaf.active,
            leaf.exited,
            leaf.slashed,
            leaf.cumulative_reward_shares,
        )
        receipt = registry.send(
            "claimRewards", values, tree.proof(position), sender=world.actors["stranger"]
        )
        (event,) = registry.events(receipt, "RewardsClaimed")
        shares = event.inputs["shares"]
        rewarded.append(Rewarded(leaf.operator_id, shares, vault.call("toAssetsDown", shares)))
    return rewarded
