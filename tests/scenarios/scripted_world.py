"""A World whose consensus layer is scripted: for a loss or profit of an exact amount."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass

from keel.chain.transaction import send_transaction
from keel.deploy.bindings import Bindings
from keel.deploy.config import Configuration
from keel.model.commitment import operators_tree
from keel.model.constants import DAY, ETHER, GWEI, RAY
from keel.scenarios.identity import last_ref_time
from keel.scenarios.members import operator_totals, report
from keel.scenarios.operators import Rewarded
from keel.scenarios.validators import Lost, lost_by
from keel.scenarios.world import World, members_of_local_chain
from tests.scenarios.script_beacon import ScriptBeacon

TIPS_WEI = ETHER // 100


@dataclass
class ScriptedWorld(World):
    """On a chain that mines automatically."""

    beacon: ScriptBeacon


def open_world(
    contracts: Bindings, configuration: Configuration, actors: Mapping[str, str], first_block: int
) -> ScriptedWorld:
    """Step onto a chain that runs with Keel on it; its members have Anvil's own keys."""
    beacon = ScriptBeacon(
        deposits=contracts.deposits,
        registry=contracts.registry,
        withdrawal_vault=contracts.withdrawal_vault,
        first_block=first_block,
        finality_seconds=configuration.parameters.finality_seconds,
    )
    members = members_of_local_chain()
    return ScriptedWorld(contracts, configuration, actors, members, first_block, beacon)


def earn(world: ScriptedWorld) -> int:
    """Let validators earn three tenths of what the stream's cap lets vest a frame, tips included.

    What they have above 32 ETH is swept, as the beacon chain does. Returns wei.
    """
    backing_wei = world.contracts.vault.totals().assetsWei
    cap_ray = world.profile.stream_cap_ray_per_day * world.profile.frame_seconds // DAY
    earned_gwei = (backing_wei * cap_ray * 3 // 10 // RAY - TIPS_WEI) // GWEI
    world.beacon.earn(earned_gwei)
    world.beacon.skim()
    stranger, rewards_vault = world.actors["stranger"], world.contracts.rewards_vault.address
    send_transaction(world.rpc, stranger, rewards_vault, value_wei=TIPS_WEI)
    return earned_gwei * GWEI + TIPS_WEI


def lose(world: ScriptedWorld, loss_wei: int, validators: int = 1) -> Lost:
    """Slash validators by `loss_wei` together, and let the next report apply it."""
    world.beacon.slash(loss_wei // GWEI, validators)
    return lost_by(report(world))


def operators_claim(world: ScriptedWorld) -> list[Rewarded]:
    """Prove every operator's leaf of the last applied report and claim what is new in it."""
    registry, vault = world.contracts.registry, world.contracts.vault
    totals = operator_totals(world, world.reward_leaves, last_ref_time(world))
    tree = operators_tree(totals)
    rewarded = []
    for position, leaf in enumerate(totals):
        if leaf.cumulative_reward_shares <= registry.claimedShares(leaf.operator_id):
            continue
        receipt = registry.claimRewards.send(
            astuple(leaf), tree.proof(position), sender=world.actors["stranger"]
        )
        (event,) = registry.events(receipt, "RewardsClaimed")
        shares = event.inputs["shares"]
        rewarded.append(Rewarded(leaf.operator_id, shares, vault.toAssetsDown(shares)))
    return rewarded
