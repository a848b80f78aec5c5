"""Screens of the commands at 60, 80 and 120 columns: long names, and no word is broken."""

import re
from collections import Counter
from io import StringIO
from pathlib import Path

import click
import pytest
from rich.console import Console

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.commands.operators import cli as operators
from keel.commands.status import cli as status
from keel.deploy.artifacts import Artifacts
from keel.deploy.command import plan_table
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.introduction import Addresses, introduce
from tests.deployment import Keel
from tests.scenarios.terminal import Terminal, terminal_at

WIDTHS = [60, 80, 120]
_WIDE = 2_000
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_LINES_OF_TABLES = re.compile(r"[─━│┃]+")
SOURCES = REPOSITORY_ROOT / "keel"

LONG_NAME = "Worshipful Company of Harbour Masters and Lighthouse Keepers"


def require_whole_words(shown: str, wide: str, width: int) -> None:
    """No line is too long, and nothing of what a very wide terminal shows is cut or folded."""
    assert [line for line in shown.splitlines() if len(line) > width] == []
    missing = words(wide) - words(shown)
    assert not missing


def words(shown: str) -> Counter[str]:
    """Where a table is a block of lines, a colon stands behind the names of its columns."""
    return Counter(word.rstrip(":") for word in _LINES_OF_TABLES.sub(" ", shown).split())


def screen_of(
    terminal: Terminal, width: int, monkeypatch: pytest.MonkeyPatch, *line: str | click.Command
) -> str:
    """What a terminal of this width shows, without colours."""
    command, *arguments = line
    assert isinstance(command, click.Command)
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    result = terminal.run(command, *map(str, arguments))
    assert result.exit_code == 0, result.output
    return _STYLE.sub("", result.output)


@pytest.fixture
def crowded(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> tuple[BeaconWorld, Terminal]:
    """Reports are signed by five, and an operator has the longest name."""
    world = validating_world
    world.next_report()
    registry, manager = world.contracts.registry, world.actors["operator_manager_1"]
    terms = (manager, manager, 2**32 - 1, 10_000, 600)
    world.send_as_role(registry, "addOperator", LONG_NAME, *terms)
    return world, terminal_at(world, artifacts, tmp_path)


@pytest.mark.parametrize("width", WIDTHS)
def test_status_breaks_no_word(
    crowded: tuple[BeaconWorld, Terminal], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, terminal = crowded
    for line in ((status,), (status, "--account", "depositor"), (operators, "list")):
        wide = screen_of(terminal, _WIDE, monkeypatch, *line)
        shown = screen_of(terminal, width, monkeypatch, *line)
        require_whole_words(shown, wide, width)
    assert LONG_NAME.split(maxsplit=1)[0] in wide


@pytest.mark.parametrize("width", WIDTHS)
def test_the_plan_of_a_deployment_breaks_no_word(keel: Keel, width: int) -> None:
    screens = {}
    for each in (_WIDE, width):
        screen = StringIO()
        Console(file=screen, width=each).print(plan_table(keel.plan))
        screens[each] = screen.getvalue()
    require_whole_words(screens[width], screens[_WIDE], width)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_screen_of_a_chain_breaks_no_word(validating_world: BeaconWorld, width: int) -> None:
    world, folder = validating_world, Path("/home/somebody/projects/lending/.keel")
    rpc_url, beacon_url, page_url = (f"http://127.0.0.1:{port}" for port in (38545, 35052, 38600))
    manifest = folder / "manifest.json"
    addresses = Addresses(rpc_url, beacon_url, page_url, folder / "circle", manifest)
    processes = [*(f"reporter_{number}" for number in range(1, 6)), "keeper_1", "keeper_2", "page"]
    screens = {}
    for each in (_WIDE, width):
        screen = StringIO()
        console = Console(file=screen, width=each, force_terminal=True, color_system=None)
        introduce(addresses, world.manifest, world.beacon.chain, processes, console)
        screens[each] = _STYLE.sub("", screen.getvalue())
    # A private key is longer than 60 columns: it stays whole, for whoever copies it.
    shown = re.sub(r"0x\w{64}", "key", screens[width])
    require_whole_words(shown, re.sub(r"0x\w{64}", "key", screens[_WIDE]), width)


def test_sentences_and_tables_are_made_in_one_place() -> None:
    """Whatever commands print is wrapped by keel.formatting, and by nothing else."""
    sources = {path: path.read_text() for path in SOURCES.rglob("*.py")}
    lines = SOURCES / "formatting" / "lines.py"
    assert [path for path, text in sources.items() if "soft_wrap" in text] == [lines]
    assert [path for path, text in sources.items() if re.search(r"\bTable\(", text)] == []
