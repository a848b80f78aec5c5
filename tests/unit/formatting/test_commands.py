"""Commands take `-5` for a number, and a terminal gets their errors without a broken word."""

from io import StringIO

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from keel.formatting.commands import Command, Commands, Integer, ShownError

REFUSAL = "the account nobody is unknown, one of deployer, governance and council expected here"


@click.group(cls=Commands)
def cli() -> None:
    """Do something."""


@cli.command()
@click.argument("count", type=Integer(1, 9))
@click.option("--most", type=Integer(1, 9))
def take(count: int, most: int | None) -> None:
    """Take COUNT."""
    click.echo(f"took {count} of {most}")


@click.command(cls=Command)
def refuse() -> None:
    """Refuse all."""
    raise click.ClickException(REFUSAL)


class Screen(StringIO):
    """A terminal, for those who ask."""

    def isatty(self) -> bool:
        return True


def given_to(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["take", *arguments])


@given(st.decimals(max_value=-1, allow_nan=False, allow_infinity=False, places=1))
def test_a_negative_number_is_checked_as_the_argument_it_is(number: object) -> None:
    done = given_to(str(number))
    assert done.exit_code == 2
    assert "Invalid value for 'COUNT': " in done.output
    assert str(number) in done.output


def test_a_negative_number_is_out_of_bounds() -> None:
    assert "'COUNT': -5 is not in the range 1<=x<=9" in given_to("-5").output
    assert "'--most': -5 is not in the range 1<=x<=9" in given_to("5", "--most", "-5").output
    assert given_to("5", "--most", "6").output == "took 5 of 6\n"


def test_what_is_no_number_is_an_unknown_option_as_before() -> None:
    assert "No such option: -x" in given_to("-x").output
    assert "No such option: --five" in given_to("5", "--five").output
    assert "'COUNT': 'five' is not a valid integer." in given_to("five").output


def shown(screen: StringIO) -> list[str]:
    with pytest.raises(ShownError) as caught:
        refuse.main([], standalone_mode=False)
    assert caught.value.exit_code == 1
    caught.value.show(screen)
    return screen.getvalue().splitlines()


def test_a_terminal_gets_an_error_wrapped_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = shown(Screen())
    assert len(lines) == 3
    assert all(len(line) <= 40 for line in lines)
    assert " ".join(lines) == f"Error: {REFUSAL}"


def test_a_file_gets_an_error_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert shown(StringIO()) == [f"Error: {REFUSAL}"]


def test_an_error_of_the_arguments_comes_with_the_usage() -> None:
    lines = given_to().output.splitlines()
    assert lines[0] == "Usage: cli take [OPTIONS] COUNT"
    assert lines[-1] == "Error: Missing argument 'COUNT'."
