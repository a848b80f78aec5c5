"""latest.json, read by programs in other languages that then deposit."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from keel.chain.node_packages import REPOSITORY_ROOT, node_binary
from keel.deploy.manifest import latest_path, make_manifest, write_manifest
from keel.deploy.plan import LIBRARIES
from keel.model.constants import ETHER
from tests.deployment import Keel

EXAMPLES = REPOSITORY_ROOT / "examples"


@pytest.fixture
def latest(keel: Keel, tmp_path: Path) -> Path:
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    path = tmp_path / "manifest.json"
    write_manifest(manifest, path, keel.artifacts)
    return latest_path(path)


def test_it_lies_in_a_folder_deployments() -> None:
    local, public = Path("/root/.keel/manifest.json"), Path("/root/deployments/1.json")
    assert latest_path(local) == Path("/root/.keel/deployments/latest.json")
    assert latest_path(public) == Path("/root/deployments/latest.json")


def test_it_has_address_and_abi_of_every_contract(keel: Keel, latest: Path) -> None:
    content = json.loads(latest.read_text())
    assert content["chainId"] == 31337
    assert content["block"] == keel.deployment.block
    found = content["contracts"]
    assert {name: entry["address"] for name, entry in found.items()} == keel.plan.addresses
    for name, entry in found.items():
        functions = [each for each in entry["abi"] if each["type"] == "function"]
        assert bool(functions) is (name not in LIBRARIES)  # for the vault alone to call


@pytest.mark.parametrize("library", ["viem", "ethers"])
def test_a_javascript_library_deposits_with_it(keel: Keel, latest: Path, library: str) -> None:
    script = EXAMPLES / library / "deposit.mjs"
    depositor = keel.actors.depositor.address
    command = [node_binary(), str(script), str(latest), keel.rpc.url, depositor]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["account"].lower() == depositor.lower()
    assert int(said["units"]) == keel.quick.wrapped.balanceOf(depositor)
    assert ETHER - 10 <= int(said["worthWei"]) <= ETHER


@pytest.mark.parametrize("library", ["viem", "ethers"])
def test_an_example_without_its_arguments_says_which_it_takes(library: str) -> None:
    command = [node_binary(), str(EXAMPLES / library / "deposit.mjs"), "latest.json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert done.stderr == "usage: node deposit.mjs LATEST_JSON RPC_URL ACCOUNT\n"


def test_a_forge_script_deposits_with_it(keel: Keel, latest: Path, tmp_path: Path) -> None:
    (forge,) = REPOSITORY_ROOT.glob("node_modules/@foundry-rs/forge-*/bin/forge")
    sender = keel.actors.depositor.address
    solc = Path(os.environ["SOLCX_BINARY_PATH"]) / "solc-v0.8.37"
    command = [str(forge), "script", "script/Deposit.s.sol:Deposit", "--rpc-url", keel.rpc.url]
    command += ["--root", str(EXAMPLES / "foundry"), "--use", str(solc), "--offline"]
    command += ["--broadcast", "--unlocked", "--sender", sender]
    folders = {f"FOUNDRY_{name.upper()}": str(tmp_path / name) for name in ("out", "broadcast")}
    variables = {**folders, "FOUNDRY_CACHE_PATH": str(tmp_path / "cache")}
    done = subprocess.run(
        command,
        env={**os.environ, **variables, "KEEL_LATEST": str(latest)},
        cwd=EXAMPLES / "foundry",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    units = keel.quick.wrapped.balanceOf(sender)
    assert ETHER - 10 <= keel.quick.wrapped.convertToAssets(units) <= ETHER
