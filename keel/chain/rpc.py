"""A JSON-RPC client over one kept-alive connection: a read takes about 0.2 ms on Anvil.

Only transport lives here; what the methods mean is in state.py, clock.py and transaction.py.
"""

import http.client
import itertools
import re
import select
import socket
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson

from keel.chain.closeable import Closing
from keel.chain.endpoint import endpoint
from keel.chain.errors import ChainError, RpcConnectionError, RpcError
from keel.chain.timed_response import TimedResponse

type Request = tuple[str, Sequence[Any]]
"""A method and its parameters."""

LOG_BLOCKS = 10_000
"""Blocks whose logs are asked for at a time at first: what most nodes grant."""

_HEADERS = {"Content-Type": "application/json"}
_MOST_BYTES = 256 * 1024**2
_MOST_CHARACTERS = 1_000  # of what an endpoint says of an error
_HEX = re.compile(r"(?:^|\s)0x((?:[0-9a-fA-F]{2})*)$")
"""Bytes that a call returned, which older clients put behind a word."""


class RpcClient(Closing):
    """JSON-RPC 2.0 over HTTP or HTTPS. One client serves one thread.

    A request that broke off is never repeated, since the endpoint may have executed it; the next
    request opens a new connection. `name` may be shown, `url` may hold a provider's key.
    `log_blocks` is how many blocks' logs it grants at a time, as far as it has shown.
    `timeout_seconds` bounds connecting, sending, and the whole answer, however slowly it comes.
    """

    def __init__(self, url: str, timeout_seconds: float = 120.0) -> None:
        try:
            found = endpoint(url)
        except ValueError as error:
            raise RpcConnectionError(str(error)) from error
        parts = urlsplit(url)
        self.url, self.name = url, found.name
        self._path = found.target()
        self._headers = {**_HEADERS, **found.headers}
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = kind(parts.hostname or "", parts.port, timeout=timeout_seconds)
        self._connection.response_class = TimedResponse
        self._timeout_seconds = timeout_seconds
        self._ids = itertools.count(1)
        self.log_blocks = LOG_BLOCKS

    def call(self, method: str, *params: Any) -> Any:
        """Return the result of one request; raises RpcError or RpcConnectionError."""
        answer = self._exchange(self._envelope(method, params))
        if not isinstance(answer, dict):
            raise RpcConnectionError(f"{self.name} did not answer {method} with JSON-RPC")
        return _result(method, answer)

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Results in the order of the requests, by one HTTP request; raises the first RpcError.

        The other requests of a batch that raises have been executed all the same.
        """
        outcomes = self.batch_outcomes(requests)
        for outcome in outcomes:
            if isinstance(outcome, RpcError):
                raise outcome
        return outcomes

    def batch_outcomes(self, requests: Sequence[Request]) -> list[Any]:
        """Like batch, but an RpcError stands in the place of each result that failed."""
        if not requests:
            return []
        envelopes = [self._envelope(method, params) for method, params in requests]
        answers = self._exchange(envelopes)
        if not isinstance(answers, list) or len(answers) != len(requests):
            said = (
                _said(answers["error"])
                if _is_refused(answers)
                else "not every request was answered"
            )
            raise RpcConnectionError(f"{self.name} does not serve this JSON-RPC batch: {said}")
        by_id = {each.get("id"): each for each in answers if isinstance(each, dict)}
        outcomes: list[Any] = []
        for envelope in envelopes:
            answer = by_id.get(envelope["id"])
            if answer is None:
                raise RpcConnectionError(f"{self.name} does not answer every request of a batch")
            try:
                outcomes.append(_result(envelope["method"], answer))
            except RpcError as error:
                outcomes.append(error)
        return outcomes

    def is_refusal(self, error: ChainError) -> bool:
        """Whether an error is the endpoint's answer, which another request may not get."""
        return isinstance(error, RpcError)

    def close(self) -> None:
        """Close the connection; a later request opens it again."""
        self._connection.close()

    def _envelope(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}

    def _exchange(self, body: Any) -> Any:
        try:
            self._connect()
            self._connection.request("POST", self._path, orjson.dumps(body), self._headers)
            response = self._connection.getresponse()
            content = response.read(_MOST_BYTES + 1)
            if response.length and len(content) <= _MOST_BYTES:
                raise http.client.IncompleteRead(content, response.length)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            reason = str(error) or type(error).__name__
            raise RpcConnectionError(f"{self.name} cannot be used: {reason}") from error
        if len(content) > _MOST_BYTES:
            self._connection.close()
            raise RpcConnectionError(f"{self.name} answered with more than {_MOST_BYTES} bytes")
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise RpcConnectionError(
                f"{self.name} answered with HTTP status {response.status}, not with JSON"
            ) from error

    def _connect(self) -> None:
        """Open the connection, or open it again when the endpoint closed it while it was idle."""
        open_socket = self._connection.sock
        if open_socket is not None:
            closed_by_peer, _, _ = select.select([open_socket], [], [], 0)
            if not closed_by_peer:
                open_socket.settimeout(self._timeout_seconds)
                return
            self._connection.close()
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _result(method: str, answer: dict[str, Any]) -> Any:
    if not _is_refused(answer):
        return answer.get("result")
    error = answer["error"]
    code, data = (error.get("code"), error.get("data")) if isinstance(error, dict) else (0, None)
    if isinstance(data, dict):
        data = data.get("data")
    found = _HEX.search(data) if isinstance(data, str) else None
    said = _said(error)
    if found is None and isinstance(data, str):
        said = f"{said}: {_line(data)}"
    raise RpcError(
        method,
        code if isinstance(code, int) else 0,
        said,
        None if found is None else bytes.fromhex(found[1]),
    )


def _is_refused(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.get("error") is not None


def _said(error: Any) -> str:
    return _line(error.get("message", "") if isinstance(error, dict) else error)


def _line(text: Any) -> str:
    return " ".join(str(text).split())[:_MOST_CHARACTERS]
