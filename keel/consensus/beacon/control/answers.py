"""Answers of a running chain on the terminal, with a bar while slots pass."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from keel.chain.errors import ChainError
from keel.consensus.beacon.control.client import ask
from keel.consensus.beacon.errors import BadArgumentError, BeaconError, DataFolderError
from keel.consensus.deposit_data import format_deposit_data, read_deposit_data
from keel.consensus.deposit_problems import DepositDataError
from keel.consensus.keystores import KeystoreError, decrypt_keystore, read_keystore
from keel.files.errors import FileError, Mistake
from keel.formatting.lines import print_line


@contextmanager
def one_line_faults() -> Iterator[None]:
    """Turn errors into one line: exit code 2 for what a person wrote or gave wrong, otherwise 1."""
    try:
        yield
    except BadArgumentError as error:
        raise click.UsageError(str(error)) from error
    except (DataFolderError, FileError, KeystoreError, DepositDataError) as error:
        raise Mistake(str(error).partition("\n")[0]) from error
    except (BeaconError, ChainError, OSError) as error:
        raise click.ClickException(str(error)) from error


def ask_and_show(
    folder: Path, command: str, arguments: Mapping[str, Any], console: Console
) -> None:
    """Ask, with a progress bar as soon as slots pass, and print the answer."""
    progress = _bar(console)
    task = progress.add_task("", total=arguments.get("slots") if command == "run" else None)

    def passed(slot: int, missed: str | None) -> None:
        progress.start()
        text = f"slot {slot}" + (", missed" if missed else "")
        progress.update(task, advance=1, description=text)

    with one_line_faults():
        try:
            result = ask(folder, command, passed, **arguments)
        finally:
            if progress.live.is_started:
                progress.stop()
    _show(result, console)


def keystore_secret(keystore: Path, ask_password: Callable[[], str]) -> int:
    """Decrypt a keystore that can be read; a file at fault or a wrong password is one line."""
    with one_line_faults():
        store = read_keystore(keystore)
        return decrypt_keystore(store, ask_password())


def deposits_text(file: Path) -> str:
    """Text of a deposit data file that can be read as one; a fault is one line."""
    with one_line_faults():
        return format_deposit_data(read_deposit_data(file))


def _bar(console: Console) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)


def _show(result: Mapping[str, Any], console: Console) -> None:
    width = max(map(len, result))
    for name, value in result.items():
        print_line(console, f"{name.replace('_', ' '):{width}}  {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "never" if value is None else str(value)
