"""The first minutes of `ape run chain --demo`: users, a committee and a keeper, in fast forward."""

from rich.console import Console

from keel.chain.state import unlocked_accounts
from keel.consensus.beacon.chain import BeaconChain
from keel.deploy.actors import cast_actors
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.deploy.manifest import Manifest
from keel.formatting.steps import step
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import SlotClient, open_beacon_world
from keel.scenarios.circle_world import CircleWorld, circle_around
from keel.scenarios.users import claim_ticket, deposit, deposit_wrapped, request_ticket, underwrite
from keel.scenarios.validators import await_activation
from keel.scenarios.wish import Wish

SLOTS_OF_FIRST_MINUTES = 120
"""About as many pass: a chain that begins so much earlier comes up to the present by them."""

VALIDATORS = 5
REPORTS = 3
PAID_WEI = 2 * ETHER
WAITING_WEI = 20 * ETHER


def play_first_minutes(
    chain: BeaconChain, manifest: Manifest, artifacts: Artifacts, wish: Wish, console: Console
) -> None:
    """Let all five reporters and a keeper serve users, then end them; raises CircleError.

    Their journals stay in the circle's folder, where whoever starts next goes on with them.
    """
    with SlotClient(chain) as rpc:
        contracts = bind(rpc, manifest.addresses, artifacts)
        begun = open_beacon_world(chain, contracts, manifest, cast_actors(unlocked_accounts(rpc)))
        with circle_around(
            begun, wish.circle_folder, artifacts, manifest_path=wish.manifest_path
        ) as world:
            _play(world, console)


def _play(world: CircleWorld, console: Console) -> None:
    queue, wrapped = world.contracts.queue, world.contracts.wrapped
    registry = world.contracts.registry
    with step(console, f"Users deposit, and the keeper stakes {VALIDATORS} validators"):
        deposit(world, "depositor", 100 * ETHER)
        deposit_wrapped(world, "holder", 60 * ETHER)
        underwrite(world, "underwriter", 3 * ETHER)
        # The keeper may have begun between two deposits.
        world.circle.until(lambda: registry.totals().staked >= VALIDATORS, "staking")
        ticket_id = request_ticket(world, "depositor", PAID_WEI)
    with step(console, "The beacon chain activates them, and members report each frame"):
        reports = len(await_activation(world).reports)

    def has_happened() -> bool:
        grown = wrapped.convertToAssets(ETHER) > ETHER
        return grown and reports >= REPORTS and queue.lastFinalised() >= ticket_id

    with step(console, "Validators earn, kETH grows, and a ticket is paid"):
        while not has_happened():
            world.next_report()
            reports += 1
        claim_ticket(world, ticket_id)
    with step(console, "A ticket waits for the exit of a validator"):
        request_ticket(world, "depositor", WAITING_WEI)
