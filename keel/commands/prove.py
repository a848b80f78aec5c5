"""`ape run prove`: show the chain what became of keys."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.beacon_option import beacon_option
from keel.terminal.options import PublicKey, account_option, chain_options, examples


@click.command(
    cls=Command,
    epilog=examples("prove", "prove 0x8666...80d6 --beacon http://localhost:3500"),
)
@click.argument("pubkeys", metavar="[KEY]...", type=PublicKey(), nargs=-1)
@beacon_option
@account_option("stranger")
@chain_options
def cli(
    pubkeys: tuple[bytes, ...],
    beacon_urls: tuple[str, ...],
    account_name: str,
    network: str,
    manifest_path: Path | None,
) -> None:
    """Prove what became of the validators of KEYs, as anybody may. Without KEY: all that is new.

    The proof comes from a beacon state of the nodes and is checked by the chain alone, by the root
    of the beacon block that it knows itself (EIP-4788). Of a predeposited key: that its validator
    pays to Keel, or to somebody else, which freezes its operator. Of a staked one: that it was
    slashed, which closes deposits and exits until a report counts it, or that it has been paid out,
    which releases its part of the bond. A proven or foreign key that is named is proven again where
    a verifier that was replaced called it falsely so. What cannot be proven is named with the
    reason.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.proof_actions import prove_keys

    with connected(network, manifest_path) as connection:
        account = account_named(account_name, connection)
        prove_keys(connection, account, pubkeys, list(beacon_urls))
