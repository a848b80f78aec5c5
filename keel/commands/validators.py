"""`ape run validators`: every key, how far it came, and what may be done next."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import chain_options, examples


@click.command(cls=Command, epilog=examples("validators"))
@chain_options
def cli(network: str, manifest_path: Path | None) -> None:
    """List every key that was predeposited: operator, stage, validator, and what may be done next.

    Stages are predeposited, proven, staked and withdrawn. A foreign key pays to somebody else, a
    dropped one was taken back; neither is staked. A slashed one was staked before. Parts are how
    often 32 ETH were staked on a key.
    """
    from keel.terminal.answers import show
    from keel.terminal.connection import connected
    from keel.terminal.key_actions import validators_table

    with connected(network, manifest_path) as connection:
        show(validators_table(connection))
