"""`ape run report`: the committee of a local chain reports what its beacon node says."""

from rich.console import Console

from keel.chain.state import unlocked_accounts
from keel.deploy.actors import cast_actors
from keel.deploy.manifest import LOCAL_CHAIN_IDS
from keel.scenarios.api_beacon import ApiBeacon
from keel.scenarios.attending import claimed_leaves, reportable_slot
from keel.scenarios.identity import BooksBrokenError, require_identity
from keel.scenarios.recorded_keys import RecordedKeys
from keel.scenarios.reporting import look, post
from keel.scenarios.rewarding import operators_claim
from keel.scenarios.telling_reports import report_lines
from keel.scenarios.world import World, members_of_local_chain
from keel.terminal.amounts import shown_ether
from keel.terminal.connection import Connection
from keel.terminal.faults import Fault


def report_once(
    connection: Connection, beacon_url: str, console: Console, *, pay_rewards: bool
) -> None:
    """Report the newest final reference slot unless it was, then count; raises Fault."""
    manifest = connection.manifest
    if manifest.chain_id not in LOCAL_CHAIN_IDS:
        raise Fault(f"chain {manifest.chain_id} is no local one: its committee reports")
    beacon = ApiBeacon(beacon_url, connection.contracts.registry, manifest.block)
    if beacon.genesis_time != manifest.configuration.genesis_time:
        raise Fault(f"the beacon chain at {beacon_url} is another one than Keel was deployed for")
    world = World(
        contracts=connection.contracts,
        configuration=manifest.configuration,
        actors=cast_actors(unlocked_accounts(connection.rpc)),
        members=members_of_local_chain(),
        first_block=manifest.block,
        beacon=beacon,
    )
    report_final_frame(world, beacon, console, pay_rewards=pay_rewards)
    try:
        require_identity(world)
    except BooksBrokenError as error:
        raise Fault(f"the books are broken: {error}") from error
    console.print("[green]The identity holds to the wei.[/]")


def report_final_frame(
    world: World, beacon: RecordedKeys, console: Console, *, pay_rewards: bool = False
) -> None:
    """Report the newest final reference slot, or say that it was."""
    beacon.follow()
    ref_slot = reportable_slot(world, beacon)
    if ref_slot is None:
        frame_slots = world.configuration.geometry.frame_slots
        following = beacon.final_slot // frame_slots * frame_slots + frame_slots - 1
        console.print(f"The newest final frame was reported; slot {following} is not final yet.")
        return
    world.reward_leaves = claimed_leaves(world)
    seen, world.reward_leaves = look(world, ref_slot)
    for line in report_lines(post(world, seen, world.members)):
        console.print(line, soft_wrap=True)
    for rewarded in operators_claim(world) if pay_rewards else ():
        worth = shown_ether(rewarded.worth_wei, 6)
        console.print(f"Operator {rewarded.operator_id} received kETH worth {worth} ETH.")
