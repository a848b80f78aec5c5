"""Anvil as a child process: it starts as asked, ends when we end, and fails in one clear line."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from keel.chain import child_port, node_packages
from keel.chain.anvil import AnvilOptions, start_anvil
from keel.chain.clock import mine
from keel.chain.errors import (
    AnvilStartError,
    PortInUseError,
    RpcConnectionError,
    ToolMissingError,
)
from keel.chain.state import balance_wei, block_head, chain_id, unlocked_accounts
from keel.chain.transaction import receipt_of, submit_transaction

_MORE_BLOCKS_THAN_STATES_IN_MEMORY = 700

START_AND_WAIT = """
import time
from keel.chain.anvil import start_anvil
anvil = start_anvil()
print(anvil.pid, flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def ends_soon(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(pid)


def test_starts_with_the_options_it_was_given() -> None:
    options = AnvilOptions(
        chain_id=1234,
        accounts=3,
        balance_ether=7,
        base_fee_wei=0,
        genesis_timestamp=1_700_000_000,
    )
    with start_anvil(options) as anvil:
        accounts = unlocked_accounts(anvil.rpc)
        genesis = block_head(anvil.rpc)
        assert chain_id(anvil.rpc) == 1234
        assert len(accounts) == 3
        assert balance_wei(anvil.rpc, accounts[0]) == 7 * 10**18
        assert (genesis.number, genesis.timestamp, genesis.base_fee_wei) == (0, 1_700_000_000, 0)


@pytest.mark.parametrize("hardfork", ["prague", "osaka"])
def test_runs_the_hardfork_it_was_given(hardfork: str) -> None:
    with start_anvil(AnvilOptions(hardfork=hardfork)) as anvil:
        assert anvil.rpc.call("anvil_nodeInfo")["hardFork"].lower() == hardfork


def test_without_mining_a_transaction_waits_for_a_block() -> None:
    with start_anvil(AnvilOptions(mining=False)) as anvil:
        sender, receiver = unlocked_accounts(anvil.rpc)[:2]
        transaction = submit_transaction(anvil.rpc, sender, receiver, value_wei=1)
        assert receipt_of(anvil.rpc, transaction) is None
        mine(anvil.rpc)
        receipt = receipt_of(anvil.rpc, transaction)
        assert receipt is not None
        assert receipt.succeeded


def test_two_chains_choose_different_free_ports() -> None:
    with start_anvil() as first, start_anvil() as second:
        assert first.url != second.url
        assert first.pid != second.pid


def test_stopping_leaves_no_process_and_no_listener() -> None:
    anvil = start_anvil()
    assert anvil.pid is not None
    assert is_running(anvil.pid)
    anvil.close()
    anvil.close()
    assert not is_running(anvil.pid)
    with pytest.raises(RpcConnectionError, match="refused"):
        anvil.rpc.call("eth_chainId")


def test_old_states_go_to_a_folder_that_goes_with_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    anvil = start_anvil()
    anvil.rpc.call("anvil_mine", hex(_MORE_BLOCKS_THAN_STATES_IN_MEMORY))
    assert any(path.is_file() for path in tmp_path.glob("keel-anvil-*/**/*"))
    anvil.close()
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("parent_ends_by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_child_ends_with_its_parent(parent_ends_by: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        cwd=node_packages.REPOSITORY_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        child_pid = int(parent.stdout.readline())
    assert is_running(child_pid)
    parent.send_signal(parent_ends_by)
    parent.wait(timeout=10)
    assert ends_soon(child_pid)


def test_the_child_has_a_process_group_of_its_own() -> None:
    with start_anvil() as anvil:
        assert anvil.pid is not None
        assert os.getpgid(anvil.pid) == anvil.pid != os.getpgrp()


def test_a_port_in_use_is_named_even_if_another_anvil_answers_there() -> None:
    with start_anvil() as other:
        port = int(other.url.rpartition(":")[2])
        with pytest.raises(PortInUseError, match=f"port {port} is in use"):
            start_anvil(AnvilOptions(port=port))


def test_a_failed_start_carries_what_anvil_printed() -> None:
    with pytest.raises(AnvilStartError, match="Unknown hardfork: tomorrow"):
        start_anvil(AnvilOptions(hardfork="tomorrow"))


def test_a_missing_binary_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match=r"^anvil is not on the path: run `make setup`"):
        start_anvil()


def test_a_named_binary_is_taken_before_that_on_the_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = tmp_path / "my-anvil"
    named.symlink_to(node_packages.anvil_binary())
    monkeypatch.setenv("KEEL_ANVIL", str(named))
    assert node_packages.anvil_binary() == named
    with start_anvil() as anvil:
        assert chain_id(anvil.rpc) == 31337


def test_a_named_binary_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KEEL_ANVIL", str(tmp_path / "gone"))
    with pytest.raises(ToolMissingError, match=r"^KEEL_ANVIL is '.*/gone', which is not a program"):
        start_anvil()


class TestWithoutTheKernelsTable:
    """macOS has no /proc: a port is chosen before the start, and is reached afterwards."""

    @pytest.fixture(autouse=True)
    def _no_proc(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr(child_port, "_PROC", tmp_path / "proc")

    def test_a_free_port_is_chosen(self) -> None:
        with start_anvil() as first, start_anvil() as second:
            assert first.url != second.url
            assert chain_id(first.rpc) == chain_id(second.rpc) == 31337

    def test_a_port_in_use_is_named_even_if_another_anvil_answers_there(self) -> None:
        with start_anvil() as other:
            port = int(other.url.rpartition(":")[2])
            with pytest.raises(PortInUseError, match=f"port {port} is in use"):
                start_anvil(AnvilOptions(port=port))


def test_the_log_goes_where_it_was_asked_to(tmp_path: Path) -> None:
    log = tmp_path / "anvil.log"
    with start_anvil(AnvilOptions(silent=False, log_path=log)) as anvil:
        anvil.rpc.call("eth_chainId")
    assert "Listening on" in log.read_text()
