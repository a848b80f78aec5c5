"""`ape run chain`: both layers with Keel, its committee and its keeper, in step with the clock."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from rich.console import Console
from rich.text import Text

from keel.chain.anvil import Anvil, start_anvil
from keel.chain.errors import ChainError
from keel.chain.state import unlocked_accounts
from keel.circle.cast import Surroundings
from keel.circle.circle import Circle
from keel.circle.errors import CircleError
from keel.circle.pace import Pace
from keel.circle.process import Process
from keel.consensus.api.server import serving
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.control.desk import Desk
from keel.consensus.beacon.control.errands import Errands
from keel.consensus.beacon.control.server import serve, socket_path
from keel.consensus.beacon.disk import load_chain, load_config, require_own_contents
from keel.consensus.beacon.execution import mine_at_once
from keel.consensus.beacon.outcome import SlotOutcome
from keel.consensus.gateway.server import serving_rpc
from keel.consensus.gateway.steering import Steering
from keel.deploy.actors import ACTORS, cast_actors
from keel.deploy.artifacts import Artifacts, fingerprint
from keel.deploy.bindings import bind
from keel.deploy.command import deploy_and_record
from keel.deploy.manifest import Manifest, latest_path, write_manifest
from keel.deploy.sender import NodeSender
from keel.formatting.lines import print_line
from keel.formatting.steps import step
from keel.scenarios.beacon_world import (
    BeaconWorld,
    SlotClient,
    open_beacon_world,
    options_for_keel,
    plan_on_beacon,
)
from keel.scenarios.first_minutes import SLOTS_OF_FIRST_MINUTES, play_first_minutes
from keel.scenarios.goals import keel_goals
from keel.scenarios.introduction import Addresses, introduce
from keel.scenarios.kept_state import SavedState, StateFolder, require_own_state
from keel.scenarios.operators import operators_join
from keel.scenarios.processes import supervised, write_processes
from keel.scenarios.startup import Ending, alone, removed_at_end, require_free_ports
from keel.scenarios.story import Story
from keel.scenarios.wish import Wish

_SLOTS_BEFORE_NOW = 80
"""Genesis is so far back: the first frame, and a block for each transaction of the beginning."""

_CIRCLE_CONTENTS = ("deposit_data-*.json", "reporter_*", "keeper_*", "monitor", "page")
_ANVIL_HAS_ENDED = "Anvil has ended, and the chain with it"
_MOST_POLL_SECONDS = 1.0


def run_chain(wish: Wish, compiled: Callable[[Console], Artifacts], console: Console) -> None:
    """Keep all of it up until Ctrl-C or SIGTERM, then end it.

    What can be in the way is looked at before anything starts. Raises CircleError without Anvil,
    and EndedEarlyError when it was ended before it was ready; nothing stays behind.
    """
    ending = Ending()
    with ending.heard(), ExitStack() as stack:
        socket_path(wish.folder)
        wish.require_folder_for_state()
        written = wish.manifest_path, latest_path(wish.manifest_path)
        stack.enter_context(alone(wish.folder))
        stack.enter_context(removed_at_end(*written))
        require_free_ports(wish.ports)
        require_own_contents(wish.folder)
        require_own_contents(wish.circle_folder, _CIRCLE_CONTENTS)
        if wish.state is not None:
            stack.enter_context(alone(wish.state, "--state"))
            require_own_state(wish.state)
        artifacts = compiled(console)
        kept = None if wish.state is None else StateFolder(wish.state, fingerprint(artifacts))
        _run(wish, artifacts, console, ending, kept)
    console.print("The chain has ended.")


def _run(
    wish: Wish, artifacts: Artifacts, console: Console, ending: Ending, kept: StateFolder | None
) -> None:
    saved = None if kept is None else kept.saved()
    config = _new_config(wish) if saved is None else _saved_config(wish, saved)
    with (
        start_anvil(options_for_keel(config)) as anvil,
        _needing(anvil),
        _asked_by_rpc(_both_layers(anvil, config, saved, console), wish, ending) as asked,
    ):
        chain = asked.steering.chain
        if saved is None:
            manifest = _begin(chain, artifacts, wish, console, kept)
        else:
            manifest = _put_back(saved, artifacts, wish)
            if wish.demo:
                console.print(f"--demo: {wish.state} holds a chain already, which goes on.")
        with serving(chain, wish.beacon_port) as beacon_url:
            around = Surroundings(
                execution_url=anvil.url,
                beacon_url=beacon_url,
                manifest=wish.manifest_path,
                poll_seconds=min(config.slot_seconds / 4, _MOST_POLL_SECONDS),
            )
            processes = write_processes(wish, around, chain.rpc, asked.rpc_url)
            page = next(
                (each.service.health_url for each in processes if each.name == "page"), None
            )
            addresses = Addresses(
                asked.rpc_url,
                beacon_url,
                page,
                wish.circle_folder,
                wish.manifest_path,
                wish.state,
            )
            introduce(addresses, manifest, chain, [each.name for each in processes], console)
            world = _open(chain, manifest, artifacts)
            _tell_each_slot(world, console)
            if wish.mines_at_once:
                mine_at_once(chain.rpc)
            with supervised(processes, console) as look:

                def stopped() -> bool:
                    look()
                    if anvil.has_ended:
                        raise CircleError(_ANVIL_HAS_ENDED)
                    return ending.is_asked_for

                ending.started()

                desk = _desk(asked, world, processes, wish, look)
                serve(desk, stopped, float(config.slot_seconds), errands=asked.errands)
                console.print("Ending the processes and the chain ...")
            if kept is not None:
                _save(kept, chain, wish, console)


def _begin(
    chain: BeaconChain,
    artifacts: Artifacts,
    wish: Wish,
    console: Console,
    kept: StateFolder | None,
) -> Manifest:
    """Deploy Keel and come up to the present; the first minutes of a demo are saved at once."""
    manifest = _prepare(chain, artifacts, wish, console)
    if wish.demo and kept is not None:
        play_first_minutes(chain, manifest, artifacts, wish, console)
        _save(kept, chain, wish, console)
    else:
        with step(console, "Letting slots pass up to now"):
            chain.to_slot((int(time.time()) - chain.time_at(0)) // chain.config.slot_seconds)
    return manifest


def _save(kept: StateFolder, chain: BeaconChain, wish: Wish, console: Console) -> None:
    with step(console, f"Saving the chain at slot {chain.slot} in {kept.path}"):
        kept.save(chain, wish.circle_folder, wish.manifest_path)


def _new_config(wish: Wish) -> ChainConfig:
    slot_seconds = wish.slot_seconds or wish.new_slot_seconds
    slots = _SLOTS_BEFORE_NOW + (SLOTS_OF_FIRST_MINUTES if wish.demo else 0)
    return ChainConfig(
        slot_seconds=slot_seconds,
        genesis_time=int(time.time()) - slots * slot_seconds,
        verify_own_signatures=not wish.fast,
    )


def _saved_config(wish: Wish, saved: SavedState) -> ChainConfig:
    config = load_config(saved.chain)
    if wish.slot_seconds not in (None, config.slot_seconds):
        raise CircleError(
            f"{wish.state} holds a chain with slots of {config.slot_seconds} s, and --slot-time is "
            f"{wish.slot_seconds}: leave it out, or give another --state"
        )
    return replace(config, verify_own_signatures=not wish.fast)


def _both_layers(
    anvil: Anvil, config: ChainConfig, saved: SavedState | None, console: Console
) -> BeaconChain:
    if saved is None:
        with step(console, "Starting both layers"):
            return start_chain(anvil.rpc, config)
    with step(console, f"Going on at slot {saved.slot} with both layers as saved"):
        chain = load_chain(saved.chain, anvil.rpc)
        chain.config = config
        return chain


def _put_back(saved: SavedState, artifacts: Artifacts, wish: Wish) -> Manifest:
    """Give the processes their journals, and other programs the manifest."""
    shutil.rmtree(wish.circle_folder, ignore_errors=True)
    shutil.copytree(saved.circle, wish.circle_folder)
    manifest = Manifest.read(saved.manifest)
    write_manifest(manifest, wish.manifest_path, artifacts)
    return manifest


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of the RPC address, and the errands by which it reaches the chain."""

    steering: Steering
    errands: Errands
    rpc_url: str


@contextmanager
def _asked_by_rpc(chain: BeaconChain, wish: Wish, ending: Ending) -> Iterator[_Asked]:
    """Take the port before anything is deployed; what moves the chain waits until it is served."""
    steering = Steering(chain, wish.mines_at_once, ends=lambda: ending.is_asked_for)
    errands = Errands()
    with serving_rpc(steering, wish.port, errands.ask, wish.allowed_origins) as url, errands:
        yield _Asked(steering, errands, url)


def _desk(
    asked: _Asked,
    world: BeaconWorld,
    processes: Sequence[Process],
    wish: Wish,
    look: Callable[[], None],
) -> Desk:
    """Have both ways of asking fast-forward in the same way: as fast as the processes follow."""
    reporters = [each for each in processes if each.name.startswith("reporter")]
    keepers = [each for each in processes if each.name.startswith("keeper")]
    chain, goals = asked.steering.chain, keel_goals(world.contracts)
    pace = Pace(Circle(chain, world.contracts, world.manifest, reporters, keepers), look)
    asked.steering.after_slot, asked.steering.goals = pace, goals
    return Desk(chain, wish.folder, pace=pace, goals=goals, rpc_url=asked.rpc_url)


@contextmanager
def _needing(anvil: Anvil) -> Iterator[None]:
    """Say it in one line when it is Anvil's end that makes everything fail."""
    try:
        yield
    except ChainError as error:
        if anvil.has_ended:
            raise CircleError(_ANVIL_HAS_ENDED) from error
        raise


def _prepare(chain: BeaconChain, artifacts: Artifacts, wish: Wish, console: Console) -> Manifest:
    """Let the first frame pass, deploy and verify Keel, and have operators predeposit keys."""
    with SlotClient(chain) as rpc:
        with step(console, "Letting the first frame pass"):
            plan = plan_on_beacon(chain, rpc, artifacts)
        sender = NodeSender(rpc, plan.deployer)
        manifest = deploy_and_record(rpc, plan, sender, artifacts, console, path=wish.manifest_path)
        contracts = bind(rpc, manifest.addresses, artifacts)
        actors = cast_actors(unlocked_accounts(rpc))
        world = open_beacon_world(chain, contracts, manifest, actors)
        shutil.rmtree(wish.circle_folder, ignore_errors=True)
        wish.circle_folder.mkdir(parents=True)
        for joined in operators_join(world, wish.circle_folder):
            console.print(
                f"{joined.name} predeposited {joined.keys} keys with 1 ETH of its own each; the "
                "beacon chain holds them."
            )
    return manifest


def _open(chain: BeaconChain, manifest: Manifest, artifacts: Artifacts) -> BeaconWorld:
    contracts = bind(chain.rpc, manifest.addresses, artifacts)
    actors = cast_actors(unlocked_accounts(chain.rpc))
    return open_beacon_world(chain, contracts, manifest, actors)


def _tell_each_slot(world: BeaconWorld, console: Console) -> None:
    """Print news, and have operators send the fees of staked validators to RewardsVault."""
    names = {address: name for name, address in world.actors.items() if name in ACTORS}
    story = Story(world.beacon.chain, world.contracts, world.first_block, names)

    def tell(outcome: SlotOutcome) -> None:
        if outcome.realigned is not None:
            print_line(console, Text(outcome.realigned, "yellow"))
        world.beacon.follow()
        for line in story.news():
            slot = (f"slot {world.beacon.chain.slot}", "dim")
            print_line(console, Text.assemble(slot, f"  {line}"))

    world.beacon.chain.watchers.append(tell)
