"""The states of `make bench` are states, and its table and goals say what was measured."""

import time
from pathlib import Path

import orjson
import pytest

from keel.consensus.api.encoding import encode
from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.state.encoded_state import read_state
from keel.measure.bench import states
from keel.measure.bench.errors import PageError
from keel.measure.bench.figures import Figures
from keel.measure.bench.measures import (
    measure_first,
    measure_report,
    root_path,
)
from keel.measure.bench.reports import report_from_ssz
from keel.measure.bench.runs import Results
from keel.measure.bench.states import (
    OWN_CREDENTIALS,
    json_path,
    make_json,
    make_ssz,
    spec_of,
)
from keel.measure.bench.table import PAGE, lines, missed_goals, page_with
from keel.sight.agreed_state import StateRootError

COUNT = 200


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(states, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("fork", FORKS)
def test_a_state_is_made_once_and_the_specification_reads_it(folder: Path, fork: Fork) -> None:
    steps: list[int] = []
    document = make_json(fork, COUNT, steps.append)
    path = make_ssz(fork, COUNT)
    written = path.stat().st_mtime_ns
    state = spec_of(fork).BeaconState.decode_bytes(path.read_bytes())
    assert len(state.validators) == sum(steps) == COUNT
    assert orjson.loads(document.read_bytes())["data"] == encode(state)
    assert make_ssz(fork, COUNT).stat().st_mtime_ns == written
    assert sorted(folder.iterdir()) == sorted([path, json_path(fork, COUNT)])


def test_a_state_holds_validators_of_every_kind(folder: Path) -> None:
    validators = read_state(spec_of("fulu"), make_ssz("fulu", 2000).read_bytes()).validators
    own = [bytes(row) == OWN_CREDENTIALS for row in validators["withdrawal_credentials"]]
    kinds = set(validators["withdrawal_credentials"][:, 0].tolist())
    assert (sum(own), kinds, int(validators["slashed"].sum())) == (60, {1, 2}, 2)
    never = validators["exit_epoch"] == 2**64 - 1
    assert int(never.sum()) == 1920
    assert (validators["exit_epoch"] < validators["withdrawable_epoch"])[~never].all()


def test_measures_find_the_specifications_root(folder: Path) -> None:
    path = make_ssz("fulu", COUNT)
    state = spec_of("fulu").BeaconState.decode_bytes(path.read_bytes())
    first = measure_first("fulu", COUNT, time.time())
    assert first.root == bytes(spec_of("fulu").hash_tree_root(state)).hex()
    assert 0 < first.seconds["later"] < first.seconds["first"]
    assert first.peak_bytes > 10**7


def _results(first_seconds: float, later_seconds: float, peak_bytes: int, size: int) -> Results:
    seconds = {"first": first_seconds, "later": later_seconds}
    figures = Figures(seconds=seconds, cpu_seconds=1, peak_bytes=peak_bytes)
    return {("first", size): figures}


def _report_results(cpu_seconds: float, peak_bytes: int, size: int) -> Results:
    figures = Figures(seconds={}, cpu_seconds=cpu_seconds, peak_bytes=peak_bytes)
    return {("report", size): figures}


def test_goals_hold_at_their_bounds_and_not_beyond() -> None:
    assert missed_goals(_results(15, 0.1, 1_200_000_000, 1_000_000)) == []
    beyond = _results(15.5, 0.25, 1_300_000_000, 1_000_000)
    assert {(goal.title, goal.shown(beyond)) for goal in missed_goals(beyond)} == {
        ("first proofs", "15.5 s"),
        ("every later proof", "0.25 s"),
        ("peak memory", "1300 MB"),
    }
    assert missed_goals(_results(15.5, 0.25, 1_300_000_000, 100_000)) == []


def test_a_report_has_goals_of_its_own() -> None:
    assert missed_goals(_report_results(10, 1_000_000_000, 1_000_000)) == []
    beyond = _report_results(10.1, 1_001_000_000, 1_000_000)
    assert {(goal.title, goal.shown(beyond)) for goal in missed_goals(beyond)} == {
        ("CPU time of a report", "10.1 s"),
        ("peak memory of a report", "1001 MB"),
    }
    assert missed_goals(_report_results(10.1, 1_001_000_000, 100_000)) == []


def test_a_report_counts_the_own_validators_of_a_state_with_the_root(folder: Path) -> None:
    spec, content = spec_of("fulu"), make_ssz("fulu", COUNT).read_bytes()
    root = bytes(spec.hash_tree_root(spec.BeaconState.decode_bytes(content)))
    root_path("fulu", COUNT).write_text(root.hex())
    assert report_from_ssz(spec, content, root).report.active_validators == 6
    assert measure_report("fulu", COUNT, time.time()).root == root.hex()
    root_path("fulu", COUNT).write_text((b"\1" * 32).hex())
    with pytest.raises(StateRootError, match=f"0x{root.hex()}, 0x0101"):
        measure_report("fulu", COUNT, time.time())


def test_the_page_takes_the_table_between_its_comments(folder: Path) -> None:
    make_json("fulu", COUNT, list[int]().append)
    table = lines({}, "fulu", [COUNT])
    page = page_with(table, "a machine", PAGE.read_text())
    assert "| validators | 200 |" in page
    assert "Measured on a machine.\n" in page
    assert "| validators | 10,000 |" not in page
    assert page_with(table, "a machine", page) == page
    with pytest.raises(PageError, match=r"scale.md has no place for the table"):
        page_with(table, "a machine", "# Scale")
