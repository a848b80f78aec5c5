"""Other people's projects run their own tests against the chain: Ape, Foundry, Hardhat and viem.

Slots pass by the clock meanwhile, and the chain must stand whole afterwards. Ape's Foundry provider
waits for no receipt, so it needs transactions that are mined at once.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from keel.chain.anvil import start_anvil
from keel.chain.node_packages import REPOSITORY_ROOT
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, block_head
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig, anvil_options
from keel.consensus.beacon.control.desk import Desk
from keel.consensus.beacon.control.errands import Errands
from keel.consensus.beacon.control.server import serve
from keel.consensus.beacon.execution import mine_at_once
from keel.consensus.gateway.server import serving_rpc
from keel.consensus.gateway.steering import Steering

HERE = Path(__file__).parent
MINING = ["slot", "instant"]


@dataclass(frozen=True)
class Chain:
    """A chain one of whose slots of 12 s passes every second, and its RPC address."""

    beacon: BeaconChain
    url: str

    def balance_wei(self, address: str) -> int:
        with RpcClient(self.url) as rpc:
            return balance_wei(rpc, address)


@pytest.fixture(params=MINING)
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    config = ChainConfig(verify_own_signatures=False)
    at_once, stop, errands = request.param == "instant", threading.Event(), Errands()
    with start_anvil(anvil_options(config)) as anvil:
        beacon = start_chain(anvil.rpc, config)
        if at_once:
            mine_at_once(anvil.rpc)
        desk = Desk(beacon, tmp_path / "c")
        clock = threading.Thread(target=lambda: serve(desk, stop.is_set, 1.0, errands=errands))
        with serving_rpc(Steering(beacon, at_once), perform=errands.ask) as url, errands:
            clock.start()
            yield Chain(beacon, url)
            stop.set()
            clock.join()
        require_whole(beacon)


def run(command: list[str], folder: Path, **environment: str) -> str:
    """Run a project's own command; returns what it printed once it has succeeded."""
    done = subprocess.run(
        command,
        cwd=folder,
        # Options of our own run are none of theirs.
        env=os.environ | {"PYTEST_ADDOPTS": ""} | environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def run_hardhat(url: str, home: Path, *tests: str, **environment: str) -> str:
    """Run tests of the Hardhat project; Hardhat keeps files of its own in `home`.

    The project's overrides leave out Hardhat's own chain (200 MB), on which nothing is run.
    """
    hardhat = HERE / "hardhat_project"
    command = ["node_modules/.bin/hardhat", "test", "--no-compile", *tests]
    own = {"CHAIN": url, "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
    quiet = {"HARDHAT_DISABLE_TELEMETRY_PROMPT": "true"}
    return run(command, hardhat, **own, **quiet, **environment)


def require_whole(chain: BeaconChain) -> None:
    """Both layers stand together, and go on."""
    assert chain.moved is None
    outcomes = chain.run(9)
    assert [(each.missed, each.realigned) for each in outcomes] == [(None, None)] * 9
    assert chain.head_block is not None
    folded = bytes(chain.head_block.message.body.execution_payload.block_hash)
    assert "0x" + folded.hex() == block_head(chain.rpc).hash


def copied(name: str, folder: Path) -> Path:
    return shutil.copytree(HERE / name, folder / name)


@pytest.mark.parametrize("chain", ["instant"], indirect=True)
def test_an_ape_project_is_isolated(chain: Chain, tmp_path: Path) -> None:
    project = copied("ape_project", tmp_path)
    ape = str(Path(sys.executable).with_name("ape"))
    arguments = ["test", "--network", "ethereum:local:foundry", "-p", "no:cacheprovider"]
    printed = run([ape, *arguments], project, APE_FOUNDRY_HOST=chain.url)
    assert "5 passed" in printed
    assert chain.balance_wei("0x00000000000000000000000000000000000f00d1") == 0


def test_viems_tests_are_isolated(chain: Chain) -> None:
    project = HERE / "viem_project"
    printed = run(["node", "--test", "isolation.test.mjs"], project, CHAIN=chain.url)
    assert "pass 4" in printed
    assert chain.balance_wei("0x00000000000000000000000000000000000f00d3") == 0


def test_a_hardhat_project_is_isolated(chain: Chain, tmp_path: Path) -> None:
    printed = run_hardhat(chain.url, tmp_path, "test/isolation.js")
    assert "7 passing" in printed
    assert chain.balance_wei("0x00000000000000000000000000000000000f00d5") == 0


def test_forge_forks_it_moves_it_and_sends_to_it(chain: Chain, tmp_path: Path) -> None:
    project = copied("forge_project", tmp_path)
    (forge,) = REPOSITORY_ROOT.glob("node_modules/@foundry-rs/forge-*/bin/forge")
    compiler = Path(sys.prefix) / "solc" / "solc-v0.8.37"
    common = ["--use", str(compiler), "--offline"]
    slot = chain.beacon.slot
    printed = run([str(forge), "test", *common, "-j", "1"], project, CHAIN=chain.url)
    assert "2 passed" in printed
    assert chain.beacon.slot >= slot + 50
    send = ["script", "script/Send.s.sol:Send", "--rpc-url", chain.url, "--broadcast", "--unlocked"]
    run([str(forge), *send, *common], project)
    assert chain.balance_wei("0x00000000000000000000000000000000000F00d2") == 7
