"""Real nodes behind real sockets that misbehave at will: slow, silent, refusing, cutting, lying."""

import http.client
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import ClassVar
from urllib.parse import urlsplit

from keel.circle.ports import HOST, choose_ports

_PASSED_ON = ("Content-Type", "Eth-Consensus-Version", "Eth-Execution-Payload-Blinded")
_NODE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a node; `node` asks the honest node behind the same or something else."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    node: "Honest"

    def honestly(self) -> "Answer":
        """What the honest node says."""
        return self.node.answer(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; `cut` bytes of the body are held back, and the connection is closed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: int = 0


type Behaviour = Callable[[Asked], Answer | None]
"""From a request to its answer; None keeps silent until the behaviour changes."""


class Honest:
    """The node behind, at its address; each thread keeps its connection, as ports are few."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._mine = threading.local()

    def answer(self, asked: Asked) -> Answer:
        """Ask the node, twice if it has hung up meanwhile; raises OSError or HTTPException."""
        try:
            return self._ask(asked)
        except (OSError, http.client.HTTPException):
            return self._ask(asked)

    def _ask(self, asked: Asked) -> Answer:
        connection = getattr(self._mine, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address, timeout=_NODE_SECONDS)
            self._mine.connection = connection
        try:
            connection.request(asked.method, asked.path, asked.body or None, dict(asked.headers))
            response = connection.getresponse()
            headers = {name: response.headers[name] for name in _PASSED_ON}
            kept = {name: value for name, value in headers.items() if value is not None}
            return Answer(response.status, kept, response.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            raise


def honest(asked: Asked) -> Answer:
    """Say what the node says."""
    return asked.honestly()


def silent(asked: Asked) -> None:
    """Accept and never answer."""


def cutting(asked: Asked) -> Answer:
    """Send half of each body."""
    answer = asked.honestly()
    return replace(answer, cut=(len(answer.body) + 1) // 2)


def slow(seconds: float) -> Behaviour:
    """Answer so much later."""

    def answer(asked: Asked) -> Answer:
        time.sleep(seconds)
        return asked.honestly()

    return answer


class FaultyNode:
    """A proxy in front of a node; its address stays when it refuses connections for a while."""

    def __init__(self, url: str) -> None:
        self.requests = 0
        self._behind = Honest(url)
        self._behaviour: Behaviour = honest
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._server: http.server.ThreadingHTTPServer | None = None
        (self._port,) = choose_ports(1)
        self.listen()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.name}"

    @property
    def name(self) -> str:
        """By which reporters call it."""
        return f"{HOST}:{self._port}"

    def be(self, behaviour: Behaviour) -> None:
        """Behave so from the next request on; waiting connections are closed."""
        with self._changed:
            self._behaviour = behaviour
            self._changed.notify_all()

    def refuse(self) -> None:
        """Close the port and all connections."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        server.server_close()
        self.be(self._behaviour)
        with self._changed:
            connections, self._open = self._open, set()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def listen(self) -> None:
        """Open the port, if it is not open."""
        if self._server is not None:
            return
        handler = type("_Handling", (_Handler,), {"proxy": self})
        self._server = _Server((HOST, self._port), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, asked: Asked) -> Answer | None:
        """Answer one request, or wait in silence until the behaviour changes."""
        self.requests += 1
        behaviour = self._behaviour
        answer = behaviour(asked)
        if answer is None:
            with self._changed:
                self._changed.wait_for(lambda: self._behaviour is not behaviour or not self._server)
        return answer

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, to be closed with the port."""
        with self._changed:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget it."""
        with self._changed:
            self._open.discard(connection)

    @property
    def behind(self) -> Honest:
        """The honest node."""
        return self._behind


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections that break off are what this is for."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    proxy: ClassVar[FaultyNode]

    def setup(self) -> None:
        super().setup()
        self.proxy.opened(self.connection)

    def finish(self) -> None:
        self.proxy.closed(self.connection)
        with suppress(OSError):
            super().finish()

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        wanted = ("Accept", "Content-Type")
        headers = {name: self.headers[name] for name in wanted if name in self.headers}
        asked = Asked(self.command, self.path, headers, body, self.proxy.behind)
        try:
            answer = self.proxy.answer(asked)
        except (OSError, http.client.HTTPException):
            answer = None
        if answer is None:
            self.close_connection = True
            return
        self._send(answer)

    def _send(self, answer: Answer) -> None:
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: len(answer.body) - answer.cut])
        except OSError:
            self.close_connection = True
        if answer.cut:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def in_front_of(url: str, count: int) -> Iterator[list[FaultyNode]]:
    """So many proxies before one node, all of them honest at first."""
    with ExitStack() as stack:
        nodes = [FaultyNode(url) for _ in range(count)]
        for node in nodes:
            stack.callback(node.refuse)
        yield nodes
