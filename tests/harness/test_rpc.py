"""The JSON-RPC client: results in order, typed errors, and a connection that recovers."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from keel.chain.anvil import AnvilOptions, start_anvil
from keel.chain.clock import (
    jump,
    jump_to,
    mine,
    now,
    restore_snapshot,
    reverting,
    set_next_timestamp,
    take_snapshot,
)
from keel.chain.errors import ChainError, RpcConnectionError, RpcError
from keel.chain.rpc import RpcClient
from keel.chain.state import (
    balance_wei,
    block_head,
    chain_id,
    set_balance_wei,
    set_storage,
    storage_at,
    unlocked_accounts,
)
from keel.chain.transaction import send_transaction
from tests.harness.answering_server import answering

DAY = 86_400
STRANGER = "0x00000000000000000000000000000000DeaDBeef"


def test_a_batch_answers_in_the_order_asked(rpc: RpcClient) -> None:
    block, chain, accounts = rpc.batch(
        [("eth_blockNumber", ()), ("eth_chainId", ()), ("eth_accounts", ())]
    )
    assert (block, chain) == (rpc.call("eth_blockNumber"), "0x7a69")
    assert accounts == rpc.call("eth_accounts")


def test_an_empty_batch_asks_nothing(rpc: RpcClient) -> None:
    assert rpc.batch([]) == []


def test_an_answer_beyond_the_bound_is_not_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keel.chain.rpc._MOST_BYTES", 40)
    body = b'{"jsonrpc":"2.0","id":1,"result":"0x01"}'
    with answering(body) as url, RpcClient(url) as within:
        assert within.call("eth_chainId") == "0x01"
    with (
        answering(body + b" ") as url,
        RpcClient(url) as beyond,
        pytest.raises(RpcConnectionError, match="more than 40 bytes"),
    ):
        beyond.call("eth_chainId")


BODY = b'{"jsonrpc":"2.0","id":%d,"result":"0x01"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY % 1)


@contextmanager
def dripping(whole_in_seconds: float, at_once: int) -> Iterator[str]:
    """Serve answers of which so many bytes come at once, and the others one by one."""

    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            for number in range(1, 10):
                while not connection.recv(4096).endswith(b"}"):
                    pass
                answer = HEAD + BODY % number
                connection.sendall(answer[:at_once])
                for byte in answer[at_once:]:
                    time.sleep(whole_in_seconds / len(answer[at_once:]))
                    connection.sendall(bytes([byte]))

    def accept() -> None:
        with suppress(OSError):
            drip(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("at_once", [5, len(HEAD)], ids=["its headers", "its body"])
def test_an_answer_that_drips_is_given_up_in_time(at_once: int) -> None:
    with dripping(20, at_once) as url, RpcClient(url, timeout_seconds=1) as rpc:
        begun = time.monotonic()
        with pytest.raises(RpcConnectionError, match="timed out"):
            rpc.call("eth_chainId")
        assert time.monotonic() - begun < 8


def test_each_answer_has_the_whole_time_for_itself() -> None:
    with dripping(1, 5) as url, RpcClient(url, timeout_seconds=2.5) as rpc:
        assert [rpc.call("eth_chainId") for _ in range(4)] == ["0x01"] * 4


def test_an_unknown_method_raises_its_code(rpc: RpcClient) -> None:
    with pytest.raises(RpcError) as caught:
        rpc.call("keel_noSuchMethod")
    assert (caught.value.method, caught.value.code) == ("keel_noSuchMethod", -32601)
    assert caught.value.data is None


def test_a_failing_member_of_a_batch_leaves_the_others(rpc: RpcClient) -> None:
    requests = [("eth_chainId", ()), ("keel_noSuchMethod", ()), ("eth_chainId", ())]
    first, failed, last = rpc.batch_outcomes(requests)
    assert first == last == "0x7a69"
    assert isinstance(failed, RpcError)
    with pytest.raises(RpcError, match="keel_noSuchMethod"):
        rpc.batch(requests)


@pytest.mark.parametrize("answer", [b"<html>", b'"text"', b"[]"])
def test_an_answer_that_is_not_json_rpc_is_a_connection_error(answer: bytes) -> None:
    with answering(answer) as url, RpcClient(url) as client, pytest.raises(RpcConnectionError):
        client.call("eth_chainId")


def test_a_connection_closed_while_idle_is_opened_again() -> None:
    with start_anvil(AnvilOptions(chain_id=1)) as first, RpcClient(first.url) as client:
        assert chain_id(client) == 1
        port = int(first.url.rpartition(":")[2])
        first.close()
        with start_anvil(AnvilOptions(chain_id=2, port=port)):
            assert chain_id(client) == 2


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8545", ""])
def test_an_address_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(RpcConnectionError, match="is not an http"):
        RpcClient(url)


def test_a_transfer_without_tip_costs_gas_times_base_fee_exactly(rpc: RpcClient) -> None:
    sender = unlocked_accounts(rpc)[0]
    before_wei = balance_wei(rpc, sender)
    receipt = send_transaction(rpc, sender, STRANGER, value_wei=5)
    base_fee_wei = block_head(rpc, receipt.block_number).base_fee_wei
    assert receipt.gas_price_wei == base_fee_wei > 0
    assert receipt.fee_wei == 21_000 * base_fee_wei
    assert balance_wei(rpc, sender) == before_wei - 5 - receipt.fee_wei
    assert balance_wei(rpc, STRANGER) == 5


def test_a_refused_transaction_is_an_rpc_error(rpc: RpcClient) -> None:
    sender, receiver = unlocked_accounts(rpc)[:2]
    set_balance_wei(rpc, sender, 1)
    with pytest.raises(RpcError, match="Insufficient funds"):
        send_transaction(rpc, sender, receiver, value_wei=2)


def test_time_jumps_to_the_second(rpc: RpcClient) -> None:
    start = now(rpc)
    assert jump(rpc, DAY) == now(rpc) == start + DAY
    jump_to(rpc, start + 2 * DAY + 1)
    assert now(rpc) == start + 2 * DAY + 1


def test_the_next_block_has_the_time_set_for_it(rpc: RpcClient) -> None:
    timestamp = now(rpc) + 12
    set_next_timestamp(rpc, timestamp)
    receipt = send_transaction(rpc, unlocked_accounts(rpc)[0], STRANGER)
    assert receipt.timestamp == now(rpc) == timestamp


def test_time_cannot_go_back(rpc: RpcClient) -> None:
    with pytest.raises(RpcError, match=r"[Tt]imestamp"):
        jump_to(rpc, now(rpc) - 1)


def test_reverting_takes_back_blocks_balances_storage_and_time(rpc: RpcClient) -> None:
    head = block_head(rpc)
    with reverting(rpc):
        set_balance_wei(rpc, STRANGER, 123)
        set_storage(rpc, STRANGER, 1, 2)
        jump(rpc, DAY)
        mine(rpc)
        assert (balance_wei(rpc, STRANGER), storage_at(rpc, STRANGER, 1)) == (123, 2)
    assert (balance_wei(rpc, STRANGER), storage_at(rpc, STRANGER, 1)) == (0, 0)
    assert block_head(rpc) == head
    jump_to(rpc, head.timestamp + 1)


def test_reverting_happens_after_an_error_too(rpc: RpcClient) -> None:
    def fail_after_a_change() -> None:
        with reverting(rpc):
            set_balance_wei(rpc, STRANGER, 123)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_a_change()
    assert balance_wei(rpc, STRANGER) == 0


def test_a_snapshot_serves_once(rpc: RpcClient) -> None:
    snapshot = take_snapshot(rpc)
    restore_snapshot(rpc, snapshot)
    with pytest.raises(ChainError, match="was restored already"):
        restore_snapshot(rpc, snapshot)
