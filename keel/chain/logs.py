"""Read logs from nodes that limit the blocks, the logs or the time of one eth_getLogs.

Each client and provider has its own limit and its own words for it. So whoever refuses a range of
several blocks is asked for half of it, and what was granted is remembered by the client.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from keel.chain.abi import Log
from keel.chain.errors import ChainError
from keel.chain.rpc import LOG_BLOCKS, RpcClient
from keel.chain.transaction import parse_log

_GROWS_AFTER = 16
"""Answers after which twice the blocks are tried: a limit of logs bites only where many are."""


def logs_between(
    rpc: RpcClient,
    addresses: Sequence[str],
    first_block: int,
    last_block: int,
    topic: bytes | None = None,
) -> list[Log]:
    """Read the logs of some addresses in a closed range of blocks, in order.

    Raises what the client raises, a refusal only when it refuses a single block.
    """
    query: dict[str, Any] = {"address": list(addresses)}
    if topic is not None:
        query["topics"] = ["0x" + topic.hex()]
    return list(logs_matching(rpc, query, first_block, last_block))


def logs_matching(
    rpc: RpcClient, query: Mapping[str, Any], first_block: int, last_block: int
) -> Iterator[Log]:
    """Read the logs that match the addresses and topics of a query, as logs_between does."""
    first, size, granted = first_block, rpc.log_blocks, 0
    while first <= last_block:
        last = min(first + size - 1, last_block)
        part = {**query, "fromBlock": hex(first), "toBlock": hex(last)}
        try:
            answer = rpc.call("eth_getLogs", part)
        except ChainError as error:
            if last == first or not rpc.is_refusal(error):
                raise
            size, granted = (last - first + 1) // 2, 0
            continue
        yield from map(parse_log, answer)
        first, granted = last + 1, granted + 1
        rpc.log_blocks = size
        if granted % _GROWS_AFTER == 0:
            size = min(2 * size, LOG_BLOCKS)
