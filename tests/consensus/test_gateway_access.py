"""Who may use the RPC address, and for what: pages of other sites, foreign hosts, huge bodies."""

import re
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from keel.chain.errors import RpcError
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.chain.system_contracts import INSTALLED
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.gateway.app import MOST_BYTES, MOST_REQUESTS
from keel.consensus.gateway.methods import LEAST_GAS_LIMIT
from keel.consensus.gateway.server import serving_rpc
from keel.consensus.gateway.steering import Steering
from tests.consensus.conftest import SettledChain

ASKED = {"jsonrpc": "2.0", "id": 7, "method": "eth_chainId", "params": []}
ALLOWED = "https://app.example"
FREE = "0x" + "5a" * 20


@pytest.fixture(scope="session")
def url(settled_chain: SettledChain) -> Iterator[str]:
    with serving_rpc(Steering(settled_chain.chain), allowed_origins=[ALLOWED]) as address:
        yield address


def test_a_fault_is_told_to_the_client_and_in_one_line_of_the_log(
    settled_chain: SettledChain, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_work: Callable[[], Any]) -> Any:
        raise ZeroDivisionError("slots of\nno length")

    with serving_rpc(Steering(settled_chain.chain), perform=broken) as url:
        answer = httpx.post(url, json={**ASKED, "method": "evm_mine"})
        assert httpx.post(url, json=ASKED).json()["result"] == "0x7a69"
    assert answer.status_code == 500
    told = answer.json()["error"]["message"]
    fault = r"ZeroDivisionError: slots of no length \(test_gateway_access\.py, line \d+\)"
    assert re.fullmatch(f"a fault of this RPC address: {fault}", told)
    (line,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert re.fullmatch(f"the RPC address failed: {fault}", line)
    assert caplog.text.count("\n") == len(caplog.records)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://127.0.0.1:8600",
        "http://[::1]:5173",
        "https://localhost",
        "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn",
        "moz-extension://6e1a2b1c-0000-4000-8000-000000000000",
        ALLOWED,
    ],
)
def test_pages_of_this_machine_and_wallets_may_ask(url: str, origin: str) -> None:
    answer = httpx.post(url, json=ASKED, headers={"Origin": origin})
    assert answer.json() == {"jsonrpc": "2.0", "id": 7, "result": "0x7a69"}
    assert answer.headers["access-control-allow-origin"] == origin
    wanted = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-a"}
    preflight = httpx.options(url, headers={"Origin": origin} | wanted)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example:80",
        "https://app.example.evil.example",
        "http://app.example",
        "https://appxexample",
        "",
    ],
)
@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
def test_other_pages_may_not(url: str, chain: BeaconChain, method: str, origin: str) -> None:
    number = block_head(chain.rpc).number
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    body = ASKED | {"method": "evm_mine"}
    answer = httpx.request(method, url, json=body, headers=headers)
    assert answer.status_code == 403
    assert "may not use this chain" in answer.json()["error"]["message"]
    assert "access-control-allow-origin" not in answer.headers
    assert block_head(chain.rpc).number == number


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8545", 200),
        ("127.0.0.1", 200),
        ("[::1]:8545", 200),
        ("app.example", 200),
        ("rebound.example:8545", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_only_own_hosts_are_served(url: str, host: str, status: int) -> None:
    answer = httpx.post(url, json=ASKED, headers={"Host": host})
    assert answer.status_code == status
    if status != 200:
        assert f"host {host!r} is not served here" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("text/plain", 415),
        ("", 415),
    ],
)
def test_a_form_of_a_page_is_no_request(url: str, kind: str, status: int) -> None:
    content = b'{"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":[]}'
    answer = httpx.post(url, content=content, headers={"Content-Type": kind})
    assert answer.status_code == status


def test_only_post_is_answered(url: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = httpx.request(method, url)
        assert answer.status_code == 405
        assert answer.json()["error"]["message"] == "JSON-RPC by HTTP POST expected"


def test_a_web_socket_is_told_to_use_http(url: str, caplog: pytest.LogCaptureFixture) -> None:
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    answer = httpx.get(url, headers=asked | {"Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="})
    assert answer.status_code == 405
    told = "no WebSocket is served here: JSON-RPC by HTTP POST expected"
    assert answer.json()["error"]["message"] == told
    assert caplog.messages == []
    assert httpx.post(url, json=ASKED, headers=asked).status_code == 200


def test_a_body_is_bounded_whether_its_length_is_said_or_not(url: str) -> None:
    large = b'"%s"' % (b"a" * MOST_BYTES)
    for content in (large, (large[at : at + 2**20] for at in range(0, len(large), 2**20))):
        answer = httpx.post(url, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert f"more than {MOST_BYTES} bytes" in answer.json()["error"]["message"]
    assert httpx.post(url, json=ASKED).status_code == 200


def test_a_batch_is_bounded(url: str) -> None:
    answer = httpx.post(url, json=[ASKED] * (MOST_REQUESTS + 1))
    assert answer.status_code == 413
    assert f"at most {MOST_REQUESTS} in a batch" in answer.json()["error"]["message"]
    assert len(httpx.post(url, json=[ASKED] * 100).json()) == 100


@pytest.mark.parametrize("content", [b"", b"{", b"[1", b"7", b'"text"', b"\xff", b"null"])
def test_what_is_no_request_is_told_in_one_line(url: str, content: bytes) -> None:
    answer = httpx.post(url, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    message = answer.json()["error"]["message"]
    assert message
    assert "\n" not in message


@pytest.mark.parametrize("levels", [300, 1_000, 100_000])
@pytest.mark.parametrize(
    "content", ["%s", '[%s,{"id":1,"method":"evm_mine"}]', '{"id":%s,"method":"evm_snapshot"}']
)
def test_deep_json_is_told_in_one_line(
    url: str, content: str, levels: int, caplog: pytest.LogCaptureFixture
) -> None:
    body = content % ("[" * levels + "]" * levels)
    answer = httpx.post(url, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] in (-32600, -32700)
    assert caplog.messages == []


def test_a_request_within_a_list_within_a_batch_is_none(url: str, chain: BeaconChain) -> None:
    slot = chain.slot
    answer = httpx.post(url, json=[[ASKED | {"method": "evm_mine"}]])
    assert "Invalid request" in answer.text
    assert chain.slot == slot


@pytest.mark.parametrize(
    ("method", "params", "what"),
    [
        *(
            (f"{prefix}_setNextBlockBaseFeePerGas", [hex(2**64)], "base fee")
            for prefix in ("anvil", "hardhat")
        ),
        ("anvil_setNextBlockBaseFeePerGas", ["-1"], "base fee"),
        ("anvil_setBlockGasLimit", [hex(LEAST_GAS_LIMIT - 1)], "gas limit"),
        ("evm_setBlockGasLimit", [str(2**64)], "gas limit"),
        ("eth_feeHistory", [hex(2**64), "latest", [50]], "blocks"),
        *(("anvil_setCode", [each.lower(), "0x00"], "each slot needs") for each in INSTALLED),
        ("hardhat_setCode", [INSTALLED[0], "0x"], "each slot needs"),
        *(
            ("anvil_setCode", [FREE, code], "EIP-7702")
            for code in ("0xef01", "0xEF0100", f"0xef0101{'ab' * 20}", f"0xef0100{'ab' * 21}")
        ),
    ],
)
def test_values_that_would_end_anvil_or_stop_the_slots_are_refused(
    url: str, chain: BeaconChain, method: str, params: list[Any], what: str
) -> None:
    with RpcClient(url) as rpc:
        with pytest.raises(RpcError) as refused:
            rpc.call(method, *params)
        assert refused.value.code == -32602
        assert refused.value.message.startswith(f"{method}: ")
        assert what in refused.value.message
        batch = [("eth_chainId", ()), (method, params)]
        assert isinstance(rpc.batch_outcomes(batch)[1], RpcError)
    assert chain.step().missed is None


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("anvil_setNextBlockBaseFeePerGas", [hex(2**64 - 1)]),
        ("anvil_setNextBlockBaseFeePerGas", ["0x0"]),
        ("anvil_setBlockGasLimit", [hex(LEAST_GAS_LIMIT)]),
        ("eth_feeHistory", ["0x2", "latest", [50]]),
        ("anvil_setCode", [FREE, f"0xef0100{'ab' * 20}"]),
        ("anvil_setCode", [FREE, "0xef"]),
        ("anvil_setCode", [FREE, "0x"]),
    ],
)
def test_values_at_the_bounds_are_taken_and_slots_follow(
    url: str, chain: BeaconChain, method: str, params: list[Any]
) -> None:
    chain.fees.mev_payment_wei = 5
    with RpcClient(url) as rpc:
        rpc.call(method, *params)
    assert [each.missed for each in chain.run(2)] == [None, None]
    with RpcClient(url) as rpc:
        rpc.call("anvil_setBlockGasLimit", hex(30_000_000))


@pytest.mark.parametrize(
    ("method", "advice"),
    [
        ("anvil_reset", "evm_snapshot and evm_revert"),
        ("hardhat_reset", "evm_snapshot and evm_revert"),
        ("anvil_setRpcUrl", "start Anvil alone"),
        ("anvil_loadState", "evm_snapshot and evm_revert"),
        ("anvil_rollback", "evm_snapshot and evm_revert"),
        ("anvil_reorg", "evm_snapshot and evm_revert"),
        ("evm_setAutomine", "--mine instant"),
        ("evm_setIntervalMining", "--mine instant"),
        ("anvil_setIntervalMining", "--mine instant"),
        ("anvil_setBlockTimestampInterval", "evm_increaseTime"),
        ("anvil_setCoinbase", "fee-recipient"),
        ("anvil_unheardOf", "move one layer without the other"),
        ("engine_newPayloadV4", "does not know this method"),
        ("personal_unlockAccount", "does not know this method"),
    ],
)
def test_what_would_break_the_chain_is_refused_with_what_to_use(
    url: str, chain: BeaconChain, method: str, advice: str
) -> None:
    before = block_head(chain.rpc)
    with RpcClient(url) as rpc, pytest.raises(RpcError) as refused:
        rpc.call(method, "http://elsewhere.example")
    assert refused.value.code == -32004
    assert method in refused.value.message
    assert advice in refused.value.message
    assert block_head(chain.rpc) == before
    assert chain.step().realigned is None


def test_what_is_so_already_may_be_asked_for(url: str, chain: BeaconChain) -> None:
    with RpcClient(url) as rpc:
        assert rpc.call("evm_setAutomine", False) is None
        assert rpc.call("evm_setIntervalMining", 0) is None
        with pytest.raises(RpcError):
            rpc.call("evm_setIntervalMining", 5)
        assert rpc.call("anvil_getAutomine") is False


def test_a_walk_ends_when_its_client_leaves(url: str, chain: BeaconChain) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"keel_advance","params":[2000]}'
    where = urlsplit(url)
    slot = chain.slot
    with socket.create_connection((str(where.hostname), int(where.port or 0))) as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        while chain.slot == slot:
            pass
    with RpcClient(url) as rpc:
        left_at = rpc.call("keel_status")["slot"]
    assert slot < left_at < slot + 200
    assert chain.slot == left_at
