"""Whatever a pool answers in any client's words, only what is void leaves the journal."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import Any

import httpx
import orjson
import pytest
from eth_account import Account

from keel.chain.anvil import AnvilOptions, start_anvil
from keel.chain.clock import mine
from keel.chain.errors import RpcError
from keel.chain.refusals import Refusal
from keel.chain.rpc import RpcClient
from keel.chain.state import set_balance_wei, set_runtime_code
from keel.nodes.agreed_rpc import AgreedRpc
from keel.nodes.errors import NoAgreementError
from keel.nodes.panel import Backoff
from keel.wallet.errors import InsufficientFundsError, TransactionRefusedError
from keel.wallet.outcomes import Outcome
from keel.wallet.sender import Sender
from tests.robustness.client_table import each_row
from tests.unit.nodes.node_servers import Answer, serving, silent
from tests.unit.wallet.conftest import CHAIN_ID, GWEI, POLICY
from tests.unit.wallet.pool import RECEIVER, send_elsewhere

SEND = "eth_sendRawTransaction"
INTERNAL = {"code": -32603, "message": "Internal error"}
NONCE_USED = {"code": -32000, "message": "nonce too low"}
INVALID = {"code": -32000, "message": "intrinsic gas too low"}


@dataclass
class Node:
    """A node before the chain that refuses some methods, though it may take the request."""

    chain: str
    refusals: dict[str, dict[str, Any]] = field(default_factory=dict)
    takes: bool = False

    def __call__(self, _path: str, body: bytes) -> Answer:
        asked = orjson.loads(body)
        refusal = None if isinstance(asked, list) else self.refusals.get(asked["method"])
        if refusal is None or self.takes:
            said = _CHAIN.post(self.chain, content=body).content
        if refusal is None:
            return Answer(said)
        return Answer(orjson.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": refusal}))


_CHAIN = httpx.Client(headers={"Content-Type": "application/json"}, trust_env=False)

type Place = Callable[..., Sender]


@pytest.fixture(scope="module")
def chain() -> Iterator[RpcClient]:
    with start_anvil(AnvilOptions(mining=False, base_fee_wei=GWEI)) as anvil:
        yield anvil.rpc


@pytest.fixture
def node(chain: RpcClient) -> Node:
    return Node(chain.url)


@pytest.fixture
def sender(chain: RpcClient, node: Node, tmp_path: Path) -> Iterator[Sender]:
    """Of a new account, with one node."""
    with serving(node) as url, AgreedRpc([url], 1, 2.0) as rpc:
        yield _sender(chain, rpc, tmp_path)


def _sender(chain: RpcClient, rpc: RpcClient, folder: Path) -> Sender:
    account = Account.create()
    set_balance_wei(chain, account.address, 10**18)
    return Sender(rpc, account, CHAIN_ID, POLICY, folder / "sent.json")


@each_row("pools")
def test_each_wording_means_what_the_table_says(
    row: dict[str, Any], chain: RpcClient, node: Node, sender: Sender
) -> None:
    node.refusals[SEND] = {"code": row["code"], "message": row["message"]}
    means = Refusal[row["means"]]
    if means in (Refusal.FUNDS, Refusal.INVALID):
        kind = InsufficientFundsError if means is Refusal.FUNDS else TransactionRefusedError
        with pytest.raises(kind):
            sender.submit(RECEIVER, b"", 5)
        assert sender.waiting == ()
        return
    sent = sender.submit(RECEIVER, b"", 5)
    assert sender.waiting == (sent,)
    assert (len(sent.hashes) > 1) == (means is Refusal.UNDERPRICED)
    is_unclear = means in (Refusal.UNKNOWN, Refusal.NONCE_USED)
    assert (sender.unclear is not None) == is_unclear
    if is_unclear:
        assert row["message"] in str(sender.unclear)
    node.refusals.clear()
    sender.tend(1)
    assert sender.unclear is None
    mine(chain)
    assert [each.outcome for each in sender.tend(2)] == [Outcome.MINED]


def test_what_a_failing_gateway_took_is_mined_and_never_sent_twice(
    chain: RpcClient, node: Node, sender: Sender
) -> None:
    node.refusals[SEND], node.takes = INTERNAL, True
    sent = sender.submit(RECEIVER, b"", 5)
    assert sender.unclear is not None
    mine(chain)
    (settled,) = sender.tend(1)
    assert (settled.outcome, settled.sent) == (Outcome.MINED, sent)
    assert sender.unclear is None


def test_a_node_that_fails_to_estimate_refuses_nothing(node: Node, sender: Sender) -> None:
    node.refusals["eth_estimateGas"] = {"code": -32000, "message": "header not found"}
    with pytest.raises(RpcError, match="header not found"):
        sender.submit(RECEIVER, b"", 5)
    with pytest.raises(RpcError, match="header not found"):
        sender.check_affordable(RECEIVER, b"", 5)
    assert sender.waiting == ()
    assert sender.lacking is None


def test_a_revert_that_speaks_of_funds_is_a_revert(
    chain: RpcClient, node: Node, sender: Sender
) -> None:
    node.refusals["eth_estimateGas"] = {
        "code": -32000,
        "message": "execution reverted: insufficient funds",
        "data": "0x",
    }
    with pytest.raises(TransactionRefusedError, match="insufficient funds"):
        sender.submit(RECEIVER, b"", 5)
    assert sender.lacking is None


def test_a_nonce_that_somebody_else_used_is_left_to_him(
    chain: RpcClient, node: Node, tmp_path: Path
) -> None:
    """The node is a block ahead of the head that was agreed on when the nonce was read."""
    account = Account.create()
    set_balance_wei(chain, account.address, 10**18)
    with serving(node) as url, AgreedRpc([url], 1, 2.0) as rpc:
        sender = Sender(rpc, account, CHAIN_ID, POLICY, tmp_path / "sent.json")
        with rpc.pinned():
            send_elsewhere(chain, account, 0, 90 * GWEI)
            mine(chain)
            sent = sender.submit(RECEIVER, b"", 5)
            assert (sent.nonce, sender.unclear is None) == (0, False)
        assert sender.tend(1) == []
        assert [each.outcome for each in sender.tend(2)] == [Outcome.REPLACED]
        assert sender.submit(RECEIVER, b"", 5).nonce == 1


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1)])
def test_of_several_pools_a_final_refusal_counts_only_when_no_other_may_have_taken_it(
    chain: RpcClient, tmp_path: Path, order: tuple[int, ...]
) -> None:
    set_runtime_code(chain, RECEIVER, b"")
    nodes = [Node(chain.url, {SEND: INVALID}) for _ in order]
    with (
        serving(nodes[0]) as first,
        serving(nodes[1]) as second,
        serving(nodes[2]) as third,
    ):
        urls = [(first, second, third)[at] for at in order]
        with AgreedRpc(urls, 2, 2.0) as rpc:
            sender = _sender(chain, rpc, tmp_path)
            with pytest.raises(TransactionRefusedError, match="intrinsic gas too low"):
                sender.submit(RECEIVER, b"", 5)
            assert not sender.waiting
            nodes[0].refusals[SEND], nodes[0].takes = INTERNAL, True
            sent = sender.submit(RECEIVER, b"", 5)
            assert sender.waiting == (sent,)
            assert sender.unclear is not None
            mine(chain)
            assert [each.outcome for each in sender.tend(1)] == [Outcome.MINED]


def test_a_silent_node_may_have_taken_what_others_refuse(chain: RpcClient, tmp_path: Path) -> None:
    pause = 0.01
    refusing = Node(chain.url, {SEND: INVALID})
    keeping = Node(chain.url)

    def half_silent(path: str, body: bytes) -> Answer:
        is_send = not isinstance(found := orjson.loads(body), list) and found["method"] == SEND
        return Answer(keeping(path, body).body, cut=9 if is_send else 0)

    with (
        serving(refusing) as first,
        serving(half_silent) as second,
        silent() as third,
        AgreedRpc([first, second, third], 2, 1.0, backoff=Backoff(pause, pause)) as rpc,
    ):
        sender = _sender(chain, rpc, tmp_path)
        with pytest.raises(NoAgreementError):
            sender.submit(RECEIVER, b"", 5)
        (sent,) = sender.waiting
        mine(chain)
        sleep(2 * pause)  # until then the second node, whose answer was cut, is not asked
        (settled,) = sender.tend(1)
        assert (settled.outcome, settled.sent) == (Outcome.MINED, sent)


def test_a_node_that_mines_before_the_others_answer_has_accepted(tmp_path: Path) -> None:
    """Whoever answers first, the sender sees its own transaction, not a used nonce."""
    with start_anvil(AnvilOptions(base_fee_wei=GWEI)) as instant:
        lying = Node(instant.url, {SEND: NONCE_USED}, takes=True)
        with (
            serving(lying) as first,
            serving(lying) as second,
            AgreedRpc([first, second, instant.url], 2, 2.0) as rpc,
        ):
            sender = _sender(instant.rpc, rpc, tmp_path)
            for slot in range(1, 13):
                sent = sender.submit(RECEIVER, b"", 5)
                assert (sent.nonce, sender.unclear) == (slot - 1, None)
                _until_mined(instant.rpc, sent.transaction_hash)
                assert [each.outcome for each in sender.tend(slot)] == [Outcome.MINED]


def _until_mined(rpc: RpcClient, transaction_hash: str) -> None:
    while rpc.call("eth_getTransactionReceipt", transaction_hash) is None:
        pass
