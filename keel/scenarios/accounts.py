"""The funded accounts of a local chain: which are the user's own, and which play roles."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from keel.chain.anvil import TEST_MNEMONIC
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei
from keel.circle.keys import account_of
from keel.deploy.actors import ACTORS, USERS, cast_actors, local_configuration
from keel.deploy.roles import ROLES
from keel.formatting.amounts import shown_ether
from keel.formatting.tables import plain_table


def own_accounts(rpc: RpcClient) -> list[Text]:
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
    return lines


def roles_table(accounts: Sequence[str]) -> Table:
    """The accounts that play roles, with their roles."""
    actors = [name for name in ACTORS if name not in USERS]
    title = "Accounts with roles: services and operators send from them"
    table = plain_table("account", "address", "roles", title=title)
    addresses = cast_actors(accounts)
    holders = local_configuration(addresses, 2**32).holders
    for actor in actors:
        roles = [role.name for role in ROLES if actor in holders[role.name]]
        table.add_row(actor, addresses[actor], ", ".join(roles))
    return table
