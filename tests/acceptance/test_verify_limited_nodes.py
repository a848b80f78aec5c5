"""Verify on nodes that lack methods: it says what was not checked, and `differs` means differs."""

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest

from keel.chain.rpc import RpcClient
from keel.chain.state import set_runtime_code
from keel.deploy.manifest import Manifest, make_manifest
from keel.deploy.verify import differences
from tests.deployment import Keel
from tests.unit.nodes.node_servers import Answer, Answering, serving

type Refuse = Callable[[Any], bool]


@pytest.fixture
def manifest(keel: Keel) -> Manifest:
    return make_manifest(keel.rpc, keel.plan, keel.deployment, keel.artifacts)


def _lacking(url: str, refuses: Refuse, *, ignores_overrides: bool = False) -> Answering:
    """The node at `url`, without some methods or deaf to overrides."""
    chain = httpx.Client(headers={"Content-Type": "application/json"}, trust_env=False)

    def answer(_path: str, body: bytes) -> Answer:
        asked = orjson.loads(body)
        requests = asked if isinstance(asked, list) else [asked]
        if ignores_overrides:
            for each in requests:
                each["params"] = (
                    each["params"][:2] if each["method"] == "eth_call" else each["params"]
                )
        said = orjson.loads(chain.post(url, content=orjson.dumps(asked)).content)
        replies = said if isinstance(said, list) else [said]
        for request, reply in zip(requests, replies, strict=True):
            if refuses(request):
                del reply["result"]
                reply["error"] = {"code": -32601, "message": "Method not found"}
        return Answer(orjson.dumps(said))

    return answer


def _method(*names: str) -> Refuse:
    return lambda request: request["method"] in names


LACKS: dict[str, tuple[Refuse, bool, str, int]] = {
    "no access lists": (_method("eth_createAccessList"), False, "more than getters show", 2),
    "no proofs": (_method("eth_getProof"), False, "its whole storage", 6),
    "overrides ignored": (lambda _: False, True, "it ignores them", 12),
    "overrides refused": (
        lambda request: request["method"] == "eth_call" and len(request["params"]) > 2,
        False,
        "Method not found",
        12,
    ),
}


@pytest.mark.parametrize("lack", LACKS.values(), ids=LACKS)
def test_what_a_node_lacks_is_not_checked_and_no_difference(
    keel: Keel,
    manifest: Manifest,
    lack: tuple[Refuse, bool, str, int],
) -> None:
    refuses, is_deaf, words, count = lack
    node = _lacking(keel.rpc.url, refuses, ignores_overrides=is_deaf)
    with serving(node) as url, RpcClient(url) as rpc:
        unchecked: list[str] = []
        assert differences(rpc, manifest, keel.artifacts, unchecked) == []
        assert len([line for line in unchecked if words in line]) == len(unchecked) == count
        assert not any("\n" in line for line in unchecked)
        set_runtime_code(keel.rpc, manifest.addresses["InsuranceFund"], b"\x00")
        found = differences(rpc, manifest, keel.artifacts, [])
    assert any(line.startswith("InsuranceFund: code hash") for line in found)


def test_a_whole_node_leaves_nothing_unchecked(keel: Keel, manifest: Manifest) -> None:
    unchecked: list[str] = []
    assert differences(keel.rpc, manifest, keel.artifacts, unchecked) == []
    assert unchecked == []
