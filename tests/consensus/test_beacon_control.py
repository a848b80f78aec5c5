"""The chain steered through its socket, as `ape run beacon` does it."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from keel.commands.beacon import cli
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.control.client import ask
from keel.consensus.beacon.control.commands import Desk
from keel.consensus.beacon.control.server import serve, socket_path
from keel.consensus.beacon.errors import BeaconError
from keel.consensus.beacon.outcome import SlotOutcome
from keel.consensus.deposit_data import (
    FULL_DEPOSIT_GWEI,
    execution_credentials,
    format_deposit_data,
    make_deposit_data,
)
from keel.consensus.keys import ValidatorKey, public_key

KEY = ValidatorKey("m", 4242, public_key(4242))

type Serve = Callable[[float | None], list[SlotOutcome]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "c"


@pytest.fixture
def serving(chain: BeaconChain, folder: Path) -> Iterator[Serve]:
    """Serve the chain in a thread of its own until the test ends; returns the slots it saw."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def begin(slot_seconds: float | None) -> list[SlotOutcome]:
        seen: list[SlotOutcome] = []
        arguments = (Desk(chain, folder), stop.is_set, slot_seconds, seen.append)
        threads.append(threading.Thread(target=serve, args=arguments))
        threads[-1].start()
        while not socket_path(folder).exists():
            time.sleep(0.005)
        return seen

    yield begin
    stop.set()
    for thread in threads:
        thread.join()
    assert not socket_path(folder).exists()


def test_slots_are_reported_while_they_pass(serving: Serve, folder: Path) -> None:
    seen = serving(None)
    before = ask(folder, "status")
    told: list[tuple[int, str | None]] = []
    ask(folder, "miss", slots=1)
    after = ask(folder, "run", lambda slot, missed: told.append((slot, missed)), slots=2)
    assert after["slot"] == before["slot"] + 2
    assert told == [(before["slot"] + 1, "asked for"), (before["slot"] + 2, None)]
    assert [outcome.slot for outcome in seen] == [slot for slot, _ in told]


def test_offences_and_absence_show_in_the_status(serving: Serve, folder: Path) -> None:
    serving(None)
    assert ask(folder, "offline", indices=[1, 2])["offline"] == [1, 2]
    assert ask(folder, "online", indices=[1])["offline"] == [2]
    assert len(ask(folder, "stop_finality")["offline"]) > 64 // 3
    assert ask(folder, "online", indices=[])["offline"] == []
    ask(folder, "slash", offence="double-proposal", indices=[4, 5])
    ask(folder, "slash", offence="double-vote", indices=[6])
    assert ask(folder, "run", slots=2)["slashed"] == [4, 5, 6]
    assert ask(folder, "validator", index=6)["slashed"]
    assert not ask(folder, "validator", index=7)["slashed"]


def test_a_deposit_data_file_becomes_a_validator(serving: Serve, folder: Path) -> None:
    serving(None)
    ask(folder, "add_key", secret=f"{KEY.secret:x}")
    entry = make_deposit_data(KEY, execution_credentials(b"\x05" * 20), FULL_DEPOSIT_GWEI)
    sent = ask(folder, "deposit", deposit_data=format_deposit_data([entry]))["sent"]
    assert len(sent) == 1
    before = ask(folder, "status")["active"]
    after = ask(folder, "activation", pubkey=KEY.public_key.hex())
    assert after["active"] == before + 1
    assert ask(folder, "validator", index=after["validators"] - 1)["takes_part"]


def test_requests_of_owners_reach_the_state(serving: Serve, folder: Path) -> None:
    serving(None)
    requests: dict[str, dict[str, Any]] = {
        "leave": {"index": 3, "by_owner": True},
        "more": {"index": 60, "amount_gwei": 10**9},
        "consolidate": {"source": 8, "target": 61},
        "withdraw": {"index": 62, "amount_gwei": 1},
    }
    for command, arguments in requests.items():
        assert len(ask(folder, command, **arguments)["sent"]) == 1
    after = ask(folder, "run", slots=1)
    assert after["pending_deposits"] == after["pending_consolidations"] == 1
    assert after["pending_partial_withdrawals"] == 1
    assert ask(folder, "validator", index=3)["exit_epoch"] is not None
    assert ask(folder, "leave", index=9, by_owner=False)["slot"] == after["slot"]
    ask(folder, "run", slots=1)
    assert ask(folder, "validator", index=9)["exit_epoch"] is not None


def test_snapshots_have_names(serving: Serve, folder: Path) -> None:
    serving(None)
    slot = ask(folder, "snapshot", name="here")["slot"]
    ask(folder, "run", slots=2)
    assert ask(folder, "revert", name="here")["slot"] == slot
    with pytest.raises(BeaconError, match="no snapshot 'there', known: here"):
        ask(folder, "revert", name="there")


@pytest.mark.parametrize(
    ("command", "arguments", "reason"),
    [
        ("validator", {"index": 10**6}, "no validator has the index 1000000"),
        ("slash", {"offence": "double-vote", "indices": [10**6]}, "slash: .*out of range"),
        ("run", {}, "run: .*missing 1 required"),
        ("abolish", {}, "not a command: 'abolish'"),
        ("deposit", {"deposit_data": "[]"}, "entries in a list"),
        ("activation", {"pubkey": "zz"}, "activation: non-hexadecimal"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_chain_goes_on(
    serving: Serve, folder: Path, command: str, arguments: dict[str, Any], reason: str
) -> None:
    serving(None)
    with pytest.raises(BeaconError, match=reason):
        ask(folder, command, **arguments)
    assert ask(folder, "run", slots=1)["slot"] > 0


def test_slots_pass_by_the_clock_too(serving: Serve, folder: Path) -> None:
    started = time.monotonic()
    seen = serving(0.4)
    while len(seen) < 3:
        time.sleep(0.05)
    assert time.monotonic() - started >= 3 * 0.4
    assert ask(folder, "status")["slot"] >= seen[-1].slot


def test_two_chains_cannot_serve_one_folder(
    serving: Serve, chain: BeaconChain, folder: Path
) -> None:
    serving(None)
    with pytest.raises(BeaconError, match="already running"):
        serve(Desk(chain, folder), lambda: True)
    assert ask(folder, "status")["slot"] == chain.slot


def test_a_chain_that_does_not_run_is_one_line(folder: Path) -> None:
    done = CliRunner().invoke(cli, ["status", "--data", str(folder)])
    assert done.exit_code == 1
    assert done.output.startswith("Error: no beacon chain runs for")
    assert done.output.count("\n") == 1


def test_the_commands_ask_and_print(serving: Serve, folder: Path) -> None:
    serving(None)
    runner = CliRunner()
    for arguments, expected in {
        ("run", "1"): "head root",
        ("mev", "0.5"): "slot",
        ("mev",): "slot",
        ("until", "epoch"): "finalised epoch",
        ("top-up", "60", "1"): "sent",
        ("validator", "3"): "never",
        ("fee-recipient", "0x" + "12" * 20, "3"): "slot",
        ("save",): "folder",
    }.items():
        done = runner.invoke(cli, [*arguments, "--data", str(folder)])
        assert (done.exit_code, expected in done.output) == (0, True), done.output
    assert orjson.loads((folder / "chain.json").read_bytes())["format"] == 1
    refused = runner.invoke(cli, ["until", "activation", "--data", str(folder)])
    assert refused.exit_code == 2
