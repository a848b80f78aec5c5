"""`ape run chain`: both layers with Keel, its committee and its keeper, in step with the clock."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from keel.chain.anvil import Anvil, start_anvil
from keel.chain.errors import ChainError
from keel.chain.state import set_balance_wei, unlocked_accounts
from keel.circle.cast import Surroundings, write_cast
from keel.circle.circle import Circle
from keel.circle.errors import CircleError
from keel.circle.pace import Pace
from keel.circle.ports import HOST, choose_ports
from keel.circle.process import Process, Service, end_all
from keel.circle.supervisor import Supervisor
from keel.consensus.api.server import serving
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.control.desk import Desk
from keel.consensus.beacon.control.errands import Errands
from keel.consensus.beacon.control.server import serve, socket_path
from keel.consensus.beacon.disk import require_own_contents
from keel.consensus.beacon.execution import mine_at_once
from keel.consensus.beacon.outcome import SlotOutcome
from keel.consensus.gateway.server import serving_rpc
from keel.consensus.gateway.steering import Steering
from keel.deploy.actors import ACTORS, cast_actors
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.deploy.command import deploy_and_record
from keel.deploy.manifest import CHAIN_MANIFEST, Manifest, latest_path
from keel.deploy.sender import NodeSender
from keel.formatting.lines import print_line
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import (
    BeaconWorld,
    SlotClient,
    open_beacon_world,
    options_for_keel,
    plan_on_beacon,
)
from keel.scenarios.goals import keel_goals
from keel.scenarios.introduction import Addresses, introduce
from keel.scenarios.operators import operators_join
from keel.scenarios.startup import Ending, alone, removed_at_end, require_free_ports, step
from keel.scenarios.story import Story

_SLOTS_BEFORE_NOW = 80
"""Genesis is so far back: the first frame, and a block for each transaction of the beginning."""

_CIRCLE_CONTENTS = ("deposit_data-*.json", "reporter_*", "keeper_*", "page")
_ANVIL_HAS_ENDED = "Anvil has ended, and the chain with it"
_KEEPERS_WEI = 1_000 * ETHER
_MOST_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Wish:
    """Ports 0 take any free one, `page_port` None serves no page.

    `folder` is where `ape run beacon` finds the chain; the processes have theirs next to it.
    `mines_at_once`: transactions wait for no slot. Pages of `allowed_origins` may use the chain.
    """

    port: int
    beacon_port: int
    page_port: int | None
    slot_seconds: int
    folder: Path
    reporters: int
    keepers: int
    fast: bool = False
    mines_at_once: bool = False
    allowed_origins: tuple[str, ...] = ()

    @property
    def circle_folder(self) -> Path:
        """Keys, journals and logs of the processes."""
        return self.folder.with_name("circle")

    @property
    def manifest_path(self) -> Path:
        """Where Keel's manifest is while the chain runs, with abi/ next to it."""
        return self.folder.with_name(CHAIN_MANIFEST)

    @property
    def ports(self) -> dict[str, int]:
        """The ports that were asked for, by option."""
        asked = {"--port": self.port, "--beacon-port": self.beacon_port}
        return asked if self.page_port is None else asked | {"--page-port": self.page_port}


def run_chain(wish: Wish, compiled: Callable[[], Artifacts], console: Console) -> None:
    """Keep all of it up until Ctrl-C or SIGTERM, then end it.

    What can be in the way is looked at before anything starts. Raises CircleError without Anvil,
    and EndedEarlyError when it was ended before it was ready; nothing stays behind.
    """
    ending = Ending()
    with ending.heard():
        socket_path(wish.folder)
        written = wish.manifest_path, latest_path(wish.manifest_path)
        with alone(wish.folder), removed_at_end(*written):
            require_free_ports(wish.ports)
            require_own_contents(wish.folder)
            require_own_contents(wish.circle_folder, _CIRCLE_CONTENTS)
            with step(console, "Compiling what has changed (a minute or more the first time)"):
                artifacts = compiled()
            _run(wish, artifacts, console, ending)
    console.print("The chain has ended.")


def _run(wish: Wish, artifacts: Artifacts, console: Console, ending: Ending) -> None:
    genesis_time = int(time.time()) - _SLOTS_BEFORE_NOW * wish.slot_seconds
    config = ChainConfig(
        slot_seconds=wish.slot_seconds,
        genesis_time=genesis_time,
        verify_own_signatures=not wish.fast,
    )
    with (
        start_anvil(options_for_keel(config)) as anvil,
        _needing(anvil),
        _asked_by_rpc(_both_layers(anvil, config, console), wish, ending) as asked,
    ):
        chain = asked.steering.chain
        manifest = _prepare(chain, artifacts, wish, console)
        with step(console, "Letting slots pass up to now"):
            chain.to_slot((int(time.time()) - genesis_time) // wish.slot_seconds)
        with serving(chain, wish.beacon_port) as beacon_url:
            around = Surroundings(
                execution_url=anvil.url,
                beacon_url=beacon_url,
                manifest=wish.manifest_path,
                poll_seconds=min(wish.slot_seconds / 4, _MOST_POLL_SECONDS),
            )
            processes = _processes(wish, around, asked)
            page = next(
                (each.service.health_url for each in processes if each.name == "page"), None
            )
            addresses = Addresses(
                asked.rpc_url, beacon_url, page, wish.circle_folder, wish.manifest_path
            )
            introduce(addresses, manifest, chain, [each.name for each in processes], console)
            world = _open(chain, manifest, artifacts)
            _tell_each_slot(world, console)
            if wish.mines_at_once:
                mine_at_once(chain.rpc)
            with _supervised(processes, console) as look:

                def stopped() -> bool:
                    look()
                    if anvil.has_ended:
                        raise CircleError(_ANVIL_HAS_ENDED)
                    return ending.is_asked_for

                ending.started()

                desk = _desk(asked, world, processes, wish, look)
                serve(desk, stopped, float(wish.slot_seconds), errands=asked.errands)


def _both_layers(anvil: Anvil, config: ChainConfig, console: Console) -> BeaconChain:
    with step(console, "Starting both layers"):
        return start_chain(anvil.rpc, config)


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
    """Let the first frame pass, deploy and verify Keel, and have operators commit keys."""
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
                f"{joined.name} committed {joined.keys} keys; the beacon chain holds them."
            )
    return manifest


def _open(chain: BeaconChain, manifest: Manifest, artifacts: Artifacts) -> BeaconWorld:
    contracts = bind(chain.rpc, manifest.addresses, artifacts)
    actors = cast_actors(unlocked_accounts(chain.rpc))
    return open_beacon_world(chain, contracts, manifest, actors)


def _processes(wish: Wish, around: Surroundings, asked: _Asked) -> list[Process]:
    cast = write_cast(wish.circle_folder, around, reporters=wish.reporters, keepers=wish.keepers)
    for address in cast.strangers:
        set_balance_wei(asked.steering.chain.rpc, address, _KEEPERS_WEI)
    services = [*cast.reporters, *cast.keepers]
    if wish.page_port is not None:
        shown = replace(around, execution_url=asked.rpc_url)
        services.append(_page(wish.circle_folder, shown, wish.page_port))
    return [Process(service) for service in services]


def _page(folder: Path, around: Surroundings, port: int) -> Service:
    listen = f"{HOST}:{port or choose_ports(1)[0]}"
    options = {
        "--execution": around.execution_url,
        "--beacon": around.beacon_url,
        "--deployment": str(around.manifest),
        "--listen": listen,
    }
    arguments = [part for option in options.items() for part in option]
    command = (sys.executable, "-m", "keel.dashboard", *arguments)
    return Service("page", command, folder / "page", f"http://{listen}/")


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


@contextmanager
def _supervised(processes: list[Process], console: Console) -> Iterator[Callable[[], None]]:
    def tell(line: str) -> None:
        print_line(console, Text(line, "dim"))

    supervisor = Supervisor(processes, tell)
    try:
        supervisor.start()
        yield supervisor.look
    finally:
        end_all(processes)
