"""What `make chain` says of funded accounts, on a terminal of 80 columns."""

import re
from collections.abc import Iterator
from io import StringIO

import pytest
from eth_account import Account
from rich.console import Console, Group, RenderableType

from keel.chain.anvil import AnvilOptions, start_anvil
from keel.chain.rpc import RpcClient
from keel.chain.state import set_balance_wei, unlocked_accounts
from keel.deploy.actors import ACTORS, OPERATOR_MANAGERS, POWERFUL, USERS
from keel.model.constants import ETHER
from keel.scenarios.accounts import own_accounts, roles_table

_COLUMNS = 80
_OWN = re.compile(r"(\w+)  TEST::(\d+)  (\S+) ETH\n  address  (0x\w{40})\n  key      (0x\w{64})\n")


@pytest.fixture(scope="module")
def rpc() -> Iterator[RpcClient]:
    with start_anvil(AnvilOptions(accounts=len(ACTORS))) as anvil:
        yield anvil.rpc


def _shown(what: RenderableType) -> str:
    screen = StringIO()
    Console(file=screen, width=_COLUMNS).print(what, highlight=False)
    return screen.getvalue()


def test_own_accounts_come_with_the_keys_and_balances_of_the_chain(rpc: RpcClient) -> None:
    accounts = unlocked_accounts(rpc)
    set_balance_wei(rpc, accounts[ACTORS.index("holder")], 7 * ETHER)
    shown = _OWN.findall(_shown(Group(*own_accounts(rpc))))
    assert [name for name, *_ in shown] == list(USERS)
    for name, number, has, address, key in shown:
        assert address == accounts[int(number)] == Account.from_key(key).address
        assert has == ("7" if name == "holder" else "10,000")


def test_accounts_of_roles_stand_apart_and_show_no_key(rpc: RpcClient) -> None:
    accounts = unlocked_accounts(rpc)
    roles, own = _shown(roles_table(accounts)), _shown(Group(*own_accounts(rpc)))
    for name, address in zip(ACTORS, accounts, strict=True):
        plays = name in {"deployer", *POWERFUL, *OPERATOR_MANAGERS}
        assert bool(re.search(rf"^ *{name} +{address}\b", roles, re.MULTILINE)) == plays
        assert (address in own) != plays
    assert not re.search(r"0x\w{64}", roles)


def test_no_word_is_broken_at_80_columns(rpc: RpcClient) -> None:
    shown = _shown(roles_table(unlocked_accounts(rpc)))
    for role in ("COMMITTEE", "OPERATORS", "GUARDIAN"):
        assert re.search(rf"\b{role}\b", shown), shown
    assert "…" not in shown
