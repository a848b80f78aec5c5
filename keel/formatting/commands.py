"""Click's commands as people use them: `-5` is a number, and errors break no word."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import IO, Any

import click
from rich.console import Console
from rich.text import Text

from keel.formatting.lines import print_line

_ANY_LENGTH = 1_000
_NEGATIVE = re.compile(r"-[0-9.].*")


class Integer(click.IntRange):
    """An integer between bounds; Click calls what is none "not a valid integer range"."""

    name = "integer"


class ShownError(click.ClickException):
    """An error as Click shows it, which a terminal gets wrapped between words."""

    def __init__(self, error: click.ClickException) -> None:
        super().__init__(error.message)
        self.error, self.exit_code = error, error.exit_code

    def format_message(self) -> str:
        """What the error says."""
        return self.error.format_message()

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it with the usage, if it belongs to one."""
        shown = StringIO()
        self.error.show(shown)
        console = Console(file=file) if file else Console(stderr=True)
        print_line(console, Text(shown.getvalue().rstrip("\n")))


class _Telling(click.Command):
    """Shows its errors as ShownError."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the arguments."""
        with _shown_errors():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        with _shown_errors():
            return super().invoke(ctx)


class Command(_Telling):
    """A command that checks `-5` by the bounds of its argument, and takes it for no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments."""
        ctx.ignore_unknown_options = any(_NEGATIVE.fullmatch(each) for each in args)
        return super().parse_args(ctx, args)


class Commands(_Telling, click.Group):
    """A group of such commands."""

    command_class = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their whole first sentences; Click cuts them to fit a line."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, each.get_short_help_str(_ANY_LENGTH)) for name, each in named if each]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@contextmanager
def _shown_errors() -> Iterator[None]:
    try:
        yield
    except ShownError:
        raise
    except click.ClickException as error:
        raise ShownError(error) from error
