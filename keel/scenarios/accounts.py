"""The funded accounts of a local chain: which are the user's own, and which play roles."""

from collections.abc import Sequence

from rich import box
from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from keel.chain.anvil import TEST_MNEMONIC
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei
from keel.circle.keys import account_of
from keel.deploy.actors import ACTORS, USERS, cast_actors, local_configuration
from keel.deploy.command import address_column
from keel.deploy.roles import ROLES
from keel.formatting.amounts import shown_ether


def own_accounts(rpc: RpcClient) -> Group:
    """Mnemonic, keys and balances of the accounts that are the user's; 80 columns hold them."""
    lines = [
        Text("Your accounts: no service sends from them", "italic"),
        Text(f"mnemonic: {TEST_MNEMONIC}"),
    ]
    for name in USERS:
        account = account_of(name)
        has = f"{shown_ether(balance_wei(rpc, account.address))} ETH"
        lines += [
            Text.assemble((name, "bold"), f"  TEST::{ACTORS.index(name)}  {has}"),
            Text(f"  address  {account.address}"),
            Text(f"  key      0x{account.key.hex().removeprefix('0x')}"),
        ]
    return Group(*lines)


def roles_table(accounts: Sequence[str]) -> Table:
    """The accounts that play roles, with their roles."""
    actors = [name for name in ACTORS if name not in USERS]
    # Names are typed as shown here (`--account oracle_member_1`): none is cut short.
    table = Table(
        Column("account", no_wrap=True, min_width=max(map(len, actors))),
        address_column(),
        "roles",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        title="Accounts with roles: services and operators send from them",
        title_justify="left",
    )
    addresses = cast_actors(accounts)
    holders = local_configuration(addresses, 2**32).holders
    for actor in actors:
        roles = [role.name for role in ROLES if actor in holders[role.name]]
        table.add_row(actor, addresses[actor], ", ".join(roles))
    return table
