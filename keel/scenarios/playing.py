"""Play the committee and the consensus layer on a chain that people use, for one frame."""

from rich.console import Console

from keel.chain.state import unlocked_accounts
from keel.deploy.actors import cast_actors
from keel.deploy.manifest import LOCAL_CHAIN_IDS
from keel.model.constants import GWEI
from keel.scenarios.identity import BooksBrokenError, require_identity
from keel.scenarios.reporting import Reported, earn, report
from keel.scenarios.rewarding import operators_claim
from keel.scenarios.world import ScriptedWorld, resume_world
from keel.terminal.amounts import shown_ether, shown_seconds
from keel.terminal.connection import Connection
from keel.terminal.faults import Fault


def play_frame(
    connection: Connection, console: Console, *, loss_wei: int, is_idle: bool, pay_rewards: bool
) -> None:
    """Let validators earn or lose, go to the next reference slot, sign, post, count."""
    if connection.manifest.chain_id not in LOCAL_CHAIN_IDS:
        raise Fault(f"chain {connection.manifest.chain_id} is no local one: its committee reports")
    world = resume_world(
        connection.contracts,
        connection.manifest.configuration,
        cast_actors(unlocked_accounts(connection.rpc)),
        connection.manifest.block,
    )
    if world.beacon.validators:
        _happen(world, console, loss_wei, is_idle)
    elif loss_wei:
        raise Fault("there are no validators that could lose anything")
    _tell(report(world), console)
    if pay_rewards:
        for rewarded in operators_claim(world):
            worth = shown_ether(rewarded.worth_wei, 6)
            console.print(f"Operator {rewarded.operator_id} received kETH worth {worth} ETH.")
    try:
        require_identity(world)
    except BooksBrokenError as error:
        raise Fault(f"the books are broken: {error}") from error
    console.print("[green]The identity holds to the wei.[/]")


def _happen(world: ScriptedWorld, console: Console, loss_wei: int, is_idle: bool) -> None:
    if loss_wei:
        world.beacon.slash(loss_wei // GWEI, len(world.beacon.validators))
        console.print(f"Validators lost {shown_ether(loss_wei)} ETH.")
    elif not is_idle:
        console.print(f"Validators earned {shown_ether(earn(world))} ETH.")


def _tell(reported: Reported, console: Console) -> None:
    outcome, slot = reported.outcome, reported.report.ref_slot
    console.print(f"{reported.signatures} members signed the report of slot {slot}.")
    if not reported.applied:
        limit = shown_ether(reported.judgement.limitWei)
        console.print(
            f"It is beyond what may be applied at once ({limit} ETH), so it is announced: "
            "what the next report says applies.",
            soft_wrap=True,
        )
        return
    if outcome.profitWei:
        duration = shown_seconds(outcome.streamSeconds)
        console.print(f"Profit {shown_ether(outcome.profitWei)} ETH, streaming over {duration}.")
    if outcome.lossWei:
        console.print(
            f"Loss {shown_ether(outcome.lossWei)} ETH: unvested rewards bore "
            f"{shown_ether(outcome.unvestedLossWei)}, insurance {shown_ether(outcome.coverWei)}, "
            f"holders {shown_ether(outcome.holdersLossWei)}, tickets "
            f"{shown_ether(outcome.ticketsLossWei)}.",
            soft_wrap=True,
        )
    if outcome.finalisedWei:
        console.print(f"Tickets are finalised up to {outcome.lastTicket}: `ape run claim`.")
