"""A chain that mines on request, and an account with ether on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from keel.chain.anvil import AnvilOptions, start_anvil
from keel.chain.rpc import RpcClient
from keel.chain.state import set_balance_wei
from keel.wallet.fees import FeePolicy
from keel.wallet.sender import Sender

CHAIN_ID = 31337
GWEI = 10**9
POLICY = FeePolicy(max_fee_wei=100 * GWEI, priority_fee_wei=GWEI, patience_slots=3)

type MakeSender = Callable[..., Sender]


@pytest.fixture
def rpc() -> Iterator[RpcClient]:
    with start_anvil(AnvilOptions(mining=False, base_fee_wei=GWEI)) as anvil:
        yield anvil.rpc


@pytest.fixture
def reporter_account(rpc: RpcClient) -> LocalAccount:
    account: LocalAccount = Account.create()
    set_balance_wei(rpc, account.address, 10**18)
    return account


@pytest.fixture
def make_sender(rpc: RpcClient, reporter_account: LocalAccount, tmp_path: Path) -> MakeSender:
    """A sender; a second one is the same service after a restart."""

    def make(policy: FeePolicy = POLICY) -> Sender:
        return Sender(rpc, reporter_account, CHAIN_ID, policy, tmp_path / "sent.json")

    return make
