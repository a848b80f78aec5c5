"""One execution node: what an RpcClient gets from it, and its failures as NodeErrors."""

import itertools
import socket
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPException
from typing import Any

import orjson

from keel.chain.errors import RpcConnectionError, RpcError
from keel.chain.rpc import Request, RpcClient
from keel.chain.state import BlockHead
from keel.nodes.errors import NodeError, NodeSilentError

_MOST_IN_BATCH = 100
"""Requests in one batch; Geth takes 1,000 unless configured otherwise, public nodes fewer."""

_NOT_JSON_RPC = (LookupError, TypeError, ValueError, AttributeError)


class ExecutionNode(RpcClient):
    """An RpcClient whose `close` another thread may call, which breaks off what it waits for."""

    def close(self) -> None:
        """Close the connection at once."""
        if self._last_socket is not None:
            with suppress(OSError):
                self._last_socket.shutdown(socket.SHUT_RDWR)
        super().close()

    def _connect(self) -> None:
        super()._connect()
        self._last_socket = self._connection.sock

    _last_socket: socket.socket | None = None


def ask_node(client: RpcClient, requests: Sequence[Request]) -> list[Any]:
    """Ask one node over its own connection; each request that failed gives an RpcError."""
    try:
        outcomes = _outcomes(client, requests)
        orjson.dumps(outcomes, default=str)  # raises TypeError for more levels than others bear
        return outcomes
    except RpcConnectionError as error:
        problem = str(error).replace(client.name, "it")
        is_silent = isinstance(error.__cause__, (OSError, HTTPException))
        kind = NodeSilentError if is_silent else NodeError
        raise kind(client.name, problem) from error
    except _NOT_JSON_RPC as error:
        raise NodeError(client.name, "its answer is not JSON-RPC") from error


def _outcomes(client: RpcClient, requests: Sequence[Request]) -> list[Any]:
    if len(requests) > 1:
        return [
            outcome
            for batch in itertools.batched(requests, _MOST_IN_BATCH)
            for outcome in RpcClient.batch_outcomes(client, batch)
        ]
    ((name, params),) = requests
    try:
        return [RpcClient.call(client, name, *params)]
    except RpcError as error:
        return [error]


def head_at(client: RpcClient, tag: str) -> BlockHead | None:
    """Head of a block at one node, None if it does not have it."""
    (answer,) = ask_node(client, [("eth_getBlockByNumber", (tag, False))])
    if isinstance(answer, RpcError):
        raise NodeError(client.name, str(answer)) from answer
    if answer is None:
        return None
    try:
        return BlockHead(
            number=int(answer["number"], 16),
            hash=answer["hash"].lower(),
            timestamp=int(answer["timestamp"], 16),
            base_fee_wei=int(answer.get("baseFeePerGas", "0x0"), 16),
            gas_used=int(answer["gasUsed"], 16),
        )
    except _NOT_JSON_RPC as error:
        raise NodeError(client.name, "its answer is not a block") from error
