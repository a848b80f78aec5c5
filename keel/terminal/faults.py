"""Errors that a person caused or can repair: one line each, no traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from ape.exceptions import ApeException

from keel.chain.abi import CustomError
from keel.chain.revert import Reverted
from keel.consensus.deposit_problems import DepositDataError
from keel.consensus.mnemonics import MnemonicError
from keel.deploy.errors import ConfigurationError, ManifestError
from keel.errors import KeelError
from keel.files.errors import FileError, Mistake

_SHOWN_PROBLEMS = 10
_UNAUTHORISED = "AccessManagedUnauthorized"  # OpenZeppelin's AccessManaged


class Fault(click.ClickException):
    """Something is not as the command needs it; exit code 1."""


@contextmanager
def one_line_faults() -> Iterator[None]:
    """Turn the errors that Keel raises on purpose into one line for the terminal."""
    try:
        yield
    except DepositDataError as error:
        raise Mistake(_problems(error)) from error
    except (ConfigurationError, FileError, ManifestError, MnemonicError) as error:
        raise Mistake(str(error)) from error
    except Reverted as error:
        raise Fault(_refusal(error)) from error
    except (KeelError, ApeException) as error:
        raise Fault(str(error).strip().partition("\n")[0]) from error


def _refusal(error: Reverted) -> str:
    line = f"{error.what.partition('(')[0]} is refused: {error.cause}"
    is_role = isinstance(error.cause, CustomError) and error.cause.name == _UNAUTHORISED
    return f"{line}; docs/access.md lists the roles" if is_role else line


def _problems(error: DepositDataError) -> str:
    lines = [str(problem) for problem in error.problems[:_SHOWN_PROBLEMS]]
    if len(error.problems) > _SHOWN_PROBLEMS:
        lines.append(f"and {len(error.problems) - _SHOWN_PROBLEMS} more")
    return "\n".join(lines)
