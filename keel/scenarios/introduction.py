"""What `ape run chain` says once everything is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from keel.chain.packed import working_root
from keel.chain.state import unlocked_accounts
from keel.consensus.beacon.chain import BeaconChain
from keel.deploy.command import contracts_table
from keel.deploy.manifest import CHAIN_MANIFEST, Manifest
from keel.formatting.lines import print_line
from keel.scenarios.accounts import own_accounts, roles_table

DEFAULT_URL = "http://127.0.0.1:8545"
"""Where the commands of `ape run` look for a chain."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything can be found; None: no page is served, and nothing is kept."""

    execution_url: str
    beacon_url: str
    page_url: str | None
    circle_folder: Path
    manifest_path: Path
    state_folder: Path | None = None


def introduce(
    addresses: Addresses,
    manifest: Manifest,
    chain: BeaconChain,
    processes: Sequence[str],
    console: Console,
) -> None:
    """Print contracts, accounts, addresses, and commands to try."""
    console.print(contracts_table(manifest))
    console.print(roles_table(unlocked_accounts(chain.rpc)))
    for line in own_accounts(chain.rpc):
        print_line(console, line)
    console.print()
    page = f"\n[bold]Page: {addresses.page_url}[/]" if addresses.page_url else ""
    who_runs = escape(_who_runs(addresses, manifest, processes))
    print_line(
        console,
        f"[bold]RPC address: {addresses.execution_url}[/]   chain id {manifest.chain_id}\n"
        f"[bold]Beacon API: {addresses.beacon_url}[/]   slots of {chain.config.slot_seconds} s, "
        f"head at slot {chain.slot}{page}\n\n"
        f"{who_runs}\n\n"
        f"{escape(_try(addresses))}\n\n"
        f"Ctrl-C ends everything{escape(_kept(addresses))}.\n",
        markup=True,
    )


def _kept(addresses: Addresses) -> str:
    folder = addresses.state_folder
    if folder is None:
        return ""
    return f" and saves it in {folder}: the next start with it goes on from there"


def _who_runs(addresses: Addresses, manifest: Manifest, processes: Sequence[str]) -> str:
    frame_seconds = manifest.configuration.parameters.frame_seconds
    reporters = [name for name in processes if name.startswith("reporter")]
    started = f"Starting as processes: {', '.join(processes)}." if processes else "Nothing starts."
    logs = f"Their logs are {addresses.circle_folder}/*/log." if processes else ""
    reports = (
        f"Reporters agree on each frame ({frame_seconds} s) once it is final."
        if reporters
        else f"Nobody reports: deposits close after three frames of {frame_seconds} s."
    )
    return " ".join(part for part in (started, logs, reports) if part)


def _try(addresses: Addresses) -> str:
    options = []
    if addresses.execution_url != DEFAULT_URL:
        options.append(f"--network {addresses.execution_url}")
    if addresses.manifest_path.absolute() != working_root() / ".keel" / CHAIN_MANIFEST:
        options.append(f"--manifest {addresses.manifest_path}")
    where = f" (each with {' '.join(options)})" if options else ""
    return (
        f"Try, in another terminal{where}:\n"
        "  .venv/bin/keel stake 33          ether to kETH; a validator follows\n"
        "  .venv/bin/keel status            the whole protocol on one screen\n"
        "  .venv/bin/keel request 30        a ticket: the validator leaves and pays it\n"
        "  .venv/bin/keel claim             paid, after exit and sweep\n"
        "  .venv/bin/keel operators --help  keys of your own\n"
        "  .venv/bin/keel beacon --help     stop finality, slash, exit, pay MEV\n"
        "  .venv/bin/keel verify            compare the chain with its plan"
    )
