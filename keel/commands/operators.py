"""`ape run operators`: operators and their keys."""

from collections.abc import Callable
from pathlib import Path

import click

from keel.deploy.profiles import USUAL_COMMISSION_BPS
from keel.formatting.commands import Commands, Integer
from keel.model.constants import LEAST_COMMISSION_BPS, MOST_OPERATORS_BPS
from keel.terminal.beacon_option import beacon_option
from keel.terminal.options import (
    PublicKey,
    account_option,
    chain_options,
    examples,
    password_options,
)


@click.group(
    cls=Commands,
    epilog=examples(
        "operators add Harbour --manager operator_manager_1",
        "operators make-keys --new --count 4 .keel/keys",
        "operators predeposit .keel/keys/deposit_data-*.json",
        "operators stake",
        "operators commission 0 700",
        "operators list",
    ),
)
def cli() -> None:
    """Add operators, set commissions, create, predeposit and drop keys, stake, and stake more."""


@cli.command("list")
@chain_options
def list_operators(network: str, manifest_path: Path | None) -> None:
    """Show each operator: validators, keys that wait, bond, limit, target share, commission."""
    from keel.terminal.answers import show
    from keel.terminal.connection import connected
    from keel.terminal.operator_actions import operators_table

    with connected(network, manifest_path) as connection:
        show(operators_table(connection))


@cli.command("add")
@click.argument("name")
@click.option(
    "--manager", required=True, help="Who may predeposit keys: an address, account or actor."
)
@click.option("--reward-address", help="Who receives rewards; by default the manager.")
@click.option("--limit", type=Integer(0, 2**32 - 1), default=1_000, show_default=True)
@click.option(
    "--target-bps",
    type=Integer(0, 10_000),
    default=10_000,
    show_default=True,
    help="Share of all validators that the operator may have.",
)
@click.option(
    "--commission-bps",
    type=Integer(LEAST_COMMISSION_BPS, MOST_OPERATORS_BPS),
    default=USUAL_COMMISSION_BPS,
    show_default=True,
    help="Share of the profit of its validators that the operator asks for.",
)
@account_option("council")
@chain_options
def add(
    *,
    name: str,
    manager: str,
    reward_address: str | None,
    limit: int,
    target_bps: int,
    commission_bps: int,
    account_name: str,
    network: str,
    manifest_path: Path | None,
) -> None:
    """Add operator NAME. The account needs the role ADMISSION."""
    from keel.terminal.connection import account_named, address_named, connected
    from keel.terminal.operator_actions import add_operator

    with connected(network, manifest_path) as connection:
        add_operator(
            connection,
            account_named(account_name, connection),
            name,
            manager=address_named(manager, connection),
            reward_address=address_named(reward_address or manager, connection),
            limit=limit,
            target_bps=target_bps,
            commission_bps=commission_bps,
        )


@cli.command("commission")
@click.argument("operator_id", metavar="ID", type=Integer(min=0))
@click.argument(
    "commission_bps", metavar="BPS", type=Integer(LEAST_COMMISSION_BPS, MOST_OPERATORS_BPS)
)
@account_option("operator_manager_1")
@chain_options
def commission(
    *,
    operator_id: int,
    commission_bps: int,
    account_name: str,
    network: str,
    manifest_path: Path | None,
) -> None:
    """Set the commission of operator ID: 500 to 1,400 BPS of the profit of its validators.

    A lower one is in force at once, a higher one 14 frames later; either replaces a change that
    still waits. Only the operator's manager may.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.operator_actions import set_commission

    with connected(network, manifest_path) as connection:
        account = account_named(account_name, connection)
        set_commission(connection, account, operator_id, commission_bps)


@cli.command("make-keys")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--count", type=Integer(1, 1_000), default=1, show_default=True)
@click.option("--first", type=Integer(0, 2**31), default=0, help="Index of the first key.")
@click.option("--new", is_flag=True, help="Create a new mnemonic and show it.")
@click.option(
    "--mnemonic-file",
    type=click.Path(path_type=Path),
    help="File with the mnemonic; the first four letters of each word are enough.",
)
@password_options("the keystores", is_new=True)
@click.option(
    "--kdf",
    type=click.Choice(["scrypt", "pbkdf2"]),
    default="scrypt",
    show_default=True,
    help="scrypt takes a second and 256 MiB for each key; pbkdf2 takes less of both.",
)
@click.option(
    "--compounding",
    "is_compounding",
    is_flag=True,
    help="With 0x02 withdrawal credentials: the validators can hold up to 2,048 ETH.",
)
@chain_options
def make_keys(
    *,
    folder: Path,
    count: int,
    first: int,
    new: bool,
    mnemonic_file: Path | None,
    ask_password: Callable[[], str],
    kdf: str,
    is_compounding: bool,
    network: str,
    manifest_path: Path | None,
) -> None:
    """Write EIP-2335 keystores and deposit data of 1 ETH for Keel's credentials into FOLDER."""
    from keel.consensus.keystores import Pbkdf2Cost, ScryptCost
    from keel.consensus.mnemonics import whole_mnemonic
    from keel.files.text_files import read_private_text
    from keel.terminal.connection import connected
    from keel.terminal.faults import one_line_faults
    from keel.terminal.key_actions import KeyWish
    from keel.terminal.key_actions import make_keys as write_keys

    if new == (mnemonic_file is not None):
        raise click.UsageError("give either --new or --mnemonic-file")
    with one_line_faults():
        mnemonic = whole_mnemonic(read_private_text(mnemonic_file)) if mnemonic_file else None
    password = ask_password()
    cost = ScryptCost() if kdf == "scrypt" else Pbkdf2Cost()
    with connected(network, manifest_path) as connection:
        wish = KeyWish(folder, count, first, mnemonic, password, cost, is_compounding)
        write_keys(connection, wish)


@cli.command("predeposit")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--operator", "operator_id", type=Integer(min=0), help="Id of the operator.")
@account_option("operator_manager_1")
@chain_options
def predeposit(
    file: Path,
    operator_id: int | None,
    account_name: str,
    network: str,
    manifest_path: Path | None,
) -> None:
    """Predeposit the keys of FILE with 1 ETH of your own each.

    Their withdrawal credentials are Keel's, all of type 0x01 or all of type 0x02.

    FILE is a deposit_data-*.json as Ethereum's deposit tools write it. Everything is checked before
    anything is sent: lengths, both roots, the BLS signature, amount, withdrawal credentials (they
    must be Keel's), network and fork version, and keys that occur twice or were predeposited
    before. Each fault names entry, field, value and what is expected; then the exit code is 2. A
    transaction takes at most 100 keys.
    """
    from keel.consensus.deposit_data import read_deposit_data
    from keel.terminal.connection import account_named, connected
    from keel.terminal.faults import one_line_faults
    from keel.terminal.key_actions import predeposit_keys

    with one_line_faults():
        entries = read_deposit_data(file)
    with connected(network, manifest_path) as connection:
        account = account_named(account_name, connection)
        predeposit_keys(connection, account, file.name, entries, operator_id)


@cli.command("drop")
@click.argument("pubkeys", metavar="KEY...", type=PublicKey(), nargs=-1, required=True)
@click.option("--operator", "operator_id", type=Integer(min=0), help="Id of the operator.")
@account_option("operator_manager_1")
@chain_options
def drop(
    pubkeys: tuple[bytes, ...],
    operator_id: int | None,
    account_name: str,
    network: str,
    manifest_path: Path | None,
) -> None:
    """Take back keys that are not staked, by their public keys; for good.

    The 1 ETH of each stays with its validator and is lost to the operator.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.key_actions import drop_keys

    with connected(network, manifest_path) as connection:
        drop_keys(connection, account_named(account_name, connection), pubkeys, operator_id)


@cli.command("stake")
@click.option("--most", type=Integer(min=1), help="Stake at most this many validators.")
@account_option("depositor")
@chain_options
def stake(most: int | None, account_name: str, network: str, manifest_path: Path | None) -> None:
    """Stake free ether on proven keys, operators in turn, as anybody may."""
    from keel.terminal.connection import account_named, connected
    from keel.terminal.key_actions import stake_keys

    with connected(network, manifest_path) as connection:
        stake_keys(connection, account_named(account_name, connection), most)


@cli.command("stake-more")
@click.argument("pubkey", metavar="KEY", type=PublicKey())
@click.option(
    "--times",
    "parts",
    type=Integer(1, 63),
    default=1,
    show_default=True,
    help="How often 32 ETH; a validator holds 64 times that at most.",
)
@click.option("--operator", "operator_id", type=Integer(min=0), help="Id of the operator.")
@beacon_option
@account_option("operator_manager_1")
@chain_options
def stake_more(
    *,
    pubkey: bytes,
    parts: int,
    operator_id: int | None,
    beacon_urls: tuple[str, ...],
    account_name: str,
    network: str,
    manifest_path: Path | None,
) -> None:
    """Stake 32 ETH more on the validator of KEY: 1 ETH of your own, 31 of the pool.

    The validator must be staked, have 0x02 withdrawal credentials, and neither be slashed nor
    leaving; a beacon state of the nodes proves that. Each 32 ETH count as a validator for target,
    limit and bond.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.more_stake import MoreStake
    from keel.terminal.more_stake import stake_more as stake_on

    with connected(network, manifest_path) as connection:
        account = account_named(account_name, connection)
        stake_on(connection, account, MoreStake(pubkey, parts, operator_id), list(beacon_urls))
