"""`ape run market`: real systems around Keel on a local chain."""

from pathlib import Path

import click

from keel.formatting.commands import Command, Commands
from keel.terminal.options import chain_options, examples


@click.group(cls=Commands)
def cli() -> None:
    """Deploy the systems that use kETH and wkETH, and show what stands in them.

    The systems are the real ones, from the packages that their makers publish: `make market-setup`
    installs them. They need a local chain, as that of `make chain`.
    """


@cli.command(cls=Command, epilog=examples("market deploy", "market deploy uniswap morpho"))
@click.argument("systems", nargs=-1, metavar="[SYSTEM]...")
@chain_options
def deploy(systems: tuple[str, ...], network: str, manifest_path: Path | None) -> None:
    """Deploy each SYSTEM, by default all, with whatever it needs.

    `market status` lists their names. What stands already is not deployed again, so an
    interrupted run goes on. The deployer of the local chain pays, and stakes what a system needs
    to begin with. What a package brings as source is compiled the first time, which takes up to
    some minutes, and kept in .cache/market. The addresses go into the chain's manifest.
    """
    from keel.market.command import run_deploy
    from keel.market.systems import systems_named
    from keel.terminal.connection import connected

    chosen = systems_named(systems)
    with connected(network, manifest_path) as connection:
        run_deploy(connection, manifest_path, chosen)


@cli.command(cls=Command, epilog=examples("market status"))
@chain_options
def status(network: str, manifest_path: Path | None) -> None:
    """Show each system: its addresses, and what stands in it."""
    from keel.market.command import run_status
    from keel.terminal.connection import connected

    with connected(network, manifest_path) as connection:
        run_status(connection)


@cli.command(cls=Command, epilog=examples("market story", "market story peg slashing"))
@click.argument("names", nargs=-1, metavar="[NAME]...")
def story(names: tuple[str, ...]) -> None:
    """Live each story NAME, by default all, and print what everybody gained and lost.

    loop: stake what was borrowed. peg: a large holder sells while the queue is long. slashing: a
    tenth is lost while pools hold the old price. yield: principal and yield until they mature.
    restaking: a network slashes. solo: the same ether staked alone. Each has a chain of its own
    that ends with it, so no chain needs to run. All together are written to docs/market.md.
    """
    from keel.market.stories.command import run_stories
    from keel.market.stories.stories import stories_named
    from keel.terminal.faults import one_line_faults

    chosen = stories_named(names)
    with one_line_faults():
        run_stories(chosen)
