"""Deploy and send on nodes that know neither `pending` nor what fees are usual."""

from typing import Any

import ape
import pytest

from keel.chain.anvil import Anvil
from keel.chain.rpc import RpcClient
from keel.chain.state import nonce, unlocked_accounts
from keel.deploy.errors import SendingError
from keel.deploy.manifest import manifest_path
from keel.deploy.sender import ApeSender
from tests.acceptance.limited_nodes import lacking, method_of
from tests.acceptance.test_commands import ape_run, bare_anvil
from tests.deployment import Keel
from tests.unit.nodes.node_servers import serving

__all__ = ["bare_anvil"]

_FEE_METHODS = ("eth_maxPriorityFeePerGas", "eth_feeHistory", "eth_gasPrice")


def _refuses(request: Any) -> bool:
    return "pending" in request["params"] or method_of(*_FEE_METHODS)(request)


def test_the_command_deploys_all_of_keel(bare_anvil: Anvil) -> None:
    with serving(lacking(bare_anvil.url, _refuses)) as url:
        done = ape_run("deploy", "--network", url, "--account", "TEST::0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Verified" in done.stdout
    assert manifest_path(bare_anvil.rpc).is_file()


@pytest.mark.parametrize("refuses", [_refuses, lambda _: False], ids=["limited", "whole"])
def test_a_transaction_gets_the_next_nonce_and_fees_that_a_block_takes(
    keel: Keel, refuses: Any
) -> None:
    account = ape.accounts.test_accounts[0]
    with serving(lacking(keel.rpc.url, refuses)) as url, RpcClient(url) as rpc:
        before = nonce(keel.rpc, account.address)
        for _ in range(2):
            sent = ApeSender(account, rpc).send(unlocked_accounts(keel.rpc)[1], b"", 7)
            assert sent.gas_used == 21_000
        assert nonce(keel.rpc, account.address) == before + 2


def test_what_cannot_be_estimated_or_paid_is_one_line_and_not_sent(keel: Keel) -> None:
    account = ape.accounts.test_accounts[0]
    sender, vault = ApeSender(account, keel.rpc), keel.plan.addresses["StakingVault"]
    before = nonce(keel.rpc, account.address)
    for data, value_wei in ((b"\xff" * 4, 0), (b"", 10**40)):
        with pytest.raises(SendingError) as caught:
            sender.send(vault, data, value_wei)
        assert "\n" not in str(caught.value)
        assert f"the transaction to {vault} failed: " in str(caught.value)
    assert nonce(keel.rpc, account.address) == before
