"""What the command lines of services share: their options, their key, and errors of one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from eth_account.signers.local import LocalAccount

from keel.chain.errors import ChainError
from keel.deploy.errors import DeployError
from keel.service.errors import ServiceError
from keel.service.logs import open_log
from keel.service.sections import ServiceSettings
from keel.serving import ListenError
from keel.wallet.account import open_account
from keel.wallet.errors import WalletError

_MENDABLE = (ChainError, DeployError, ListenError, ServiceError, WalletError, OSError)


class ServiceCommands(click.Group):
    """A group of commands in which what a person can mend is one line and exit code 1.

    `mendable` are errors of the service's own, besides those of what all services are made of.
    """

    def __init__(self, *args: Any, mendable: tuple[type[Exception], ...] = (), **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._mendable: tuple[type[Exception], ...] = (*_MENDABLE, *mendable)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click ends quietly when the reader has gone
            raise
        except self._mendable as error:
            line = str(error).strip().partition("\n")[0]
            raise click.ClickException(line) from error


def config_option[F: Callable[..., Any]](environment_prefix: str) -> Callable[[F], F]:
    """Name the configuration file of a service."""
    return click.option(
        "--config",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        envvar=f"{environment_prefix}CONFIG",
        help=f"TOML file; variables {environment_prefix}SECTION__KEY stand over it.",
    )


def account_of(settings: ServiceSettings, service: str) -> LocalAccount | None:
    """Open the service's key, None when none is named; raises AccountError."""
    if settings.key is None:
        return None
    return open_account(settings.key, open_log(settings.log, service))


def address_of(account: LocalAccount | None) -> str | None:
    """Address of an account, if there is one."""
    return None if account is None else account.address


def warn(where: str, problem: str) -> None:
    """Say on stderr what a command goes on without."""
    click.echo(f"{where}: {problem}", err=True)
