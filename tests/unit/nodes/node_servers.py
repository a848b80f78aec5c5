"""Nodes that misbehave, on real sockets: each answers, or fails to, in one way."""

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx
import orjson

_JSON = {"Content-Type": "application/json"}


@dataclass
class Answer:
    """What a server sends: `cut` bytes of the body are held back, `pause` seconds go before."""

    body: bytes = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    pause: float = 0.0
    drip: float = 0.0


type Answering = Callable[[str, bytes], Answer]
"""From the path and the body of a request to the answer."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answering: ClassVar[Answering]

    def do_GET(self) -> None:
        self._send(type(self).answering(self.path, b""))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(type(self).answering(self.path, body))

    def _send(self, answer: Answer) -> None:
        time.sleep(answer.pause)
        try:
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self._write(answer)
        except OSError:
            self.close_connection = True

    def _write(self, answer: Answer) -> None:
        body = answer.body[: len(answer.body) - answer.cut]
        if answer.drip:
            for byte in body:
                self.wfile.write(bytes([byte]))
                time.sleep(answer.drip)
        else:
            self.wfile.write(body)
        self.close_connection = answer.cut > 0

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def serving(answering: Answering) -> Iterator[str]:
    """Serve answers; gives the address."""
    handler = type("Serving", (Handler,), {"answering": staticmethod(answering)})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def silent() -> Iterator[str]:
    """Accept connections and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def unreachable() -> Iterator[str]:
    """A port that nobody listens on while the test holds it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def in_front_of(url: str, change: Callable[[str, Any], Any]) -> Answering:
    """A lying node: what the node at `url` answers to JSON-RPC, changed by method."""

    honest = httpx.Client(headers=_JSON, trust_env=False)

    def answer(_path: str, body: bytes) -> Answer:
        asked = orjson.loads(body)
        said = orjson.loads(honest.post(url, content=body).content)
        several = isinstance(asked, list)
        for one, reply in zip(asked, said, strict=True) if several else [(asked, said)]:
            reply["result"] = change(one["method"], reply.get("result"))
        return Answer(orjson.dumps(said))

    return answer


class BeaconAnswers:
    """A beacon node of the test's own making: its answers by path, for changing at will."""

    GENESIS_ROOT = b"\x01" * 32

    def __init__(self, head: int = 100, final_epoch: int = 10) -> None:
        self.count = 0
        self.syncing: dict[str, Any] = {
            "head_slot": str(head),
            "sync_distance": "0",
            "is_syncing": False,
            "is_optimistic": False,
            "el_offline": False,
        }
        self.genesis = {
            "genesis_time": "1800000000",
            "genesis_validators_root": "0x" + self.GENESIS_ROOT.hex(),
            "genesis_fork_version": "0x00000001",
        }
        self.spec = {
            "PRESET_BASE": "minimal",
            "SECONDS_PER_SLOT": "12",
            "SLOTS_PER_EPOCH": "8",
            "SHARD_COMMITTEE_PERIOD": "64",
            "MIN_VALIDATOR_WITHDRAWABILITY_DELAY": "256",
            "DEPOSIT_CHAIN_ID": "31337",
            "DEPOSIT_CONTRACT_ADDRESS": "0x00000000219ab540356cbb839cbe05303d7705fa",
        }
        self.final_epoch = final_epoch
        self.root = b"\x0a" * 32
        self.optimistic = False
        self.changed: dict[str, Answer] = {}

    def state(self, slot: int) -> bytes:
        head = (1_800_000_000).to_bytes(8, "little") + self.GENESIS_ROOT
        return head + slot.to_bytes(8, "little") + bytes(1000)

    def __call__(self, path: str, _body: bytes) -> Answer:
        self.count += 1
        for part, answer in self.changed.items():
            if part in path:
                return answer
        if path.startswith("/eth/v2/debug/beacon/states/"):
            headers = {
                "Content-Type": "application/octet-stream",
                "Eth-Consensus-Version": "fulu",
            }
            return Answer(self.state(int(path.rpartition("/")[2])), headers=headers)
        data = self._data(path)
        return Answer(orjson.dumps({"execution_optimistic": self.optimistic, "data": data}))

    def _data(self, path: str) -> Any:
        if path.endswith("/root"):
            return {"root": "0x" + self.root.hex()}
        message = {"slot": self.syncing["head_slot"]}
        return {
            "/eth/v1/beacon/genesis": self.genesis,
            "/eth/v1/config/spec": self.spec,
            "/eth/v1/node/syncing": self.syncing,
            "/eth/v1/beacon/headers/head": {
                "root": "0x" + "0b" * 32,
                "header": {"message": message},
            },
            "/eth/v1/beacon/states/head/finality_checkpoints": {
                "finalized": {"epoch": str(self.final_epoch), "root": "0x" + "0c" * 32}
            },
        }[path]
