"""Verify on nodes that lack methods: it says what was not checked, and `differs` means differs."""

import pytest

from keel.chain.rpc import RpcClient
from keel.chain.state import set_runtime_code
from keel.deploy.manifest import Manifest, make_manifest
from keel.deploy.verify import differences
from tests.acceptance.limited_nodes import Refuse, lacking, method_of
from tests.deployment import Keel
from tests.unit.nodes.node_servers import serving


@pytest.fixture
def manifest(keel: Keel) -> Manifest:
    return make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)


LACKS: dict[str, tuple[Refuse, bool, str, int]] = {
    "no access lists": (method_of("eth_createAccessList"), False, "more than getters show", 2),
    "no proofs": (method_of("eth_getProof"), False, "its whole storage", 6),
    "overrides ignored": (lambda _: False, True, "it ignores them", 16),
    "overrides refused": (
        lambda request: request["method"] == "eth_call" and len(request["params"]) > 2,
        False,
        "Method not found",
        16,
    ),
}


@pytest.mark.parametrize("lack", LACKS.values(), ids=LACKS)
def test_what_a_node_lacks_is_not_checked_and_no_difference(
    keel: Keel,
    manifest: Manifest,
    lack: tuple[Refuse, bool, str, int],
) -> None:
    refuses, is_deaf, words, count = lack
    node = lacking(keel.rpc.url, refuses, ignores_overrides=is_deaf)
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
