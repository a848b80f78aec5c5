"""What `ape run market` does, with Rich on the terminal."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from keel.chain.state import unlocked_accounts
from keel.deploy.actors import cast_actors
from keel.deploy.artifacts import load_artifacts
from keel.deploy.manifest import manifest_path, record_market
from keel.formatting.lines import print_line
from keel.formatting.tables import plain_table
from keel.market.compiled import compile_missing
from keel.market.deployer import Deployer
from keel.market.errors import MarketError
from keel.market.system import Site, System, in_order
from keel.market.systems import SYSTEMS
from keel.terminal.answers import console
from keel.terminal.connection import Connection


def run_deploy(
    connection: Connection, manifest: Path | None, wanted: Sequence[System[Any]]
) -> None:
    """Deploy what is missing and write it down system by system. Raises KeelError."""
    site, screen = site_of(connection), console()
    missing = [each for each in in_order(wanted) if not each.stands(site)]
    for system in in_order(wanted):
        if system not in missing:
            print_line(screen, f"{system.title} stands already.")
    compile_missing((source for each in missing for source in each.sources), screen)
    path = manifest or manifest_path(site.rpc)
    for system in missing:
        _deploy(site, system, screen)
        record_market(path, site.records)
    if missing:
        print_line(screen, f"Manifest: {path}")
        screen.print(status_table(site))


def run_status(connection: Connection) -> None:
    """Print what stands in each system. Raises KeelError."""
    console().print(status_table(site_of(connection)))


def site_of(connection: Connection) -> Site:
    """Bind the chain of a command; raises MarketError for one that is not local."""
    accounts = unlocked_accounts(connection.rpc)
    try:
        actors = cast_actors(accounts)
    except ValueError as error:
        raise MarketError(f"the market needs the accounts of `make chain`: {error}") from error
    return Site(
        contracts=connection.contracts,
        artifacts=load_artifacts(),
        actors=actors,
        deployer=Deployer(connection.rpc, actors["deployer"]),
        records=dict(connection.manifest.market),
    )


def status_table(site: Site) -> Table:
    """One row for each part of each system that stands, one for each system that does not."""
    table = plain_table("system", "part", "address", "state")
    for system in SYSTEMS:
        if not system.stands(site):
            table.add_row(system.name, Text(f"{system.title}: not deployed", "dim"), "", "")
            continue
        for number, line in enumerate(system.status(site, system.found(site))):
            name = "" if number else system.name
            table.add_row(name, line.part, line.address, Text(line.state))
    return table


def _deploy(site: Site, system: System[Any], screen: Console) -> None:
    started, gas, transactions = (
        time.monotonic(),
        site.deployer.gas_used,
        site.deployer.transactions,
    )
    with screen.status(f"Deploying {system.title} ..."):
        site.records[system.name] = system.deploy(site).as_record()
    print_line(
        screen,
        f"{system.title}: {site.deployer.transactions - transactions} transactions, "
        f"{site.deployer.gas_used - gas:,} gas, {time.monotonic() - started:.0f} s",
    )
