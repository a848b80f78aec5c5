"""A manifest keeps what was deployed exactly, and serves its own chain only."""

import json
import os
import resource
from pathlib import Path

import pytest
from eth_utils.crypto import keccak

from keel.chain.state import runtime_code
from keel.deploy.errors import ManifestError
from keel.deploy.manifest import (
    Manifest,
    make_manifest,
    manifest_path,
    read_manifest,
    write_manifest,
)
from tests.deployment import Keel


@pytest.fixture
def manifest(keel: Keel) -> Manifest:
    return make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)


@pytest.fixture
def path(keel: Keel, manifest: Manifest, tmp_path: Path) -> Path:
    file = tmp_path / "manifest.json"
    write_manifest(manifest, file, keel.artifacts)
    return file


def test_it_reads_as_it_was_written(keel: Keel, manifest: Manifest, path: Path) -> None:
    assert read_manifest(keel.rpc, path) == manifest
    assert manifest.addresses == keel.plan.addresses


def test_it_tells_each_contract(keel: Keel, path: Path) -> None:
    content = json.loads(path.read_text())
    for name, contract in content["contracts"].items():
        code = runtime_code(keel.rpc, contract["address"])
        assert contract["runtime_code_hash"] == "0x" + keccak(code).hex(), name
        assert isinstance(json.loads((path.parent / contract["abi_path"]).read_text()), list)
    queue = content["contracts"]["WithdrawalQueue"]["constructor_arguments"]
    assert queue["maxTicketWei"] == str(keel.profile.max_ticket_wei)
    assert queue["vault"] == keel.plan.addresses["StakingVault"]


def test_no_number_in_it_is_larger_than_readers_keep(path: Path) -> None:
    def numbers(value: object) -> list[int]:
        if isinstance(value, dict):
            return [n for part in value.values() for n in numbers(part)]
        if isinstance(value, list):
            return [n for part in value for n in numbers(part)]
        return [value] if isinstance(value, int) else []

    assert max(numbers(json.loads(path.read_text()))) < 2**53


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"chain_id": 1}, "its chain id is 1, here 31337"),
        ({"genesis_hash": "0x" + "11" * 32}, "its genesis hash is 0x1111"),
    ],
)
def test_another_chain_s_is_refused(
    keel: Keel, manifest: Manifest, path: Path, change: dict[str, object], message: str
) -> None:
    write_manifest(manifest.model_copy(update=change), path, keel.artifacts)
    with pytest.raises(ManifestError, match=message):
        read_manifest(keel.rpc, path)


def test_a_missing_or_broken_one_is_named(keel: Keel, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is Keel deployed on this chain"):
        read_manifest(keel.rpc, tmp_path / "none.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    with pytest.raises(ManifestError, match="is not a manifest: chain_id"):
        read_manifest(keel.rpc, broken)


def test_a_local_chain_s_lies_in_the_ignored_folder(keel: Keel, manifest: Manifest) -> None:
    place = manifest_path(keel.rpc, Path("root"))
    assert place == Path(f"root/.keel/31337-{manifest.genesis_hash[2:10]}.json")


def test_a_full_disk_leaves_the_earlier_manifest(
    keel: Keel, manifest: Manifest, path: Path
) -> None:
    before = {file: file.read_bytes() for file in path.parent.rglob("*.json")}
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    changed = manifest.model_copy(update={"block": 77})
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, unlimited[1]))
    try:
        with pytest.raises(
            ManifestError, match=r"manifest\.json cannot be written: File too large"
        ):
            write_manifest(changed, path, keel.artifacts)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert {file: file.read_bytes() for file in path.parent.rglob("*.json")} == before


def test_it_is_for_everybody_to_read(path: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    for file in path.parent.rglob("*.json"):
        assert file.stat().st_mode & 0o777 == 0o666 & ~mask, file
