"""`ape run chain` as people run it: a process of its own, with all its children."""

import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from keel.chain.rpc import RpcClient
from keel.chain.state import unlocked_accounts
from keel.deploy.artifacts import load_artifacts
from keel.deploy.bindings import bind
from keel.deploy.manifest import Manifest, latest_path
from keel.model.constants import ETHER
from tests.circle.running_chain import Chain, at_once_seconds, command_of, running


def test_a_wallet_that_only_sends_ether_gets_a_validator(tmp_path: Path) -> None:
    with running(tmp_path, "--reporters", "3") as chain:
        rpc = RpcClient(chain.expect(r"RPC address: (\S+)"))
        manifest = Manifest.read(Path(chain.expect(r"Manifest: (\S+)")))
        names = ("reporter_1", "reporter_2", "reporter_3", "keeper_1", "monitor", "page")
        for name in names:
            chain.expect(f"{name} is ready")
        wallet = unlocked_accounts(rpc)[-1]
        vault = manifest.addresses["StakingVault"]
        value = {"from": wallet, "to": vault, "value": hex(33 * ETHER)}
        rpc.call("eth_sendTransaction", value)
        chain.expect(r"deposited 33 ETH\.")
        chain.expect(r"31 ETH of the pool followed proven keys: 1 of Harbour\.")
        chain.expect(r"3 members signed the report of slot \d+\. \(oracle_member_\d posted it\)")
        _the_page_shows_the_monitors_alarm(rpc, manifest, chain.expect(r"Page: (\S+)"))
        _a_dead_reporter_lives_again(chain)
        children = chain.children()
        assert len(children) == 7
        chain.process.send_signal(signal.SIGINT)
        assert chain.process.wait(timeout=2 * at_once_seconds()) == 0  # eight processes end in turn
        assert "The chain has ended." in chain.told
        assert not any(Path(f"/proc/{pid}").exists() for pid in children)


def test_without_anvil_it_ends_and_says_so(tmp_path: Path) -> None:
    with running(tmp_path, "--reporters", "0", "--keepers", "0", "--no-monitor") as chain:
        chain.expect("page is ready")
        assert latest_path(tmp_path / "manifest.json").is_file()
        assert "Nobody reports" in chain.told
        children = chain.children()
        (anvil,) = (pid for pid, command in children.items() if "bin/anvil" in command)
        _a_second_start_is_refused_at_once(tmp_path)
        os.kill(anvil, signal.SIGKILL)
        assert chain.process.wait(timeout=at_once_seconds()) == 1
        assert chain.told.endswith("keel: Anvil has ended, and the chain with it")
        assert not any(command_of(pid) for pid in children)
        assert not (tmp_path / "manifest.json").exists()
        assert not latest_path(tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("option", ["--port", "--beacon-port", "--page-port"])
def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with running(tmp_path, option, str(port)) as chain:
            assert chain.process.wait(timeout=at_once_seconds()) == 1
            line = f"keel: {option} {port} is in use by another process: end it or give another"
            assert chain.told == f"{line} port"
    assert [each.name for each in tmp_path.iterdir()] == ["screen"]


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "circle").mkdir()
    (tmp_path / "circle" / "thesis.txt").write_text("mine")
    with running(tmp_path) as chain:
        assert chain.process.wait(timeout=300) == 1
        assert "circle holds thesis.txt, which Keel did not write" in chain.told
    assert (tmp_path / "circle" / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize("moment", ["Starting both layers", "StakingVault"])
def test_ctrl_c_ends_a_start_at_once(tmp_path: Path, moment: str) -> None:
    with running(tmp_path) as chain:
        chain.expect(moment)
        children = chain.children()
        chain.process.send_signal(signal.SIGINT)
        chain.process.send_signal(signal.SIGINT)
        assert chain.process.wait(timeout=at_once_seconds()) == 128 + signal.SIGINT
        assert chain.told.endswith("keel: ended before the chain was ready; nothing is left")
        assert "Traceback" not in chain.told
        assert "Ctrl-C ends everything" not in chain.told
        assert not any(command_of(pid) for pid in children)
        assert not (tmp_path / "manifest.json").exists()


def _a_second_start_is_refused_at_once(folder: Path) -> None:
    other = folder / "second"
    other.mkdir()
    with running(other, "--data", str(folder / "beacon")) as second:
        assert second.process.wait(timeout=at_once_seconds()) == 1
        used = f"{folder / 'beacon'} is in use by another process"
        assert second.told == f"keel: {used}: give this chain another --data"
    assert latest_path(folder / "manifest.json").is_file()


def _the_page_shows_the_monitors_alarm(rpc: RpcClient, manifest: Manifest, url: str) -> None:
    """A call waits that governance has scheduled: nobody but a monitor tells."""
    told = "may call StakingVault.setTerms"
    assert told not in httpx.get(url, timeout=30).text
    contracts = bind(rpc, manifest.addresses, load_artifacts())
    vault = contracts.vault
    data = vault.setTerms.encode(vault.terms())
    (holder,) = (each.account for each in manifest.roles if each.role == "TERMS")
    contracts.manager.schedule.send(vault.address, data, 0, sender=holder)
    deadline = time.monotonic() + 60
    while told not in (page := httpx.get(url, timeout=30).text):
        assert time.monotonic() < deadline, page
        time.sleep(0.2)
    assert "A monitor raises governance_waiting" in page


def _a_dead_reporter_lives_again(chain: Chain) -> None:
    victim = int(chain.expect(r"reporter_2 is ready \(process (\d+)\)"))
    os.kill(victim, signal.SIGKILL)
    chain.expect("reporter_2 ended with code -9 and starts again in 1 s")
    chain.expect(rf"starts again.*reporter_2 is ready \(process (?!{victim})\d+\)")
