"""What the Beacon API refuses, each beside a request that it answers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from keel.consensus.api.endpoint import MOST_BODY_BYTES
from keel.consensus.api.errors import ApiError
from keel.consensus.api.negotiation import choose_media_type
from keel.consensus.api.server import serving
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import BeaconError

JSON, SSZ = "application/json", "application/octet-stream"
STATES = "/eth/v1/beacon/states"
NO_ROOT = "0x" + "ab" * 32
NO_KEY = "0x" + "ab" * 48


def assert_refused(response: httpx.Response, code: int, message: str) -> None:
    assert response.status_code == code, response.text
    assert response.headers["Content-Type"] == JSON
    assert set(response.json()) == {"code", "message"}
    assert response.json()["code"] == code
    assert message in response.json()["message"]


@pytest.mark.parametrize(
    ("good", "bad", "code", "message"),
    [
        (
            "/eth/v1/beacon/headers/3",
            "/eth/v1/beacon/headers/first",
            400,
            "Invalid block ID: first",
        ),
        ("/eth/v1/beacon/headers/3", "/eth/v1/beacon/headers/-1", 400, "Invalid block ID: -1"),
        ("/eth/v1/beacon/headers/3", "/eth/v1/beacon/headers/9999", 404, "Block not found: 9999"),
        (
            "/eth/v1/beacon/headers/18446744073709551615",
            "/eth/v1/beacon/headers/18446744073709551616",
            400,
            "Invalid block ID",
        ),
        ("/eth/v1/beacon/blocks/3/root", f"/eth/v1/beacon/blocks/{NO_ROOT}/root", 404, NO_ROOT),
        ("/eth/v2/beacon/blocks/3", f"/eth/v2/beacon/blocks/{NO_ROOT[:-1]}", 400, "Invalid block"),
        ("/eth/v1/beacon/headers?slot=3", "/eth/v1/beacon/headers?slot=x", 400, "Invalid slot: x"),
        (
            f"/eth/v1/beacon/headers?parent_root={NO_ROOT}",
            "/eth/v1/beacon/headers?parent_root=0x00",
            400,
            "Invalid parent root: 0x00",
        ),
        (f"{STATES}/3/root", f"{STATES}/current/root", 400, "Invalid state ID: current"),
        (f"{STATES}/3/root", f"{STATES}/9999/root", 404, "State not found: 9999"),
        (f"{STATES}/3/fork", f"{STATES}/{NO_ROOT}/fork", 404, f"State not found: {NO_ROOT}"),
        (
            "/eth/v2/debug/beacon/states/3",
            "/eth/v2/debug/beacon/states/9999",
            404,
            "State not found: 9999",
        ),
        (f"{STATES}/3/pending_deposits", f"{STATES}/x/pending_deposits", 400, "Invalid state ID"),
        (f"{STATES}/3/validators/3", f"{STATES}/3/validators/99", 404, "Validator not found: 99"),
        (f"{STATES}/3/validators/3", f"{STATES}/3/validators/{NO_KEY}", 404, NO_KEY),
        (f"{STATES}/3/validators/3", f"{STATES}/3/validators/{NO_ROOT}", 400, "Invalid validator"),
        (
            f"{STATES}/3/validators?id=99",
            f"{STATES}/3/validators?id=-9",
            400,
            "Invalid validator ID",
        ),
        (
            f"{STATES}/3/validators?status=exited",
            f"{STATES}/3/validators?status=gone",
            400,
            "Invalid validator status: gone",
        ),
        (
            f"{STATES}/3/validators?id=" + ",".join(["1"] * 64),
            f"{STATES}/3/validators?id=" + ",".join(["1"] * 65),
            414,
            "Too many validator IDs: 65",
        ),
        (
            f"{STATES}/3/validator_balances?id=1",
            f"{STATES}/3/validator_balances?id=one",
            400,
            "Invalid validator ID: one",
        ),
        (
            f"{STATES}/8/committees?epoch=2",
            f"{STATES}/8/committees?epoch=3",
            400,
            "Invalid epoch: 3",
        ),
        (f"{STATES}/8/committees?slot=15", f"{STATES}/8/committees?slot=16", 400, "not in epoch 1"),
        (
            f"{STATES}/8/committees?index=1",
            f"{STATES}/8/committees?index=2",
            400,
            "Invalid committee index: 2",
        ),
        (
            "/eth/v1/node/health?syncing_status=100",
            "/eth/v1/node/health?syncing_status=99",
            400,
            "99",
        ),
        ("/eth/v1/node/health", "/eth/v1/node/healthy", 404, "Not Found"),
        (f"{STATES}/8/randao?epoch=1", f"{STATES}/8/randao?epoch=2", 400, "Invalid epoch: 2"),
        (f"{STATES}/8/randao", f"{STATES}/8/randao?epoch=one", 400, "Invalid epoch: one"),
        (
            f"{STATES}/8/sync_committees?epoch=15",
            f"{STATES}/8/sync_committees?epoch=16",
            400,
            "Invalid epoch: 16, 0 to 15 expected",
        ),
        ("/eth/v1/beacon/blinded_blocks/3", "/eth/v1/beacon/blinded_blocks/9999", 404, "9999"),
        (
            "/eth/v2/beacon/blocks/3/attestations",
            "/eth/v2/beacon/blocks/current/attestations",
            400,
            "Invalid block ID: current",
        ),
        (
            "/eth/v1/node/peers?state=connected,connecting",
            "/eth/v1/node/peers?state=lost",
            400,
            "Invalid state: lost, one of disconnected",
        ),
        (
            "/eth/v1/node/peers?direction=inbound",
            "/eth/v1/node/peers?direction=up",
            400,
            "Invalid direction: up, one of inbound",
        ),
        ("/eth/v1/node/version", "/eth/v1/events?topics=attestation", 400, "Invalid topic"),
        ("/eth/v1/node/version", "/eth/v1/events", 400, "Invalid topics: none"),
    ],
)
def test_an_id_is_refused_beside_one_that_is_not(
    api: httpx.Client, good: str, bad: str, code: int, message: str
) -> None:
    answered = api.get(good)
    far = good.endswith("551615")
    assert answered.status_code == (404 if far else 200), answered.text
    assert_refused(api.get(bad), code, message)


@pytest.mark.parametrize(
    ("send", "code", "message"),
    [
        (
            {"content": b"{}", "headers": {"Content-Type": SSZ}},
            415,
            f"Unsupported media type: {SSZ}",
        ),
        ({"content": b"{}"}, 415, "Unsupported media type: none"),
        ({"content": b"{", "headers": {"Content-Type": JSON}}, 400, "Invalid body"),
        ({}, 400, "Invalid body"),
        ({"json": ["1"]}, 400, "Invalid body"),
        ({"json": {"ids": [1]}}, 400, "Invalid ids: a list of strings expected"),
        ({"json": {"ids": ["one"]}}, 400, "Invalid validator ID: one"),
        ({"json": {"statuses": ["gone"]}}, 400, "Invalid validator status: gone"),
    ],
)
def test_a_body_is_refused_beside_one_that_is_not(
    api: httpx.Client, send: dict[str, Any], code: int, message: str
) -> None:
    path = f"{STATES}/head/validators"
    good = api.post(
        path, content=b'{"ids":["1"]}', headers={"Content-Type": f"{JSON}; charset=utf-8"}
    )
    assert good.status_code == 200
    assert_refused(api.post(path, **send), code, message)


def test_a_method_that_a_path_does_not_have_is_refused(api: httpx.Client) -> None:
    assert api.get("/eth/v1/beacon/genesis").status_code == 200
    refused = api.post("/eth/v1/beacon/genesis", json={})
    assert_refused(refused, 405, "Method Not Allowed")
    assert set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (SSZ, SSZ),
        (f"{SSZ}, {JSON}", JSON),
        (f"{SSZ};q=1, {JSON};q=0.9", SSZ),
        (f"{SSZ};q=0.9, {JSON};q=1.0", JSON),
        (f"{JSON};q=0.2, */*;q=0.5", SSZ),
        (f"{JSON};q=0, */*", SSZ),
        (f"{SSZ};charset=utf-8;q=0.5, text/html", SSZ),
        (f"{JSON};q=much, {SSZ}", SSZ),
        ("Application/Octet-Stream", SSZ),
    ],
)
def test_the_best_liked_form_is_chosen(accept: str | None, expected: str) -> None:
    assert choose_media_type(accept, has_ssz=True) == expected


@pytest.mark.parametrize("accept", ["text/html", f"{SSZ};q=0", f"{JSON};q=0, {SSZ};q=0, text/*"])
def test_no_form_is_chosen_that_the_client_refuses(accept: str) -> None:
    with pytest.raises(ApiError) as caught:
        choose_media_type(accept, has_ssz=True)
    assert caught.value.code == 406


def test_ssz_is_offered_where_the_api_has_it_and_406_elsewhere(api: httpx.Client) -> None:
    wants = {"Accept": SSZ}
    ssz = api.get("/eth/v2/beacon/blocks/head", headers=wants)
    assert (ssz.status_code, ssz.headers["Content-Type"]) == (200, SSZ)
    assert ssz.headers["Eth-Consensus-Version"] == "fulu"
    json = api.get("/eth/v2/beacon/blocks/head")
    assert (json.headers["Content-Type"], json.json()["version"]) == (JSON, "fulu")
    assert json.headers["Eth-Consensus-Version"] == "fulu"
    assert_refused(api.get("/eth/v1/config/spec", headers=wants), 406, "Not acceptable")
    assert_refused(api.get("/eth/v2/beacon/blocks/head", headers={"Accept": "text/html"}), 406, SSZ)
    events = api.get("/eth/v1/events", params={"topics": "head"}, headers={"Accept": JSON})
    assert_refused(events, 406, "text/event-stream")


@pytest.mark.parametrize(
    ("host", "is_served"),
    [
        ("127.0.0.1:5052", True),
        ("localhost", True),
        ("[::1]:5052", True),
        ("rebound.example:5052", False),
        ("[::1", False),
    ],
)
@pytest.mark.parametrize("path", ["/eth/v1/node/version", "/eth/v1/events?topics=head", "/none"])
def test_only_addresses_and_localhost_are_names_of_this_api(
    api: httpx.Client, path: str, host: str, is_served: bool
) -> None:
    with api.stream("GET", path, headers={"Host": host}) as answer:
        assert (answer.status_code == 421) is not is_served
        if not is_served:
            answer.read()
            assert_refused(answer, 421, f"Host not served here: {host}")


@pytest.mark.parametrize("has_length", [True, False])
def test_a_body_has_a_bound(api: httpx.Client, has_length: bool) -> None:
    def send(content: bytes) -> httpx.Response:
        pieces = (content[at : at + 2**16] for at in range(0, len(content), 2**16))
        body = content if has_length else pieces
        headers = {"Content-Type": JSON}
        return api.post(f"{STATES}/head/validator_balances", content=body, headers=headers)

    assert send(b'["1"' + b" " * (MOST_BODY_BYTES - 5) + b"]").status_code == 200
    assert_refused(send(b'["1"' + b" " * (MOST_BODY_BYTES - 4) + b"]"), 413, "Body too long")


def test_a_taken_port_is_named(chain: BeaconChain, api_address: str) -> None:
    port = int(api_address.rpartition(":")[2])
    with pytest.raises(BeaconError, match=f"cannot listen on port {port}"), serving(chain, port):
        pass
    with serving(chain) as other:
        assert httpx.get(f"{other}/eth/v1/node/health").status_code == 200


def test_a_failure_is_answered_without_its_cause(
    api: httpx.Client, chain: BeaconChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_state: object) -> Callable[[], None]:
        raise RuntimeError("a secret")

    path = f"{STATES}/head/root"
    assert api.get(path).status_code == 200
    monkeypatch.setattr(chain.spec, "hash_tree_root", fail)
    assert_refused(api.get(path), 500, "Internal error")
