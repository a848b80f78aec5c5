"""Several execution nodes behind one RpcClient: what enough of them answer, and who differs."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from keel.chain.anvil import AnvilOptions, start_anvil
from keel.chain.clock import mine
from keel.chain.contract import Contract, call_many, deploy
from keel.chain.errors import RpcError
from keel.chain.revert import Reverted
from keel.chain.rpc import Request, RpcClient
from keel.chain.state import balance_wei, block_head, set_balance_wei, unlocked_accounts
from keel.chain.transaction import send_transaction
from keel.nodes.agreed_rpc import AgreedRpc
from keel.nodes.errors import NoAgreementError, NodeError, NodeSettingsError, NodeSilentError
from keel.nodes.panel import Backoff
from tests.unit.nodes.node_servers import Answer, Answering, in_front_of, serving, silent

TIMEOUT = 1.0
HOLDER = "0x" + "11" * 20
DEPOSITOR = Account.from_key("0x" + "07" * 32)
# Copies calldata word 0 to a log of one topic, or reverts with the word when it is above 0xff.
ABI = [
    {
        "type": "function",
        "name": "echo",
        "stateMutability": "view",
        "inputs": [{"name": "number", "type": "uint256"}],
        "outputs": [{"name": "", "type": "uint256"}],
    },
    {"type": "error", "name": "TooLarge", "inputs": [{"name": "number", "type": "uint256"}]},
]


@dataclass
class Liar:
    """What a node in front of the chain answers by method, for changing at will."""

    lies: dict[str, Any] = field(default_factory=dict)

    def __call__(self, method: str, answer: Any) -> Any:
        lie = self.lies.get(method, answer)
        return lie(answer) if callable(lie) else lie


@dataclass
class Pool:
    """Three nodes of one chain, the first honest, two of which must agree."""

    chain: RpcClient
    liars: list[Liar]
    urls: list[str]
    rpc: AgreedRpc
    told: list[tuple[str, str]]


@pytest.fixture(scope="module")
def chain() -> Iterator[RpcClient]:
    with start_anvil(AnvilOptions(base_fee_wei=0)) as anvil:
        yield anvil.rpc


@pytest.fixture
def pool(chain: RpcClient) -> Iterator[Pool]:
    liars = [Liar(), Liar()]
    told: list[tuple[str, str]] = []
    with ExitStack() as servers:
        urls = [chain.url]
        urls += [servers.enter_context(serving(in_front_of(chain.url, liar))) for liar in liars]
        with AgreedRpc(urls, 2, TIMEOUT, lambda *what: told.append(what)) as rpc:
            yield Pool(chain, liars, urls, rpc, told)


@pytest.fixture(scope="module")
def echo(chain: RpcClient) -> Contract:
    """A contract made by hand: returns its argument up to 255, else TooLarge(argument)."""
    selector = keccak(text="TooLarge(uint256)")[:4].hex()
    refuse = f"63{selector}60e01b60005260043560045260246000fd"
    runtime = f"60ff6004351160145760043560005260206000f35b{refuse}"
    code = bytes.fromhex(f"60{len(runtime) // 2:02x}600c60003960{len(runtime) // 2:02x}6000f3")
    sender = unlocked_accounts(chain)[0]
    contract, _ = deploy(chain, ABI, code + bytes.fromhex(runtime), sender=sender)
    return contract


def test_contracts_are_read_through_it_unchanged(pool: Pool, echo: Contract) -> None:
    contract = Contract(pool.rpc, echo.address, echo.abi)
    assert contract.function("echo")(255) == 255
    assert call_many(pool.rpc, [contract.function("echo").prepare(n) for n in (1, 2, 3)]) == [
        1,
        2,
        3,
    ]
    with pytest.raises(Reverted, match="TooLarge"):
        contract.function("echo")(256)
    assert pool.told == []


def test_a_lie_is_outvoted_and_its_teller_named_once(pool: Pool, echo: Contract) -> None:
    contract = Contract(pool.rpc, echo.address, echo.abi)
    pool.liars[1].lies["eth_call"] = "0x" + "00" * 31 + "09"
    assert [contract.function("echo")(7) for _ in range(3)] == [7, 7, 7]
    assert [url for url, _ in pool.told] == [pool.urls[2]]
    assert pool.told[0][1].startswith("eth_call is 0x00")
    assert call_many(pool.rpc, [contract.function("echo").prepare(n) for n in (1, 2)]) == [1, 2]
    pool.liars[0].lies["eth_call"] = "0x" + "00" * 31 + "08"
    with pytest.raises(NoAgreementError, match="eth_call") as caught:
        contract.function("echo")(7)
    assert list(caught.value.said) == pool.urls


def test_two_halves_are_no_agreement_though_each_is_enough(chain: RpcClient) -> None:
    liar = Liar()
    with ExitStack() as servers:
        answers = [liar, liar, Liar()]
        urls = [servers.enter_context(serving(in_front_of(chain.url, each))) for each in answers]
        rpc = servers.enter_context(AgreedRpc([*urls, chain.url], 2, TIMEOUT))
        honest = rpc.call("eth_getBalance", HOLDER, "latest")
        liar.lies["eth_getBalance"] = "0x123456"
        with pytest.raises(NoAgreementError) as caught:
            rpc.call("eth_getBalance", HOLDER, "latest")
    said = list(caught.value.said.values())
    assert said == ["0x123456", "0x123456", honest, honest]


def test_the_head_is_the_highest_that_two_nodes_share(pool: Pool) -> None:
    mine(pool.chain)
    head = block_head(pool.chain)
    before = block_head(pool.chain, head.number - 1)
    raw_before = _raw(pool.chain, before.number)
    assert pool.rpc.agreed_head() == head
    pool.liars[0].lies["eth_getBlockByNumber"] = lambda block: block and {
        **block, "number": hex(10**9)
    }  # fmt: skip
    assert pool.rpc.agreed_head() == head
    pool.liars[0].lies["eth_getBlockByNumber"] = lambda block: (
        raw_before if block and int(block["number"], 16) == head.number else block
    )  # fmt: skip
    assert pool.rpc.agreed_head() == head
    pool.liars[1].lies = dict(pool.liars[0].lies)
    assert pool.rpc.agreed_head() == before


def test_a_head_of_another_hash_is_named(pool: Pool) -> None:
    other = "0x" + "ee" * 32
    pool.liars[0].lies["eth_getBlockByNumber"] = lambda block: {**block, "hash": other}
    assert pool.rpc.agreed_head() == block_head(pool.chain)
    assert [url for url, _ in pool.told] == [pool.urls[1]]
    assert other in pool.told[0][1]


def test_latest_is_the_agreed_head_for_every_node(pool: Pool) -> None:
    before = balance_wei(pool.chain, HOLDER)
    with pool.rpc.pinned() as head:
        _pay(pool.chain, 1)
        assert pool.rpc.call("eth_blockNumber") == hex(head.number)
        assert balance_wei(pool.rpc, HOLDER) == before
        assert pool.rpc.batch([("eth_getBalance", (HOLDER,)), ("eth_blockNumber", ())]) == [
            hex(before),
            hex(head.number),
        ]
        assert block_head(pool.rpc) == head
        assert balance_wei(pool.rpc, HOLDER, head.number + 1) == before + 1
    assert balance_wei(pool.rpc, HOLDER) == before + 1
    assert pool.rpc.call("eth_blockNumber") == hex(head.number + 1)


def test_a_single_node_is_pinned_too(chain: RpcClient) -> None:
    with AgreedRpc([chain.url]) as rpc:
        before = balance_wei(chain, HOLDER)
        with rpc.pinned() as head:
            _pay(chain, 1)
            assert balance_wei(rpc, HOLDER) == before
            assert rpc.call("eth_blockNumber") == hex(head.number)
        assert balance_wei(rpc, HOLDER) == before + 1


def test_logs_must_agree_in_what_the_chain_says_of_them(pool: Pool) -> None:
    sender = unlocked_accounts(pool.chain)[0]
    # LOG1 of nothing with topic 7, run as creation code.
    request = {"from": sender, "data": "0x600760006000a1", "gas": "0x30000"}
    pool.chain.call("eth_sendTransaction", request)
    query = {"fromBlock": "0x0", "toBlock": "latest", "topics": ["0x" + "00" * 31 + "07"]}
    (log,) = pool.rpc.call("eth_getLogs", query)
    pool.liars[0].lies["eth_getLogs"] = lambda logs: [{**each, "ownField": 1} for each in logs]
    assert pool.rpc.call("eth_getLogs", query) == [log]
    assert pool.told == []
    pool.liars[0].lies["eth_getLogs"] = []
    assert pool.rpc.call("eth_getLogs", query) == [log]
    assert [url for url, _ in pool.told] == [pool.urls[1]]


def test_a_receipt_counts_once_two_nodes_have_it(pool: Pool) -> None:
    sender = unlocked_accounts(pool.chain)[0]
    sent = pool.chain.call("eth_sendTransaction", {"from": sender, "to": HOLDER})
    _await(lambda: pool.chain.call("eth_getTransactionReceipt", sent))
    pool.liars[0].lies["eth_getTransactionReceipt"] = None
    assert pool.rpc.call("eth_getTransactionReceipt", sent)["transactionHash"] == sent
    pool.liars[1].lies["eth_getTransactionReceipt"] = None
    assert pool.rpc.call("eth_getTransactionReceipt", sent) is None
    assert pool.told == []


@pytest.mark.parametrize(
    ("method", "params", "lies", "agreed"),
    [
        ("eth_gasPrice", (), ("0x1", "0xffffffffffff"), None),
        ("eth_estimateGas", ({"to": HOLDER},), ("0x1", "0xffffffffff"), None),
        ("eth_getTransactionCount", (HOLDER, "pending"), ("0x7", "0x63"), "0x7"),
        ("web3_clientVersion", (), ("one", "two"), None),
    ],
)
def test_opinions_may_differ(
    pool: Pool, method: str, params: tuple[Any, ...], lies: tuple[str, str], agreed: str | None
) -> None:
    honest = pool.rpc.call(method, *params)
    assert honest == pool.chain.call(method, *params)
    for liar, lie in zip(pool.liars, lies, strict=True):
        liar.lies[method] = lie
    assert pool.rpc.call(method, *params) == (agreed or honest)
    assert pool.told == []


def test_a_long_batch_is_asked_in_parts(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    longest: list[int] = []
    whole = RpcClient.batch_outcomes

    def limited(client: RpcClient, requests: Sequence[Request]) -> list[Any]:
        longest.append(len(requests))
        return whole(client, requests)

    monkeypatch.setattr(RpcClient, "batch_outcomes", limited)
    asked = [("eth_getStorageAt", (HOLDER, hex(slot), "latest")) for slot in range(1_100)]
    assert pool.rpc.batch(asked) == ["0x" + "00" * 32] * 1_100
    assert max(longest) == 100


def test_what_the_chain_refuses_is_no_opinion(pool: Pool, echo: Contract) -> None:
    request = {"to": echo.address, "data": "0x" + echo.function("echo").encode(256).hex()}
    with pytest.raises(RpcError) as caught:
        pool.rpc.call("eth_estimateGas", request)
    assert caught.value.data is not None
    request["data"] = "0x" + echo.function("echo").encode(255).hex()
    assert int(pool.rpc.call("eth_estimateGas", request), 16) > 21_000


def test_one_acceptance_of_a_transaction_is_enough(pool: Pool) -> None:
    """Any of the three may reach the chain first, and the chain mines at once."""
    set_balance_wei(pool.chain, DEPOSITOR.address, 10**18)
    raw, sent = _signed(pool.chain, 1)
    for liar in pool.liars:
        liar.lies["eth_sendRawTransaction"] = "0x" + "ff" * 32
    assert pool.rpc.call("eth_sendRawTransaction", raw) == sent
    _await(lambda: pool.chain.call("eth_getTransactionReceipt", sent))


@pytest.mark.parametrize("nodes", [1, 3])
def test_one_s_own_mined_transaction_was_accepted_and_another_of_its_nonce_was_not(
    pool: Pool, nodes: int
) -> None:
    set_balance_wei(pool.chain, DEPOSITOR.address, 10**18)
    mined, sent = _signed(pool.chain, 1)
    other, _ = _signed(pool.chain, 2)
    pool.chain.call("eth_sendRawTransaction", mined)
    _await(lambda: pool.chain.call("eth_getTransactionReceipt", sent))
    with AgreedRpc(pool.urls[:nodes], timeout_seconds=TIMEOUT) as rpc:
        assert rpc.call("eth_sendRawTransaction", mined) == sent
        with pytest.raises(RpcError, match="nonce too low"):
            rpc.call("eth_sendRawTransaction", other)


def test_a_transaction_known_already_was_accepted(chain: RpcClient) -> None:
    with start_anvil(AnvilOptions(mining=False)) as idle, AgreedRpc([idle.url]) as rpc:
        set_balance_wei(idle.rpc, DEPOSITOR.address, 10**18)
        raw, sent = _signed(idle.rpc, 2)
        assert rpc.call("eth_sendRawTransaction", raw) == sent
        with pytest.raises(RpcError, match="already"):
            idle.rpc.call("eth_sendRawTransaction", raw)
        assert rpc.call("eth_sendRawTransaction", raw) == sent


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"<html>"),
        Answer(b"[1]"),
        Answer(b'{"error": "broken"}'),
        Answer(b'{"error": {"code": -32000, "message": "missing trie node"}}'),
        Answer(b"no", status=500),
        Answer(b'{"result": "0x0"}', cut=4),
        Answer(b'{"result": "0x0"}', pause=3 * TIMEOUT),
        Answer(b'{"result": "0x0"}', drip=0.2),
    ],
    ids=["html", "list", "text error", "pruned", "500", "half", "slow", "drip"],
)
def test_a_broken_node_harms_nobody_and_is_named(
    pool: Pool, chain: RpcClient, answer: Answer
) -> None:
    said: list[tuple[str, str]] = []
    honest = pool.rpc.call("eth_getBalance", HOLDER, "0x1")
    with serving(lambda _path, _body: answer) as broken:
        urls = [broken, *pool.urls[:2]]
        with AgreedRpc(urls, 2, TIMEOUT, lambda *what: said.append(what)) as rpc:
            assert rpc.call("eth_getBalance", HOLDER, "0x1") == honest
            assert rpc.agreed_head() == block_head(chain)
        assert said
        assert {url for url, _ in said} == {broken}
        with AgreedRpc([broken, chain.url], 2, TIMEOUT) as rpc, pytest.raises(NoAgreementError):
            rpc.call("eth_getBalance", HOLDER, "0x1")


@pytest.mark.parametrize("levels", [300, 1_000], ids=lambda levels: f"{levels} levels")
def test_a_node_whose_json_is_too_deep_harms_nobody_and_is_named(
    pool: Pool, chain: RpcClient, levels: int
) -> None:
    said: list[tuple[str, str]] = []
    answer = Answer(b'{"id":1,"result":%s}' % (b"[" * levels + b"]" * levels))
    with serving(lambda _path, _body: answer) as broken:
        urls = [broken, *pool.urls[:2]]
        with AgreedRpc(urls, 2, TIMEOUT, lambda *what: said.append(what)) as rpc:
            assert rpc.call("eth_chainId") == chain.call("eth_chainId")
            assert rpc.call("eth_getTransactionReceipt", "0x" + "00" * 32) is None
        assert said == [(broken, "its answer is not JSON-RPC")]
        with AgreedRpc([broken], 1, TIMEOUT) as rpc, pytest.raises(NodeError):
            rpc.call("eth_chainId")


def test_a_silent_node_costs_its_timeout_once(chain: RpcClient, pool: Pool) -> None:
    with silent() as nobody:
        urls = [nobody, *pool.urls[:2]]
        with AgreedRpc(urls, 2, TIMEOUT, backoff=Backoff(first_seconds=1.5)) as rpc:
            begin = time.monotonic()
            rpc.agreed_head()
            assert TIMEOUT / 4 <= time.monotonic() - begin <= TIMEOUT
            begin = time.monotonic()
            for _ in range(10):
                rpc.agreed_head()
            assert time.monotonic() - begin < TIMEOUT
            time.sleep(1.5)
            begin = time.monotonic()
            rpc.agreed_head()
            assert time.monotonic() - begin >= TIMEOUT / 4


def test_a_node_of_another_chain_is_named(pool: Pool) -> None:
    told: list[tuple[str, str]] = []
    with start_anvil(AnvilOptions(chain_id=1)) as other:
        with AgreedRpc([*pool.urls[:2], other.url], 2, TIMEOUT, lambda *x: told.append(x)) as rpc:
            assert rpc.call("eth_chainId") == "0x7a69"
        halves = AgreedRpc([other.url, pool.urls[0]], 2, TIMEOUT)
        with halves, pytest.raises(NoAgreementError) as caught:
            halves.call("eth_chainId")
    assert [url for url, _ in told] == [other.url]
    assert list(caught.value.said.values()) == ["0x1", "0x7a69"]


def test_one_address_needs_no_thread_and_speaks_in_node_errors(chain: RpcClient) -> None:
    threads = threading.active_count()
    with AgreedRpc([chain.url], timeout_seconds=0.3) as rpc:
        assert rpc.call("eth_chainId") == "0x7a69"
        assert rpc.call("anvil_nodeInfo")
        assert threading.active_count() == threads
    with silent() as nobody, pytest.raises(NodeSilentError) as caught:
        AgreedRpc([nobody], timeout_seconds=0.2).agreed_head()
    assert caught.value.url == nobody
    garbage: Answering = lambda _path, _body: Answer(b"<html>")  # noqa: E731
    with serving(garbage) as url, AgreedRpc([url]) as rpc, pytest.raises(NodeError) as broken:
        rpc.call("eth_chainId")
    assert not isinstance(broken.value, NodeSilentError)


def test_what_has_no_rule_is_not_asked_of_several(pool: Pool) -> None:
    with pytest.raises(NodeSettingsError, match="anvil_mine"):
        pool.rpc.call("anvil_mine")
    with pytest.raises(NodeSettingsError, match="eth_sendTransaction"):
        pool.rpc.batch([("eth_chainId", ()), ("eth_sendTransaction", ({},))])
    assert pool.rpc.batch([("eth_chainId", ())]) == ["0x7a69"]


def _pay(chain: RpcClient, value_wei: int) -> None:
    send_transaction(chain, unlocked_accounts(chain)[0], HOLDER, value_wei=value_wei)


def _raw(chain: RpcClient, number: int) -> Any:
    return chain.call("eth_getBlockByNumber", hex(number), False)


def _signed(chain: RpcClient, value_wei: int) -> tuple[str, str]:
    signed = DEPOSITOR.sign_transaction(
        {
            "to": HOLDER,
            "value": value_wei,
            "gas": 21_000,
            "maxFeePerGas": 2 * 10**9,
            "maxPriorityFeePerGas": 0,
            "nonce": int(chain.call("eth_getTransactionCount", DEPOSITOR.address, "latest"), 16),
            "chainId": int(chain.call("eth_chainId"), 16),
        }
    )
    return "0x" + signed.raw_transaction.hex(), "0x" + signed.hash.hex()


def _await(found: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while found() is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_of_a_nodes_long_words_only_the_beginning_is_told() -> None:
    assert len(NodeError("http://node:1", "x" * 10**6).problem) < 2_100
    said = {f"http://node:{n}": "x" * 10**6 for n in range(3)}
    assert len(str(NoAgreementError("the head", 2, said))) < 2_100
