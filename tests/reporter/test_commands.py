"""`keel-reporter` on the command line: explain, check, run --once, and one line for mistakes."""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.circle.process import Process
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import json_safe
from keel.formatting.amounts import exact_ether
from keel.model.constants import GWEI
from keel.scenarios.beacon_world import BeaconWorld, put_back
from keel.scenarios.circle_world import CircleWorld
from tests.nursery import Rear
from tests.reporter.stage import committee


def reporter(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a person does, in a wide terminal."""
    return subprocess.run(
        [sys.executable, "-m", "keel.reporter", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "240", **environment},
    )


def config_of(process: Process) -> str:
    return str(process.service.folder / "config.toml")


@pytest.fixture(scope="module")
def reported(
    _validating_on_beacon: BeaconWorld,
    artifacts: Artifacts,
    rear: Rear,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[CircleWorld]:
    """Three members, and a report of theirs; nothing here changes them."""
    folder = tmp_path_factory.mktemp("reported")
    with (
        put_back(_validating_on_beacon) as before,
        committee(before, folder, artifacts, rear) as world,
    ):
        world.next_report()
        yield world


@pytest.fixture
def keyless(reported: CircleWorld, tmp_path: Path) -> str:
    """A configuration for one who only looks on, away from everybody's journals."""
    one = reported.circle.reporters[0]
    lines = Path(config_of(one)).read_text().splitlines()
    secret = ("dry_run", "[key]", "keystore", "password_file")
    text = "\n".join(line for line in lines if not line.startswith(secret))
    text = text.replace('peers = ["', f'peers = ["{one.service.serving_url}", "')
    text = text.replace("peer_timeout_seconds = 0.3", "peer_timeout_seconds = 10")
    path = tmp_path / "keyless.toml"
    path.write_text(text.replace('"state"', '"away"'))
    return str(path)


def test_everything_about_a_report_is_explained_without_a_key(
    reported: CircleWorld, keyless: str
) -> None:
    applied = reported.contracts.oracle.lastReport()
    explained = reporter(
        "explain", str(applied.refSlot), "--config", keyless, "--json", "--validators"
    )
    assert (explained.returncode, explained.stderr) == (0, "")
    document = json.loads(explained.stdout)
    report = document["report"]
    counts = [report[f"{name}_validators"] for name in ("active", "exited", "slashed")]
    known = [applied.activeValidators, applied.exitedValidators, applied.slashedValidators]
    assert counts == json_safe(known) == ["24", "0", "0"]
    assert report["operators_root"] == "0x" + applied.root.hex()
    balance_gwei = int(report["consensus_balance_gwei"])
    assert balance_gwei * GWEI == reported.contracts.vault.consensus().balanceWei
    assert sum(int(one["balance_gwei"]) for one in document["operators"]) == balance_gwei
    assert sum(int(one["balance_gwei"]) for one in document["validators"]) == balance_gwei
    assert len(document["validators"]) == 24

    told = reporter("explain", str(applied.refSlot), "--config", keyless)
    assert told.returncode == 0
    assert exact_ether(balance_gwei * GWEI) in told.stdout
    assert report["validators_root"] in told.stdout
    assert "Validators of operator" not in told.stdout

    head = reported.beacon.chain.slot
    early = reporter("explain", str(head), "--config", keyless)
    assert early.returncode == 0
    assert f"slot {head}: not final, it can still change" in early.stderr
    never = reporter("explain", str(head + 99), "--config", keyless)
    assert (never.returncode, never.stdout) == (1, "")
    assert never.stderr.strip().splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in never.stderr


def test_check_says_whether_all_is_well(reported: CircleWorld, tmp_path: Path) -> None:
    one = reported.circle.reporters[0]
    account = reported.members[0].address
    well = reporter("check", "--config", config_of(one))
    assert (well.returncode, well.stderr) == (0, "")
    assert f"member: {account}" in well.stdout
    assert "FAIL" not in well.stdout
    assert "away" not in well.stdout
    alone = reporter(
        "check",
        "--config",
        config_of(one),
        KEEL_REPORTER_COMMITTEE__PEERS='["http://127.0.0.1:9"]',
    )
    assert (alone.returncode, alone.stderr) == (0, "")
    assert "away peer http://127.0.0.1:9: " in alone.stdout
    poor = reporter(
        "check", "--config", config_of(one), KEEL_REPORTER_COMMITTEE__LEAST_BALANCE_ETH="1000000"
    )
    assert poor.returncode == 1
    assert "FAIL balance" in poor.stdout
    away = reporter(
        "check", "--config", config_of(one), KEEL_REPORTER_NETWORK__BEACON="http://127.0.0.1:9"
    )
    assert away.returncode == 1
    assert "FAIL beacon node http://127.0.0.1:9" in away.stdout
    wrong = tmp_path / "password"
    wrong.write_text("wrong\n")
    wrong.chmod(0o600)
    locked = reporter(
        "check", "--config", config_of(one), KEEL_REPORTER_KEY__PASSWORD_FILE=str(wrong)
    )
    assert locked.returncode == 1
    assert "the password is wrong" in locked.stdout


@pytest.mark.parametrize("service", ["reporter", "keeper"])
def test_check_accepts_the_sample_with_addresses_of_a_chain_that_runs(
    reported: CircleWorld, tmp_path: Path, service: str
) -> None:
    one = reported.circle.reporters[0]
    values = tomllib.loads(Path(config_of(one)).read_text())
    prefix = f"KEEL_{service.upper()}_"
    network = values["network"]
    members = [str(each.service.serving_url) for each in reported.circle.reporters]
    environment = {
        "DEPLOYMENT": values["deployment"],
        "DATA": str(tmp_path / "state"),
        "FOLLOWS_CLOCK": "false",
        "NETWORK__EXECUTION": ",".join(network["execution"]),
        "NETWORK__EXECUTION_AGREE": "1",
        "NETWORK__BEACON": ",".join(network["beacon"]),
        "NETWORK__BEACON_AGREE": "1",
        "KEY__KEYSTORE": str(one.service.folder / "key.json"),
        "KEY__PASSWORD_FILE": str(one.service.folder / "password"),
        "COMMITTEE__PEERS" if service == "reporter" else "KEEPER__MEMBERS": ",".join(members),
    }
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            f"keel.{service}",
            "check",
            "--config",
            str(REPOSITORY_ROOT / "docs" / "samples" / f"{service}.toml"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, **{prefix + name: value for name, value in environment.items()}},
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "FAIL" not in checked.stdout


def test_once_works_through_the_present_head(reported: CircleWorld, keyless: str) -> None:
    once = reporter(
        "run", "--once", "--config", keyless, KEEL_REPORTER_MONITOR__LISTEN="127.0.0.1:0"
    )
    assert once.returncode == 0, once.stderr
    events = [json.loads(line)["event"] for line in once.stderr.splitlines()]
    assert events[0] == "service.started"
    assert events[-1] == "service.stopped"
    assert {"state.read", "report.built"} <= set(events)
    taken = reporter("run", "--once", "--config", config_of(reported.circle.reporters[0]))
    assert taken.returncode == 1
    assert "in use by another process" in taken.stderr
    assert "Traceback" not in taken.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"KEEL_REPORTER_COMMITTEE__TURN_SLOTS": "0"}, "committee.turn_slots = 0"),
        ({"KEEL_REPORTER_NETWORK__BEACON_AGREE": "2"}, "beacon_agree = 2: must be from 1 to 1"),
        ({"KEEL_REPORTER_DRY_RUN": "false"}, "key: is needed with dry_run = false"),
        ({}, "nowhere.json cannot be read: No such file or directory"),
    ],
)
def test_a_mistake_in_the_configuration_is_one_line(
    tmp_path: Path, change: dict[str, str], message: str
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        'deployment = "nowhere.json"\ndata = "state"\n[network]\n'
        'execution = ["http://127.0.0.1:9"]\nbeacon = ["http://127.0.0.1:9"]\n'
    )
    refused = reporter("run", "--config", str(config), **change)
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].startswith("Error: ")
    assert message in refused.stderr
