"""Operators claim their part of the fees with Merkle proofs against the last report (OPR-4)."""

from dataclasses import dataclass

from keel.chain.state import block_head
from keel.model.commitment import operators_tree
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.identity import last_ref_time
from keel.scenarios.reporting import operator_totals
from keel.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Rewarded:
    """kETH shares that an operator received, and their worth."""

    operator_id: int
    shares: int
    worth_wei: int


def await_rewards(world: CircleWorld) -> list[Rewarded]:
    """Let slots pass until a keeper has claimed for all operators what the last report gave them.

    Keepers do so after every report; what they claimed since the deployment is added up.
    """
    registry, vault = world.contracts.registry, world.contracts.vault
    shares: dict[int, int] = {}

    def all_claimed() -> bool:
        last_block = block_head(world.rpc).number
        shares.clear()
        for event in registry.events_between(world.first_block, last_block, "RewardsClaimed"):
            operator_id = event.inputs["operatorId"]
            shares[operator_id] = shares.get(operator_id, 0) + event.inputs["shares"]
        return len(shares) == int(registry.operatorCount())

    world.circle.until(all_claimed, "operators' rewards")
    return [
        Rewarded(number, claimed, vault.toAssetsDown(claimed))
        for number, claimed in sorted(shares.items())
    ]


def operators_claim(world: World) -> list[Rewarded]:
    """Prove every operator's leaf of the last applied report and claim what is new in it."""
    registry, vault = world.contracts.registry, world.contracts.vault
    totals = operator_totals(world, world.reward_leaves, last_ref_time(world))
    tree = operators_tree(totals)
    rewarded = []
    for position, leaf in enumerate(totals):
        if leaf.cumulative_reward_shares <= registry.claimedShares(leaf.operator_id):
            continue
        values = (
            leaf.operator_id,
            leaf.active,
            leaf.exited,
            leaf.slashed,
            leaf.cumulative_reward_shares,
        )
        receipt = registry.claimRewards.send(
            values, tree.proof(position), sender=world.actors["stranger"]
        )
        (event,) = registry.events(receipt, "RewardsClaimed")
        shares = event.inputs["shares"]
        rewarded.append(Rewarded(leaf.operator_id, shares, vault.toAssetsDown(shares)))
    return rewarded
