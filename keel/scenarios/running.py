"""`ape run chain`: Anvil, a beacon chain and Keel, in step with the clock until Ctrl-C."""

import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from keel.chain.anvil import start_anvil
from keel.chain.state import unlocked_accounts
from keel.circle.reports import Reported
from keel.consensus.api.serving import serving
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.control.commands import Desk
from keel.consensus.beacon.control.server import serve, socket_path
from keel.deploy.actors import cast_actors
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.deploy.command import accounts_table, contracts_table, deploy_and_record
from keel.deploy.manifest import Manifest
from keel.deploy.sender import NodeSender
from keel.scenarios.attending import Committee
from keel.scenarios.beacon_world import (
    BeaconWorld,
    open_beacon_world,
    options_for_keel,
    plan_on_beacon,
)
from keel.scenarios.slot_client import SlotClient
from keel.scenarios.telling_reports import report_lines

DEFAULT_URL = "http://127.0.0.1:8545"
DEFAULT_BEACON_URL = "http://127.0.0.1:5052"
"""Where the commands of `ape run` look for a chain and its Beacon API."""

_SLOTS_BEFORE_NOW = 64
"""Genesis lies so far back: the first frame, a block for each transaction of the deployment."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Ports 0 take any free one. `folder` is where `ape run beacon` finds the chain."""

    port: int
    beacon_port: int
    slot_seconds: int
    folder: Path
    with_committee: bool


def run_chain(wish: Wish, artifacts: Artifacts, console: Console) -> None:
    """Keep both layers up until Ctrl-C or SIGTERM, then end them."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    socket_path(wish.folder)
    genesis_time = int(time.time()) - _SLOTS_BEFORE_NOW * wish.slot_seconds
    config = ChainConfig(slot_seconds=wish.slot_seconds, genesis_time=genesis_time)
    with start_anvil(options_for_keel(config, wish.port)) as anvil:
        chain = start_chain(anvil.rpc, config)
        manifest = prepare_chain(chain, artifacts, console)
        chain.to_slot((int(time.time()) - genesis_time) // wish.slot_seconds)
        with serving(chain, wish.beacon_port) as beacon_url:
            _introduce(chain, manifest, beacon_url, wish, console)
            world = _open(chain, manifest, artifacts)
            committee = Committee(world, lambda reported: _tell(reported, console))
            chain.listeners.append(
                committee.after_slot if wish.with_committee else world.beacon.follow
            )
            serve(Desk(chain, wish.folder), stop.is_set, float(wish.slot_seconds))
    console.print("The chain has ended.")


def prepare_chain(chain: BeaconChain, artifacts: Artifacts, console: Console) -> Manifest:
    """Let the first frame pass, then deploy and verify Keel."""
    with SlotClient(chain) as rpc:
        plan = plan_on_beacon(chain, rpc, artifacts)
        sender = NodeSender(rpc, plan.deployer)
        return deploy_and_record(rpc, plan, sender, artifacts, console)


def _open(chain: BeaconChain, manifest: Manifest, artifacts: Artifacts) -> BeaconWorld:
    contracts = bind(chain.rpc, manifest.addresses, artifacts)
    actors = cast_actors(unlocked_accounts(chain.rpc))
    return open_beacon_world(chain, contracts, manifest, actors)


def _tell(reported: Reported, console: Console) -> None:
    console.print(" ".join(report_lines(reported)), highlight=False, soft_wrap=True)


def _introduce(
    chain: BeaconChain, manifest: Manifest, beacon_url: str, wish: Wish, console: Console
) -> None:
    url = chain.rpc.url
    console.print(contracts_table(manifest))
    console.print(accounts_table(unlocked_accounts(chain.rpc)))
    frame_seconds = manifest.configuration.parameters.frame_seconds
    reports = (
        f"This process plays the committee: it reports each frame ({frame_seconds} s) from the "
        "beacon state."
        if wish.with_committee
        else f"Nobody reports: deposits close after three frames of {frame_seconds} s without "
        "`ape run report`."
    )
    console.print(
        f"[bold]RPC address: {url}[/]   chain id {manifest.chain_id}\n"
        f"[bold]Beacon API: {beacon_url}[/]   slots of {wish.slot_seconds} s, "
        f"head at slot {chain.slot}\n\n"
        f"{reports}\n\n"
        f"Try, in another terminal{_and_network(url)}:\n"
        "  .venv/bin/ape run status            the whole protocol on one screen\n"
        "  .venv/bin/ape run stake 10          ether to kETH, as the depositor\n"
        "  .venv/bin/ape run request 2         a ticket for 2 ETH\n"
        "  .venv/bin/ape run claim             paid, after the next report\n"
        "  .venv/bin/ape run operators --help  keys, and validators on the beacon chain\n"
        "  .venv/bin/ape run beacon --help     stop finality, slash, exit, pay MEV\n"
        f"  .venv/bin/ape run report{_and_beacon(beacon_url)}            a report, and the books\n"
        "  .venv/bin/ape run verify --network "
        f"{url}\n\n"
        "Ctrl-C ends the chain.",
        highlight=False,
        soft_wrap=True,
    )


def _and_network(url: str) -> str:
    """What to add to each command when the chain is not where they look for it."""
    return "" if url == DEFAULT_URL else f" (each with --network {url})"


def _and_beacon(url: str) -> str:
    return "" if url == DEFAULT_BEACON_URL else f" --beacon {url}"
