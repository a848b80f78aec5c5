"""`ape run chain`: a local chain with Keel on it, until Ctrl-C."""

import signal
import threading

from rich.console import Console

from keel.chain.anvil import Anvil, AnvilOptions, start_anvil
from keel.chain.state import block_head, unlocked_accounts
from keel.chain.system_contracts import install_system_contracts
from keel.deploy.actors import ACTORS, cast_actors, local_configuration
from keel.deploy.artifacts import Artifacts
from keel.deploy.command import (
    FIRST_RELEASE,
    accounts_table,
    contracts_table,
    deploy_and_record,
)
from keel.deploy.manifest import Manifest
from keel.deploy.plan import make_plan
from keel.deploy.profiles import PROFILES
from keel.deploy.sender import NodeSender

_DEFAULT_URL = "http://127.0.0.1:8545"
"""Where the commands of `ape run` look for a chain."""


def options_of_chain(port: int) -> AnvilOptions:
    """How Anvil is started for people: an account for each actor."""
    return AnvilOptions(port=port, accounts=len(ACTORS))


def prepare_chain(
    anvil: Anvil, artifacts: Artifacts, console: Console, profile: str = "local"
) -> Manifest:
    """Install Ethereum's own contracts, deploy and verify Keel."""
    install_system_contracts(anvil.rpc)
    actors = cast_actors(unlocked_accounts(anvil.rpc))
    genesis_time = block_head(anvil.rpc, 0).timestamp
    config = local_configuration(actors, genesis_time, PROFILES[profile], FIRST_RELEASE)
    plan = make_plan(config, actors["deployer"], artifacts)
    sender = NodeSender(anvil.rpc, actors["deployer"])
    return deploy_and_record(anvil.rpc, plan, sender, artifacts, console)


def run_chain(port: int, profile: str, artifacts: Artifacts, console: Console) -> None:
    """Keep a chain up until Ctrl-C or SIGTERM, then end it."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with start_anvil(options_of_chain(port)) as anvil:
        manifest = prepare_chain(anvil, artifacts, console, profile)
        _introduce(anvil, manifest, console)
        stop.wait()
    console.print("The chain has ended.")


def _introduce(anvil: Anvil, manifest: Manifest, console: Console) -> None:
    console.print(contracts_table(manifest))
    console.print(accounts_table(unlocked_accounts(anvil.rpc)))
    console.print(
        f"[bold]RPC address: {anvil.url}[/]   chain id {manifest.chain_id}\n\n"
        f"Try, in another terminal{_and_network(anvil.url)}:\n"
        "  .venv/bin/ape run status            the whole protocol on one screen\n"
        "  .venv/bin/ape run stake 10          ether to kETH, as the depositor\n"
        "  .venv/bin/ape run request 2         a ticket for 2 ETH\n"
        "  .venv/bin/ape run report            the committee's report of the next frame\n"
        "  .venv/bin/ape run claim             paid\n"
        "  .venv/bin/ape run verify --network "
        f"{anvil.url}\n\n"
        "Ctrl-C ends the chain.",
        highlight=False,
        soft_wrap=True,
    )


def _and_network(url: str) -> str:
    """What to add to each command when the chain is not where they look for it."""
    return "" if url == _DEFAULT_URL else f" (each with --network {url})"
