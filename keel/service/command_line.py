"""What the command lines of services share: their options, and errors of one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from keel.deploy.errors import ManifestError
from keel.errors import KeelError
from keel.files.errors import FileError, Mistake
from keel.formatting.commands import Commands
from keel.service.errors import SettingsError

_WRITTEN = (FileError, ManifestError, SettingsError)


class ServiceCommands(Commands):
    """A group of commands in which what a person can repair is one line.

    The exit code is 2 for what a person wrote, settings and files, and 1 for the rest.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click ends quietly when the reader has gone
            raise
        except (KeelError, OSError) as error:
            line = str(error).strip().partition("\n")[0]
            fault = Mistake if isinstance(error, _WRITTEN) else click.ClickException
            raise fault(line) from error


def config_option[F: Callable[..., Any]](environment_prefix: str) -> Callable[[F], F]:
    """Name the configuration file of a service."""
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        envvar=f"{environment_prefix}CONFIG",
        help=f"TOML file; variables {environment_prefix}SECTION__KEY override it.",
    )


def warn(where: str, problem: str) -> None:
    """Say on stderr what a command goes on without."""
    click.echo(f"{where}: {problem}", err=True)
