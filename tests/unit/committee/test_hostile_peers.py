"""A peer that answers without end takes neither memory nor the other peers' threads."""

import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from keel.committee.peers import Peers

from .committee_examples import MEMBERS, signed

MEBIBYTE = 2**20
TIMEOUT_SECONDS = 0.2


@contextmanager
def peer(answer: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Serve each connection with `answer` in a thread of its own."""
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while not over.is_set() and connection.recv(2**16):
                answer(connection, over)

    def accept(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()


def refuse_without_end(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n")
    piece = b"%x\r\n" % MEBIBYTE + bytes(MEBIBYTE) + b"\r\n"
    for _ in range(64):
        if over.is_set():
            return
        connection.sendall(piece)


def drip_a_header(connection: socket.socket, over: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not over.wait(TIMEOUT_SECONDS / 4):
        connection.sendall(b"x")


def know_no_ballots(connection: socket.socket, _over: threading.Event) -> None:
    body = b'{"ballots":[]}'
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def test_a_refusal_without_end_is_not_collected() -> None:
    with peer(refuse_without_end) as url, Peers([url], 5.0) as peers:
        tracemalloc.start()
        try:
            peers.offer([signed(MEMBERS[0])])
            _, most_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert "refused a ballot" in peers.problems[url]
        assert most_bytes < 8 * MEBIBYTE


def test_a_peer_that_drips_its_headers_keeps_one_thread_and_no_other_peer() -> None:
    now = 0.0
    with (
        peer(drip_a_header) as dripping,
        peer(know_no_ballots) as honest,
        Peers([dripping, honest], TIMEOUT_SECONDS, monotonic=lambda: now) as peers,
    ):
        for _ in range(12):  # more than the threads of both
            now += 1_000
            peers.ballots(95)
            assert list(peers.problems) == [dripping]


def test_an_address_that_cannot_be_is_a_problem_of_that_peer_alone() -> None:
    url = "http://xn--:1"
    with Peers([url], TIMEOUT_SECONDS) as peers:
        assert peers.ballots(63) == []
        assert list(peers.problems) == [url]
