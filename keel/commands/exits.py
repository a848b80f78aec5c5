"""`ape run exits`: what is asked of the beacon chain for Keel's validators (rules REQ)."""

from pathlib import Path

import click

from keel.formatting.commands import Commands
from keel.terminal.beacon_option import beacon_option
from keel.terminal.options import Ether, PublicKey, account_option, chain_options, examples

_GWEI_DECIMALS = 9
_MANAGER = "operator_manager_1"
_keys = click.argument("pubkeys", metavar="KEY...", type=PublicKey(), nargs=-1, required=True)


@click.group(
    cls=Commands,
    epilog=examples(
        "exits list",
        "exits request 0x8666...80d6 --account operator_manager_1",
        "exits note",
        "exits end",
        "exits watch 0x8666...80d6",
        "exits withdraw 0x8666...80d6 4.5",
        "exits consolidate 0x8666...80d6 0x93e1...0c7a",
    ),
)
def cli() -> None:
    """Ask the beacon chain for exits, and show those that are under way.

    There is no role for this. Anybody may ask, with a proof, for what docs/design.md allows (REQ),
    and pays the fee of the request, some wei as a rule. Keepers request what tickets need, note and
    end, and watch. To withdraw and to consolidate is for operators' managers.
    """


@cli.command("list")
@chain_options
def list_exits(network: str, manifest_path: Path | None) -> None:
    """Show what tickets lack, which operators can be asked, and the exits under way."""
    from keel.terminal.answers import show
    from keel.terminal.connection import connected
    from keel.terminal.exit_actions import exits_shown

    with connected(network, manifest_path) as connection:
        show(exits_shown(connection))


@cli.command("request")
@_keys
@beacon_option
@account_option("stranger")
@chain_options
def request(
    pubkeys: tuple[bytes, ...],
    beacon_urls: tuple[str, ...],
    account_name: str,
    network: str,
    manifest_path: Path | None,
) -> None:
    """Ask for the exit of the validators of KEYs (EIP-7002).

    Its operator's manager may always ask. Anybody else may if the oracle is dead, the operator is
    frozen, the validator was shown to be absent (`exits watch`), or tickets lack ether and the
    operator is not below its target: `exits list` shows that. All but managers together
    can ask for a tenth of all validators a day, and for 100 at least. The validator must have been
    active for 256 epochs (a day on mainnet).

    The chain ignores a request while a partial withdrawal is pending, and says nothing. Then ask
    again: that needs no reason.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.exit_actions import request_exits

    with connected(network, manifest_path) as connection:
        account = account_named(account_name, connection)
        request_exits(connection, account, pubkeys, list(beacon_urls))


@cli.command("note")
@beacon_option
@account_option("stranger")
@chain_options
def note(
    beacon_urls: tuple[str, ...], account_name: str, network: str, manifest_path: Path | None
) -> None:
    """Show every exit that nobody asked for here, as when an operator began it itself.

    From then on its ether counts as on its way, so no other validator is asked in its place.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.exit_actions import note_exits

    with connected(network, manifest_path) as connection:
        note_exits(connection, account_named(account_name, connection), list(beacon_urls))


@cli.command("end")
@account_option("stranger")
@chain_options
def end(account_name: str, network: str, manifest_path: Path | None) -> None:
    """Take validators that were paid out or slashed out of what is on its way.

    The registry must have the proof: `keel prove` gives it.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.exit_actions import end_exits

    with connected(network, manifest_path) as connection:
        end_exits(connection, account_named(account_name, connection))


@cli.command("watch")
@_keys
@beacon_option
@account_option("stranger")
@chain_options
def watch(
    pubkeys: tuple[bytes, ...],
    beacon_urls: tuple[str, ...],
    account_name: str,
    network: str,
    manifest_path: Path | None,
) -> None:
    """Show balances of validators that do nothing, below 32 ETH each.

    Give it once, and again after 7 frames (7 days on mainnet): a validator that lost in that time
    what absence costs is inactive, and for one frame anybody may ask for its exit. Keepers do
    this too.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.exit_actions import note_balances

    with connected(network, manifest_path) as connection:
        account = account_named(account_name, connection)
        note_balances(connection, account, pubkeys, list(beacon_urls))


@cli.command("withdraw")
@click.argument("pubkey", metavar="KEY", type=PublicKey())
@click.argument("amount", type=Ether(_GWEI_DECIMALS))
@account_option(_MANAGER)
@chain_options
def withdraw(
    pubkey: bytes, amount: int, account_name: str, network: str, manifest_path: Path | None
) -> None:
    """Ask for AMOUNT ETH of a validator with 0x02 credentials, as its operator's manager.

    The chain leaves 32 ETH. What it pays comes to WithdrawalVault, as all of Keel's withdrawals.
    Nothing can be asked for once an exit is under way.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.exit_actions import withdraw_part

    with connected(network, manifest_path) as connection:
        withdraw_part(connection, account_named(account_name, connection), pubkey, amount)


@cli.command("consolidate")
@click.argument("source", type=PublicKey())
@click.argument("target", type=PublicKey())
@account_option(_MANAGER)
@chain_options
def consolidate(
    source: bytes, target: bytes, account_name: str, network: str, manifest_path: Path | None
) -> None:
    """Let the validator of SOURCE join that of TARGET (EIP-7251), as the manager of both.

    The same key twice switches its validator to 0x02 credentials, which TARGET needs. The source
    exits, and its ether moves to the target without ever being paid out; once the registry has the
    proof that the source is empty (`keel prove`), its part of the bond is the target's (KEY-11).
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.exit_actions import consolidate_keys

    with connected(network, manifest_path) as connection:
        consolidate_keys(connection, account_named(account_name, connection), source, target)
