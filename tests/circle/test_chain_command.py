"""`ape run chain` as people run it: a process of its own, with all its children."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.chain.rpc import RpcClient
from keel.chain.state import unlocked_accounts
from keel.deploy.manifest import Manifest
from keel.model.constants import ETHER

APE = Path(sys.executable).with_name("ape")


@dataclass
class Chain:
    """The command's process, and what it has printed so far."""

    process: subprocess.Popen[bytes]
    screen: Path

    @property
    def told(self) -> str:
        return " ".join(self.screen.read_text().split())

    def expect(self, pattern: str, seconds: float = 90) -> str:
        """Wait for a text; returns its first group, or all of it."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.told)) is None:
            assert self.process.poll() is None, self.told
            assert time.monotonic() < deadline, self.told
            time.sleep(0.1)
        return found[found.lastindex or 0]

    def children(self) -> dict[int, str]:
        """Process ids with their command lines."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(pid): _command(int(pid)) for pid in task.read_text().split()}


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Chain]:
    screen = folder / "screen"
    anywhere = ("--port", "0", "--beacon-port", "0", "--page-port", "0", "--slot-time", "1")
    command = (str(APE), "run", "chain", *anywhere, "--data", str(folder / "beacon"), *options)
    with screen.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=REPOSITORY_ROOT
        )
    chain = Chain(process, screen)
    try:
        yield chain
    finally:
        process.kill()
        process.wait()


def test_a_wallet_that_only_sends_ether_gets_a_validator(tmp_path: Path) -> None:
    with running(tmp_path, "--reporters", "3") as chain:
        rpc = RpcClient(chain.expect(r"RPC address: (\S+)"))
        manifest = Manifest.read(Path(chain.expect(r"Manifest: (\S+)")))
        for name in ("reporter_1", "reporter_2", "reporter_3", "keeper_1", "page"):
            chain.expect(f"{name} is ready")
        wallet = unlocked_accounts(rpc)[-1]
        vault = manifest.addresses["StakingVault"]
        value = {"from": wallet, "to": vault, "value": hex(33 * ETHER)}
        rpc.call("eth_sendTransaction", value)
        chain.expect(r"deposited 33 ETH\.")
        chain.expect(r"A keeper staked 32 ETH: validators 1 of Harbour\.")
        chain.expect(r"3 members signed the report of slot \d+\. \(oracle_member_\d posted it\)")
        assert httpx.get(chain.expect(r"Page: (\S+)"), timeout=30).status_code == 200
        _a_dead_reporter_lives_again(chain)
        children = chain.children()
        assert len(children) == 6
        chain.process.send_signal(signal.SIGINT)
        assert chain.process.wait(timeout=20) == 0
        assert "The chain has ended." in chain.told
        assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_without_anvil_it_ends_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path, "--reporters", "0", "--keepers", "0") as chain:
        chain.expect("page is ready")
        assert "Nobody reports" in chain.told
        children = chain.children()
        (anvil,) = (pid for pid, command in children.items() if "bin/anvil" in command)
        os.kill(anvil, signal.SIGKILL)
        assert chain.process.wait(timeout=20) == 1
        assert chain.told.endswith("keel: Anvil has ended, and the chain with it")
        assert not any(_command(pid) for pid in children)
        assert not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("option", ["--port", "--beacon-port", "--page-port"])
def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(tmp_path, option, str(port)) as chain:
            assert chain.process.wait(timeout=90) == 1
            line = f"keel: {option} {port} is in use by another process: end it or give another"
            assert chain.told == f"{line} port"


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "circle").mkdir()
    (tmp_path / "circle" / "thesis.txt").write_text("mine")
    with running(tmp_path) as chain:
        assert chain.process.wait(timeout=90) == 1
        assert "circle holds thesis.txt, which Keel did not write" in chain.told
    assert (tmp_path / "circle" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("moment", ["Starting both layers", "StakingVault"])
def test_ctrl_c_ends_a_start_at_once(tmp_path: Path, moment: str) -> None:
    with running(tmp_path) as chain:
        chain.expect(moment)
        children = chain.children()
        chain.process.send_signal(signal.SIGINT)
        chain.process.send_signal(signal.SIGINT)
        assert chain.process.wait(timeout=20) == 128 + signal.SIGINT
        assert chain.told.endswith("keel: ended before the chain was ready; nothing is left")
        assert "Traceback" not in chain.told
        assert "Ctrl-C ends everything" not in chain.told
        assert not any(_command(pid) for pid in children)
        assert not (tmp_path / "manifest.json").exists()


def _a_dead_reporter_lives_again(chain: Chain) -> None:
    victim = int(chain.expect(r"reporter_2 is ready \(process (\d+)\)"))
    os.kill(victim, signal.SIGKILL)
    chain.expect("reporter_2 ended with code -9 and starts again in 1 s")
    chain.expect(rf"starts again.*reporter_2 is ready \(process (?!{victim})\d+\)")


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
