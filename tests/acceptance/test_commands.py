"""The commands as a person gives them: deploy, verify, chain."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from keel.chain.anvil import Anvil, AnvilOptions, start_anvil
from keel.chain.node_packages import REPOSITORY_ROOT
from keel.chain.rpc import RpcClient
from keel.chain.state import runtime_code, set_runtime_code, set_storage, unlocked_accounts
from keel.deploy.actors import ACTORS
from keel.deploy.manifest import manifest_path, read_manifest

APE = REPOSITORY_ROOT / ".venv" / "bin" / "ape"


@pytest.fixture(scope="module")
def bare_anvil() -> Iterator[Anvil]:
    """What `anvil --accounts 20` gives, without Ethereum's own contracts."""
    with start_anvil(AnvilOptions(accounts=len(ACTORS))) as anvil:
        yield anvil
        manifest_path(anvil.rpc).unlink(missing_ok=True)


def ape_run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(APE), "run", *arguments],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


def test_deploy_verify_and_deploy_again(bare_anvil: Anvil) -> None:
    network = ("--network", bare_anvil.url)
    before = ape_run("verify", *network)
    assert before.returncode == 2
    assert "is Keel deployed on this chain?" in before.stderr

    first = ape_run("deploy", *network, "--account", "TEST::0")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Verified" in first.stdout

    again = ape_run("deploy", *network, "--account", "TEST::0")
    assert again.returncode == 0
    assert "nothing was sent" in again.stdout

    changed = ape_run("deploy", *network, "--account", "TEST::0", "--profile", "mainnet")
    assert changed.returncode == 2
    assert "give --release" in changed.stderr

    assert ape_run("verify", *network).returncode == 0
    fund = read_manifest(bare_anvil.rpc).addresses["InsuranceFund"]
    code = runtime_code(bare_anvil.rpc, fund)
    set_runtime_code(bare_anvil.rpc, fund, code[:-1] + bytes([code[-1] ^ 1]))
    tampered = ape_run("verify", *network)
    assert tampered.returncode == 1
    assert f"InsuranceFund: code differs from byte {len(code) - 1} on" in tampered.stdout
    assert "Traceback" not in tampered.stdout + tampered.stderr


@pytest.mark.parametrize(
    ("network", "code", "reason"),
    [
        (
            "http://127.0.0.1:9",
            1,
            "no chain answers at http://127.0.0.1:9: start one with `make chain`",
        ),
        ("ethereum:nowhere", 2, "No network in 'ethereum' named 'nowhere'"),
    ],
)
def test_verify_says_in_one_line_that_there_is_no_chain(
    network: str, code: int, reason: str
) -> None:
    lost = ape_run("verify", "--network", network)
    assert lost.returncode == code
    assert lost.stdout == ""
    (line,) = lost.stderr.splitlines()
    assert reason in line


def test_the_chain_is_up_and_reports_until_it_is_interrupted(tmp_path: Path) -> None:
    anywhere = ["--port", "0", "--beacon-port", "0", "--page-port", "0"]
    options = [*anywhere, "--data", str(tmp_path / "beacon")]
    process = subprocess.Popen(
        [str(APE), "run", "chain", "--slot-time", "1", "--reporters", "3", *options],
        cwd=REPOSITORY_ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert process.stdout is not None
    lines: list[str] = []
    manifest = Path()
    try:
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Manifest: "):
                manifest = Path(line.removeprefix("Manifest: ").strip())
            if "members signed" in line:
                break
        text = "".join(lines)
        assert "Ctrl-C ends everything" in text
        # Which frame is final first depends on how long the start took.
        reported = re.search(r"3 members signed the report of slot (\d+)\.", text)
        assert reported is not None, text
        assert int(reported[1]) % 32 == 31
        found = re.search(r"RPC address: (http://\S+)", text)
        assert found is not None, text
        rpc = RpcClient(found[1])
        vault = read_manifest(rpc, manifest).addresses["StakingVault"]
        assert vault in text
        for actor, account in zip(ACTORS, unlocked_accounts(rpc), strict=True):
            own = r"  TEST::\d+  10,000 ETH\n  address  "
            assert re.search(rf"{actor}( +|{own}){account}", text), actor
        assert runtime_code(rpc, vault) != b""
        here = ("--network", found[1], "--manifest", str(manifest))
        assert ape_run("verify", *here).returncode == 0
        second = ape_run("chain", *options)
        assert second.returncode == 1
        assert "is in use by another process" in second.stderr
        assert (tmp_path / "circle" / "reporter_1" / "key.json").exists()
        set_storage(rpc, read_manifest(rpc, manifest).addresses["AccessManager"], 99, 1)
        assert ape_run("verify", *here).returncode == 1
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "The chain has ended." in rest


@pytest.mark.parametrize("command", ["deploy", "verify", "chain"])
def test_help_gives_an_example(command: str) -> None:
    shown = ape_run(command, "--help")
    assert shown.returncode == 0
    assert f"ape run {command}" in shown.stdout
