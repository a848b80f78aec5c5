"""Every server bounds its connections, whatever they do, and goes on for those who ask."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from keel.serving import serve_app
from tests.unit.service.waiting import until

MEBIBYTE = 2**20
MOST = 4
MUCH = bytes(64 * MEBIBYTE)


def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


def _much(_request: Request) -> Response:
    return PlainTextResponse(MUCH)


APP = Starlette(routes=[Route("/", _hello), Route("/much", _much)])


@contextmanager
def connection_to(url: str) -> Iterator[socket.socket]:
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as connection:
        yield connection


def answers(url: str) -> bool:
    return httpx.get(url, timeout=5).status_code == 200


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has given it up."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_connections_are_bounded_without_being_asked_to() -> None:
    with ExitStack() as stack, serve_app(APP, "127.0.0.1", 0) as url:
        held = []
        for _ in range(25):
            held += [stack.enter_context(connection_to(url)) for _ in range(20)]
            # More than the server accepts in one go, and the kernel lets the next wait a second.
            assert answers(url)
        assert sum(not is_closed(each) for each in held) <= 65


def test_who_asks_for_much_and_never_reads_it_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("keel.serving.connection.STALL_SECONDS", 2.0)
    with ExitStack() as stack, serve_app(APP, "127.0.0.1", 0, most_connections=MOST) as url:
        for _ in range(MOST):
            asking = stack.enter_context(connection_to(url))
            asking.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: not answers(url))  # all are busy
        until(lambda: answers(url))


def test_who_reads_slowly_gets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keel.serving.connection.STALL_SECONDS", 0.5)
    with serve_app(APP, "127.0.0.1", 0) as url, httpx.stream("GET", f"{url}/much") as response:
        received = 0
        for part in response.iter_raw(8 * MEBIBYTE):
            received += len(part)
            time.sleep(0.2)
    assert received == 64 * MEBIBYTE


def test_a_web_socket_is_no_way_around_the_bound() -> None:
    upgrade = (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with serve_app(APP, "127.0.0.1", 0) as url, connection_to(url) as asking:
        asking.sendall(upgrade)
        assert asking.recv(4096).startswith(b"HTTP/1.1 200 ")
