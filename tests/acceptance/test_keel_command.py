"""`keel`: the commands of `ape run` and the services under one name, which a shell can complete."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.command import COMMANDS, LazyCommands, cli
from keel.deploy import command
from keel.deploy.artifacts import load_artifacts

KEEL = REPOSITORY_ROOT / ".venv" / "bin" / "keel"
COUNT_CONTRACTS = """
from rich.console import Console
from keel.deploy.command import compiled
print(len(compiled(Console(quiet=True))))
"""


def keel(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(KEEL), *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def completions(words: str) -> list[str]:
    """What a shell offers for the last of these words."""
    count = len(words.split(" ")) - 1
    done = keel(COMP_WORDS=words, COMP_CWORD=str(count), _KEEL_COMPLETE="bash_complete")
    return [line.partition(",")[2] for line in done.stdout.split()]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_there_and_explains_itself(name: str) -> None:
    done = CliRunner().invoke(cli, [name, "--help"], prog_name="keel")
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: keel {name} ")


def test_ape_runs_the_same_commands() -> None:
    commands = REPOSITORY_ROOT / "keel" / "commands"
    scripts = {file.stem for file in (REPOSITORY_ROOT / "scripts").glob("*.py")}
    assert scripts == {file.stem for file in commands.glob("[!_]*.py")}
    for name in scripts:
        script = import_module(f"scripts.{name}")
        assert script.cli is import_module(f"keel.commands.{name}").cli
    named = {module for module, _ in COMMANDS.values()}
    # What remains measures and checks Keel itself, which only its repository can.
    own = {"bench", "crosscheck", "demo", "gas"}
    files = {file.stem for file in commands.glob("[!_]*.py")}
    assert {f"keel.commands.{name}" for name in files - own} == {
        module for module in named if module.startswith("keel.commands.")
    }


def test_the_list_of_commands_fits_a_terminal_and_says_one_line_of_each() -> None:
    lines = CliRunner().invoke(cli, ["--help"], terminal_width=80).output.splitlines()
    assert max(map(len, lines)) <= 80
    for name, (_, line) in COMMANDS.items():
        assert [each for each in lines if each.split()[:1] == [name] and each.endswith(line)]


def every_command(group: click.Group, *names: str) -> Iterator[tuple[str, ...]]:
    """The names of a group's commands, those of its groups too."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*names, name)
        if isinstance(command, click.Group):
            yield from every_command(command, *names, name)


@pytest.mark.parametrize("names", every_command(cli), ids=" ".join)
def test_no_line_of_any_help_is_wider_than_a_terminal(names: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, [*names, "--help"], prog_name="keel", terminal_width=80)
    lines = done.output.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    command: click.Command | None = cli
    for name in names:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command is not None
    usage, _, text = done.output.partition("\n\n")
    assert [line for line in text.splitlines() if line.endswith("...")] == []
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            assert parameter.make_metavar() in usage.split()


def test_no_line_of_make_help_is_wider_than_a_terminal() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "help"],  # noqa: S607 (of the user's PATH)
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert "  make chain" in [line[:12] for line in lines]
    assert [line for line in lines if len(line) > 80] == []


def test_a_command_is_imported_when_it_is_asked_for() -> None:
    assert isinstance(cli, LazyCommands)
    found = cli.get_command(click.Context(cli), "wrap")
    assert found is import_module("keel.commands.wrap").cli
    assert cli.get_command(click.Context(cli), "unwrap") is None


def test_a_mistyped_command_is_named() -> None:
    done = keel("stauts")
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such command 'stauts'" in done.stderr


def test_a_shell_completes_commands_and_what_they_take() -> None:
    assert completions("keel re") == ["replace", "request", "redeem", "reporter"]
    assert completions("keel beacon slash double-v") == ["double-vote"]
    assert completions("keel keeper ") == ["check", "plan", "run"]


def test_bash_takes_the_completion() -> None:
    bash = shutil.which("bash")
    assert bash is not None
    check = 'eval "$(keel completion bash)"; complete -p keel'
    path = f"{KEEL.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "--norc", "-c", check],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split()[:1] == ["complete"], done.stderr
    assert done.stdout.split()[-1] == "keel"


def test_the_contracts_are_found_from_another_project_s_folder(tmp_path: Path) -> None:
    (tmp_path / "ape-config.yaml").write_text("name: other\ncontracts_folder: src\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Unfinished.sol").write_text("pragma solidity 0.8.37; contract {")
    done = subprocess.run(
        [str(KEEL.parent / "python"), "-c", COUNT_CONTRACTS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(len(load_artifacts()))]


def test_a_changed_import_compiles_all_that_uses_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ape itself compiles only the file that changed, and leaves its users as they were."""
    for name in ("solc.cjs", "link.cjs"):
        (tmp_path / "toolchain").mkdir(exist_ok=True)
        (tmp_path / "toolchain" / name).write_text("")
    (tmp_path / "package-lock.json").write_text("{}")
    (tmp_path / "ape-config.yaml").write_text("name: small\ncontracts_folder: contracts\n")
    contracts = tmp_path / "contracts"
    contracts.mkdir()
    base = "pragma solidity ^0.8.0; abstract contract Base { uint256 public constant ONE = %d; }"
    (contracts / "User.sol").write_text(
        'pragma solidity ^0.8.0; import "./Base.sol"; contract User is Base {}'
    )
    manifest = tmp_path / ".build" / "__local__.json"
    monkeypatch.setattr(command, "REPOSITORY_ROOT", tmp_path)
    monkeypatch.setattr(command, "load_artifacts", lambda: load_artifacts(manifest))
    codes = []
    for value in (1, 2, 2):
        (contracts / "Base.sol").write_text(base % value)
        codes.append(command.compiled(Console(quiet=True))["User"].creation_code)
    assert codes[0] != codes[1]
    assert codes[1] == codes[2]
