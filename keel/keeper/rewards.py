"""Open operators' leaves of the applied report: whoever does it, the operator is paid (OPR-4)."""

from dataclasses import astuple

from keel.keeper.chores import Chore, Findings, Kind, Undone, ether, nothing
from keel.keeper.view import KeeperView, Rewards
from keel.model.commitment import operators_tree

_NO_ROOT = bytes(32)

CLAIM_GAS = 120_000
"""Gas of one claim, generously: two new slots, two contracts, a long proof."""


def plan_rewards(view: KeeperView) -> Findings:
    """Claim for each operator whose new shares are worth the trouble."""
    rewards = view.rewards
    if rewards is None or rewards.operators_root == _NO_ROOT:
        return nothing(Kind.REWARDS, "no report has rewarded operators yet")
    if rewards.leaves is None:
        root = f"0x{rewards.operators_root.hex()}"
        return nothing(Kind.REWARDS, f"no member has the leaves with the root {root}")
    cost_wei = view.cost_wei(CLAIM_GAS)
    least_wei = max(view.terms.min_reward_wei, view.least_worth_wei(CLAIM_GAS))
    tree = operators_tree(rewards.leaves)
    chores: list[Chore] = []
    undone: list[Undone] = []
    for position, leaf in enumerate(rewards.leaves):
        shares = leaf.cumulative_reward_shares - rewards.claimed_shares.get(leaf.operator_id, 0)
        if shares <= 0:
            continue
        worth_wei = _worth_wei(rewards, shares)
        if worth_wei < least_wei:
            why = (
                f"operator {leaf.operator_id} has earned {ether(worth_wei)}, paid from "
                f"{ether(least_wei)} on: gas for it costs {ether(cost_wei)} now"
            )
            undone.append(Undone(Kind.REWARDS, why))
            continue
        chores.append(
            Chore(
                kind=Kind.REWARDS,
                key=f"rewards {leaf.operator_id} {leaf.cumulative_reward_shares}",
                why=f"operator {leaf.operator_id} has earned kETH worth {ether(worth_wei)}",
                contract="registry",
                function="claimRewards",
                arguments=(astuple(leaf), list(tree.proof(position))),
            )
        )
    if not chores and not undone:
        return nothing(Kind.REWARDS, "every operator has its rewards of the last report")
    return Findings(tuple(chores), tuple(undone))


def _worth_wei(rewards: Rewards, shares: int) -> int:
    return shares * rewards.visible_wei // rewards.total_shares if rewards.total_shares else 0
