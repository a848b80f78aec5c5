"""Logs are read whole from nodes that refuse wide ranges, in the words of every client."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest

from keel.chain.errors import RpcError
from keel.chain.logs import logs_between
from keel.chain.rpc import LOG_BLOCKS, RpcClient
from keel.nodes.agreed_rpc import AgreedRpc
from tests.robustness.client_table import each_row, rows
from tests.unit.nodes.node_servers import Answer, serving

ADDRESS = "0x" + "11" * 20
LAST = 29_998
LOGGED = [7, *range(500, 540), 999, 1_000, 9_999, 10_000, 19_999, 20_000, LAST]
"""Blocks with a log, some of them at the ends of ranges, some close together."""


class Node:
    """A node with these logs that refuses, in a row's words, more than the row grants."""

    def __init__(self, row: dict[str, Any] | None = None) -> None:
        self.row = row or {}
        self.asked: list[int] = []
        self.refused = 0

    def __call__(self, _path: str, body: bytes) -> Answer:
        asked = orjson.loads(body)
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
        if asked["method"] == "eth_getBlockByNumber":
            reply["result"] = {
                "number": hex(LAST),
                "hash": "0x" + "22" * 32,
                "timestamp": "0x1",
                "gasUsed": "0x0",
            }
            return Answer(orjson.dumps(reply))
        query = asked["params"][0]
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        found = [_log(block) for block in LOGGED if first <= block <= last]
        self.asked.append(last - first + 1)
        if self._refuses(last - first + 1, len(found)):
            self.refused += 1
            reply["error"] = {"code": self.row["code"], "message": self.row["message"]}
        else:
            reply["result"] = found
        return Answer(orjson.dumps(reply))

    def _refuses(self, blocks: int, logs: int) -> bool:
        most_blocks = self.row.get("most_blocks", blocks)
        return bool(blocks > most_blocks or logs > self.row.get("most_logs", logs))


def _log(block: int) -> dict[str, Any]:
    return {
        "address": ADDRESS,
        "topics": [],
        "data": "0x",
        "blockNumber": hex(block),
        "blockHash": "0x" + "22" * 32,
        "transactionHash": "0x" + "33" * 32,
        "logIndex": "0x0",
    }


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _read(rpc: RpcClient, first: int, last: int) -> list[int]:
    return [log.block_number for log in logs_between(rpc, [ADDRESS], first, last)]


def _blocks_within(first: int, last: int) -> list[int]:
    return [block for block in LOGGED if first <= block <= last]


@each_row("logs")
def test_all_logs_are_read_and_the_limit_is_remembered(
    row: dict[str, Any], opened: ExitStack
) -> None:
    last = min(LAST, row.get("most_blocks", LAST) * 300)
    node = Node(row)
    rpc = opened.enter_context(AgreedRpc([opened.enter_context(serving(node))], 1, 5.0))
    assert _read(rpc, 0, last) == _blocks_within(0, last)
    granted = row.get("most_blocks", LOG_BLOCKS)
    assert rpc.log_blocks >= min(granted, LOG_BLOCKS) // 2 or "most_logs" in row
    node.refused = 0
    again = min(rpc.log_blocks, granted)
    assert _read(rpc, 1_000, 999 + again) == _blocks_within(1_000, 999 + again)
    assert node.refused == 0


@each_row("logs")
def test_a_node_with_a_limit_among_others_loses_nothing(
    row: dict[str, Any], opened: ExitStack
) -> None:
    """Whether or not the others are enough without it."""
    last = min(LAST, row.get("most_blocks", LAST) * 300)
    for agree in (2, 3):
        urls = [opened.enter_context(serving(Node(said))) for said in (row, None, None)]
        rpc = opened.enter_context(AgreedRpc(urls, agree, 5.0))
        assert _read(rpc, 0, last) == _blocks_within(0, last)


def test_nodes_with_different_limits_agree(opened: ExitStack) -> None:
    by_client = {row["client"]: row for row in rows("logs")}
    said = (by_client["Besu"], by_client["Erigon 3.4"], by_client["hosted, 2,000"])
    urls = [opened.enter_context(serving(Node(each))) for each in said]
    rpc = opened.enter_context(AgreedRpc(urls, 2, 5.0))
    assert _read(rpc, 0, LAST) == LOGGED
    assert 1_000 <= rpc.log_blocks <= 2_000


def test_few_blocks_with_many_logs_do_not_slow_the_rest(opened: ExitStack) -> None:
    (row,) = (each for each in rows("logs") if each["client"] == "Infura, many logs")
    node = Node(row)
    rpc = opened.enter_context(RpcClient(opened.enter_context(serving(node))))
    rpc.log_blocks = 10
    assert _read(rpc, 0, LAST) == LOGGED
    assert len(node.asked) < 250


def test_a_single_block_that_is_refused_is_an_error_in_the_node_s_words(opened: ExitStack) -> None:
    row = {"code": -32000, "message": "pruned history unavailable", "most_blocks": 0}
    node = Node(row)
    rpc = opened.enter_context(RpcClient(opened.enter_context(serving(node))))
    with pytest.raises(RpcError, match="pruned history unavailable"):
        _read(rpc, 0, LAST)
    assert len(node.asked) < 20
    assert rpc.log_blocks == LOG_BLOCKS
