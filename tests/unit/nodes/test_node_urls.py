"""Addresses as providers hand them out: the credentials reach the node and are never shown."""

import base64
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import orjson
import pytest

from keel.chain.endpoint import shown_address
from keel.chain.errors import RpcConnectionError
from keel.chain.rpc import RpcClient
from keel.dashboard.beacon import BeaconClient
from keel.errors import KeelError
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.agreed_rpc import AgreedRpc
from keel.nodes.errors import NodeError, NodeSettingsError
from tests.unit.nodes.node_servers import BeaconAnswers, unreachable

SECRETS = ("alice", "s3cret", "KEY", "v3")


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers both layers and keeps what it was asked."""

    asked: ClassVar[list[tuple[str, str | None]]]
    answers: ClassVar[Any] = BeaconAnswers()
    broken: ClassVar[bool] = False

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].removeprefix("/v3/KEY")
        self._send(self.answers(path, b"").body)

    def do_POST(self) -> None:
        body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._send(orjson.dumps({"id": body["id"], "result": "0x7a69"}))

    def _send(self, body: bytes) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"<html>" if type(self).broken else body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@contextmanager
def _asked(*, broken: bool = False) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """A node's host and port, and the path and authorisation of each request."""
    asked: list[tuple[str, str | None]] = []
    kind = type("Handling", (Handler,), {"asked": asked, "broken": broken})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()


def _basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("before", "behind", "path", "authorisation"),
    [
        ("alice:s3cret@", "", "", _basic("alice:s3cret")),
        ("alice:s3%40cret%C3%A9@", "/", "", _basic("alice:s3@creté")),
        ("alice@", "", "", _basic("alice:")),
        ("", "/?key=KEY", "?key=KEY", None),
        ("", "/v3/KEY", "/v3/KEY", None),
        ("alice:s3cret@", "/v3/KEY/?key=KEY&b=2", "/v3/KEY?key=KEY&b=2", _basic("alice:s3cret")),
    ],
)
def test_what_the_address_holds_reaches_the_node_of_either_layer(
    before: str, behind: str, path: str, authorisation: str | None
) -> None:
    own, _, query = path.partition("?")
    query = f"?{query}" if query else ""
    with _asked() as (host, asked):
        url = f"http://{before}{host}{behind}"
        with AgreedRpc([url], 1, 2.0) as rpc:
            assert rpc.call("eth_chainId") == "0x7a69"
            assert rpc.urls == [f"http://{host}"]
        with AgreedBeacon([url], 1, 2.0) as beacon:
            assert beacon.head_slot() == 100
            assert beacon.urls == [f"http://{host}"]
        page = BeaconClient(url)
        assert page.synced_slot() == 100
        page.close()
    assert {given for _, given in asked} == {authorisation}
    assert asked[0][0].removesuffix(query).rstrip("/") == own
    assert all(each.endswith(query) for each, _ in asked)
    paths = [each.removesuffix(query) for each, _ in asked[1:]]
    assert f"{own}/eth/v1/node/syncing" in paths
    assert all(each.startswith(f"{own}/eth/") for each in paths)


def test_no_error_shows_what_may_be_a_key() -> None:
    with _asked(broken=True) as (broken, _), unreachable() as nobody:
        for host in (broken, nobody.removeprefix("http://")):
            url = f"http://alice:s3cret@{host}/v3/KEY?key=KEY"
            for said in _errors(url):
                assert not any(secret in said for secret in SECRETS), said
                assert f"http://{host}" in said


def _errors(url: str) -> Iterator[str]:
    with RpcClient(url, 2.0) as rpc:
        for ask in (lambda: rpc.call("eth_chainId"), lambda: rpc.batch([("a", ()), ("b", ())])):
            with pytest.raises(RpcConnectionError) as caught:
                ask()
            yield str(caught.value)
    for urls in ([url], [url, url + "2", url + "3"]):
        with AgreedRpc(urls, None, 2.0) as rpc, pytest.raises(NodeError) as none:
            rpc.call("eth_chainId")
        yield str(none.value)
        with AgreedBeacon(urls, None, 2.0) as beacon, pytest.raises(NodeError) as none:
            beacon.head_slot()
        yield str(none.value)
    with BeaconClient(url) as page, pytest.raises(NodeError) as none:
        page.amounts("head", ["0x00"], "0x")
    yield str(none.value)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://alice:s3cret@node/v3/KEY?key=KEY",
        "http://alice:s3cret@node:port/v3/KEY",
        "http://alice:s3cret@/v3/KEY",
        "alice:s3cret@node:1/v3/KEY",
        "http://[::1/v3/KEY#KEY",
    ],
)
def test_a_broken_address_is_refused_without_its_secrets(url: str) -> None:
    refused: list[KeelError] = []
    with pytest.raises(RpcConnectionError, match="is not an http or https address") as caught:
        RpcClient(url)
    refused.append(caught.value)
    with pytest.raises(NodeSettingsError, match="is not an http or https address") as named:
        AgreedBeacon([url], 1)
    refused.append(named.value)
    for said in [*map(str, refused), shown_address(url)]:
        assert not any(secret in said for secret in SECRETS), said
