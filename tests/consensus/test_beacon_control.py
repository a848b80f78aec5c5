"""The chain steered through its socket, as `ape run beacon` does it."""

import inspect
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.commands.beacon import cli
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.control.client import ask
from keel.consensus.beacon.control.commands import COMMANDS
from keel.consensus.beacon.control.desk import Desk
from keel.consensus.beacon.control.limits import MOST_SLOTS
from keel.consensus.beacon.control.server import serve, socket_path
from keel.consensus.beacon.errors import BadArgumentError, BeaconError
from keel.consensus.beacon.outcome import SlotOutcome
from keel.consensus.deposit_data import (
    FULL_DEPOSIT_GWEI,
    execution_credentials,
    format_deposit_data,
    make_deposit_data,
)
from keel.consensus.keys import ValidatorKey, public_key

KEY = ValidatorKey("m", 4242, public_key(4242))

type Answer = dict[str, Any]
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


def request(command: str, **arguments: Any) -> bytes:
    return orjson.dumps({"command": command, "arguments": arguments})


def answered(folder: Path, line: bytes) -> Answer:
    """Send a line and return the last one of the answer."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(60)
        caller.connect(str(socket_path(folder)))
        caller.sendall(line + b"\n")
        lines = caller.makefile("rb").read().splitlines()
    answer: Answer = orjson.loads(lines[-1])
    return answer


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
    with pytest.raises(BadArgumentError, match="no snapshot 'there', known: here"):
        ask(folder, "revert", name="there")


@pytest.mark.parametrize(
    ("command", "arguments", "reason"),
    [
        ("validator", {"index": 10**6}, "no validator has the index 1000000, 0 to 64 expected"),
        (
            "slash",
            {"offence": "double-vote", "indices": [10**6]},
            "no validator has the index 1000000",
        ),
        ("run", {}, "run: slots is missing"),
        ("abolish", {}, "not a command: 'abolish'"),
        ("deposit", {"deposit_data": "[]"}, "entries in a list"),
        ("activation", {"pubkey": "zz"}, "activation: pubkey: 'zz' is not a public key"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_chain_goes_on(
    serving: Serve, folder: Path, command: str, arguments: dict[str, Any], reason: str
) -> None:
    serving(None)
    with pytest.raises(BeaconError, match=reason):
        ask(folder, command, **arguments)
    assert ask(folder, "run", slots=1)["slot"] > 0


def test_a_validator_is_known_by_the_beginning_of_its_key(
    serving: Serve, chain: BeaconChain, folder: Path
) -> None:
    serving(None)
    first, second = (bytes(chain.state.validators[index].pubkey).hex() for index in (3, 5))
    assert ask(folder, "activation", pubkey=f"0x{first[:12]}")["slot"] == chain.slot
    with pytest.raises(BadArgumentError, match="no validator and no deposit has a public key"):
        ask(folder, "activation", pubkey=first[:12] + second[:12])
    with pytest.raises(BadArgumentError, match=r"\d+ validators have .*: give more digits"):
        ask(folder, "activation", pubkey=first[:1])


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("activation", r"the deposit of 0xabab\w+ was not reached within 8 slots"),
        ("withdrawal", "the exit of validator 3 was not reached within 8 slots"),
    ],
)
def test_what_nobody_has_asked_for_is_not_waited_for(
    serving: Serve, chain: BeaconChain, folder: Path, command: str, reason: str
) -> None:
    serving(None)
    before = chain.slot
    known = bytes(chain.state.validators[3].pubkey).hex()
    with pytest.raises(BeaconError, match=reason):
        ask(folder, command, pubkey="ab" * 48 if command == "activation" else known)
    assert chain.slot == before + 8


def test_whoever_asked_and_leaves_ends_the_waiting(
    serving: Serve, chain: BeaconChain, folder: Path
) -> None:
    seen = serving(None)
    with socket.socket(socket.AF_UNIX) as impatient:
        impatient.connect(str(socket_path(folder)))
        impatient.sendall(request("run", slots=1_000) + b"\n")
        while not seen:
            time.sleep(0.01)
    slot = ask(folder, "status")["slot"]
    assert slot == seen[-1].slot
    assert ask(folder, "run", slots=1)["slot"] == slot + 1


def test_the_chain_ends_while_slots_are_awaited(chain: BeaconChain, folder: Path) -> None:
    stop = threading.Event()
    seen: list[SlotOutcome] = []
    thread = threading.Thread(target=serve, args=(Desk(chain, folder), stop.is_set, None))
    thread.start()
    while not socket_path(folder).exists():
        time.sleep(0.005)

    def passed(_slot: int, _missed: str | None) -> None:
        stop.set()

    with pytest.raises(BeaconError, match="the chain is ending"):
        ask(folder, "run", passed, slots=1_000)
    thread.join(timeout=2)
    assert not thread.is_alive(), seen


def test_the_silent_and_the_slow_hold_nobody_up(serving: Serve, folder: Path) -> None:
    serving(None)
    with ExitStack() as stack:
        for beginning in (b"", b'{"command": "sta') * 20:
            caller = stack.enter_context(socket.socket(socket.AF_UNIX))
            caller.connect(str(socket_path(folder)))
            caller.sendall(beginning)
        started = time.monotonic()
        assert ask(folder, "status")["slot"] > 0
        assert time.monotonic() - started < 2
        caller.sendall(b'tus", "arguments": {}}\n')
        assert b'"result"' in caller.makefile("rb").readline()


MALFORMED = (
    b"",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"7",
    b'{"command": ["status"], "arguments": {}}',
    b'{"command": "status"}',
    b'{"command": "status", "arguments": 5}',
    b'{"command": "status", "arguments": {"desk": 1}}',
    b"[" * 100_000,
    b'{"command": "run", "arguments": {"slots": 1' + b"0" * 5_000 + b"}}",
)


@pytest.mark.parametrize("line", MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_request_is_answered_in_one_line(
    serving: Serve, folder: Path, line: bytes
) -> None:
    serving(None)
    answer = answered(folder, line)
    assert answer["is_usage"]
    assert "fault of Keel" not in answer["error"]
    assert ask(folder, "status")["slot"] > 0


ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["double-vote", "0x" + "00" * 20, "0x" + "12" * 20, "00", "ff" * 48, "[]"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)
NAMES = ("index", "slots", "count", "slot", "pubkey", "indices", "offence", "by_owner", "secret")
MORE_NAMES = (
    "amount_gwei",
    "amount_wei",
    "source",
    "target",
    "deposit_data",
    "address",
    "name",
    "goal",
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_argument_is_a_fault_of_the_chain(
    serving: Serve, chain: BeaconChain, folder: Path, data: st.DataObject
) -> None:
    if not socket_path(folder).exists():
        serving(None)
    command = data.draw(st.sampled_from(sorted(COMMANDS)))
    named = list(inspect.signature(COMMANDS[command]).parameters)[1:]
    assert set(named) <= {*NAMES, *MORE_NAMES}
    # Long waits that are right arguments are for the other tests.
    small = st.integers(0, 2)
    waits = ("slots", "count", *(["slot"] if command == "to_slot" else []))
    values = {name: data.draw(small if name in waits else ANY_JSON) for name in named}
    answer = answered(folder, request(command, **values))
    assert "fault of Keel" not in answer.get("error", ""), (command, values)
    chain.participation.come_back()
    chain.participation.missed_slots.clear()
    slot = chain.slot
    assert ask(folder, "run", slots=1)["slot"] == slot + 1, (command, values)


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
    assert done.output.startswith("Error: no beacon chain runs in")
    assert done.output.count("\n") == 1


def test_the_commands_ask_and_print(serving: Serve, folder: Path) -> None:
    serving(None)
    runner = CliRunner()
    for arguments, expected in {
        ("run", "1"): "head root",
        ("mev", "0.5"): "slot",
        ("mev", "20"): "slot",  # in wei more than the 64 bits of JSON's integers
        ("mev",): "slot",
        ("until", "epoch"): "finalised epoch",
        ("top-up", "60", "1"): "sent",
        ("validator", "3"): "never",
        ("fee-recipient", "0x" + "12" * 20, "3"): "slot",
        ("save",): "folder",
    }.items():
        done = runner.invoke(cli, [*arguments, "--data", str(folder)])
        assert (done.exit_code, expected in done.output) == (0, True), done.output
    assert orjson.loads((folder / "chain.json").read_bytes())["format"] == 2
    refused = runner.invoke(cli, ["until", "activation", "--data", str(folder)])
    assert refused.exit_code == 2


def test_an_answer_breaks_no_word_of_a_terminal(
    serving: Serve, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving(None)
    monkeypatch.setenv("COLUMNS", "80")
    lines = CliRunner().invoke(cli, ["status", "--data", str(folder)]).output.splitlines()
    words = [line.split() for line in lines]
    known = ask(folder, "status")
    assert ["finalised", "epoch", str(known["finalised_epoch"])] in words
    (root,) = (line[-1] for line in words if line[:2] == ["head", "root"])
    assert root == known["head_root"]


def test_mev_of_any_amount_reaches_the_chain(
    serving: Serve, chain: BeaconChain, folder: Path
) -> None:
    serving(None)
    for amount_wei in (0, 10**18, 2**64, 2**96 - 1):
        ask(folder, "mev", amount_wei=str(amount_wei))
        assert chain.fees.mev_payment_wei == amount_wei
    for wrong in (str(2**96), "-1", "1.5", "1e3", "", "9" * 31):
        with pytest.raises(BadArgumentError, match="mev: amount_wei"):
            ask(folder, "mev", amount_wei=wrong)


def test_a_top_up_that_nobody_can_pay_names_what_there_is(serving: Serve, folder: Path) -> None:
    serving(None)
    with pytest.raises(BeaconError, match=r"^100,000,000 ETH and gas are more than 0x\w+ has: "):
        ask(folder, "more", index=60, amount_gwei=10**17)


def test_until_active_waits_for_all_deposits(
    serving: Serve, chain: BeaconChain, folder: Path, tmp_path: Path
) -> None:
    serving(None)
    with pytest.raises(BeaconError, match="no deposit came"):
        ask(folder, "reach_goal", goal="active")
    credentials = execution_credentials(b"\x11" * 20)
    data = make_deposit_data(KEY, credentials, FULL_DEPOSIT_GWEI)
    ask(folder, "deposit", deposit_data=format_deposit_data([data]))
    assert ask(folder, "reach_goal", goal="active")["active"] == len(chain.state.validators)
    assert chain._is_active(KEY.public_key)


def test_until_paid_waits_for_all_who_leave(
    serving: Serve, chain: BeaconChain, folder: Path
) -> None:
    serving(None)
    with pytest.raises(BeaconError, match="no validator leaves"):
        ask(folder, "reach_goal", goal="paid")
    for index in (3, 9):
        ask(folder, "leave", index=index, by_owner=False)
    ask(folder, "reach_goal", goal="paid")
    assert {int(chain.state.balances[index]) // 10**9 for index in (3, 9)} == {0}


def test_until_a_slot_goes_there_and_names_its_bounds(
    serving: Serve, chain: BeaconChain, folder: Path
) -> None:
    serving(None)
    slot = chain.slot
    assert ask(folder, "to_slot", slot=slot + 9)["slot"] == slot + 9
    most = chain.slot + MOST_SLOTS
    for wrong in (slot + 9, 1, most + 1, 10**9):
        with pytest.raises(BadArgumentError, match=f"^slot {wrong}: one of {slot + 10} to {most}"):
            ask(folder, "to_slot", slot=wrong)
    assert chain.slot == slot + 9


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["slot"], "Which slot?"),
        (["slot", "soon"], "slot 'soon': a whole number expected"),
        (["slot", "-4"], "slot '-4': a whole number expected"),
        (["active", "0x12"], "active takes no argument"),
        (["activation"], "activation of which validator?"),
        (["payday"], "'payday' is not one of"),
    ],
)
def test_what_until_does_not_know_is_refused_before_the_chain_is_asked(
    arguments: list[str], words: str
) -> None:
    answer = CliRunner().invoke(cli, ["until", *arguments])
    assert answer.exit_code == 2
    assert words in answer.output
