"""Options and arguments that commands share; light, since `ape run` imports every script."""

import os
import re
import sys
import warnings
from collections.abc import Callable
from functools import partial, wraps
from getpass import GetPassWarning
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from keel.chain.abi import real_address
from keel.chain.endpoint import shown_address
from keel.files.errors import FileError, Mistake
from keel.files.text_files import read_password
from keel.formatting.amounts import parse_ether
from keel.formatting.commands import Integer

PASSWORD_VARIABLE = "KEEL_KEYSTORE_PASSWORD"  # noqa: S105 (its name)
_SHOWN = (
    "--password would show it in the list of processes: use --password-file, or set "
    f"{PASSWORD_VARIABLE}"
)

_NOT_ASKED = (
    f"there is no terminal to ask for the password on: use --password-file, or set "
    f"{PASSWORD_VARIABLE}"
)

_PUBKEY_BYTES = 48
_APE_NETWORK = re.compile(r"[a-z0-9-]+(:[a-z0-9-]+){0,2}")
DEFAULT_NETWORK = "http://127.0.0.1:8545"

type Command = Callable[..., Any]


def examples(*commands: str) -> str:
    """Epilog of a command's help: one command a line."""
    program = "keel" if Path(sys.argv[0]).stem in ("keel", "__main__") else "ape run"
    return "\n".join(["\b", "Examples:", *(f"  {program} {command}" for command in commands)])


PORT = Integer(0, 65_535)
"""0 takes any free one."""


class Ether(click.ParamType):
    """An amount such as 1.5, in wei afterwards; with 9 `decimals` it is whole gwei."""

    name = "amount"

    def __init__(self, decimals: int = 18) -> None:
        self.decimals = decimals

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it exactly."""
        if isinstance(value, int):
            return value
        try:
            return parse_ether(str(value), self.decimals)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class PublicKey(click.ParamType):
    """A validator's public key, bytes afterwards."""

    name = "key"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """Check its digits and its length."""
        try:
            key = bytes.fromhex(str(value).removeprefix("0x"))
        except ValueError:
            key = b""
        if len(key) != _PUBKEY_BYTES:
            self.fail(f"{value!r} is no public key, 96 hexadecimal digits expected", param, ctx)
        return key


class Address(click.ParamType):
    """An address of the execution layer, checksummed afterwards."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Check its length and its capital letters."""
        try:
            return real_address(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DataFolder(click.Path):
    """A folder that is created if it is missing; related files are next to it."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, file_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Refuse what has no name of its own, such as `/`."""
        folder = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not folder.name:
            self.fail(f"{str(value)!r} cannot be used as a folder", param, ctx)
        above = next(each for each in folder.absolute().parents if each.exists())
        if not above.is_dir():
            self.fail(f"{str(value)!r} cannot be made: {above} is a file", param, ctx)
        return folder


def data_option(command: Command) -> Command:
    """Add --data, the folder of a beacon chain."""
    return click.option(
        "--data",
        "folder",
        type=DataFolder(),
        default=Path(".keel/beacon"),
        show_default=True,
        help="Folder of the chain; related files are next to it.",
    )(command)


class NetworkName(click.ParamType):
    """An RPC address, or the name of one of Ape's networks."""

    name = "network"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take what can be either; the value stays unsaid where it may hold a password."""
        text = str(value)
        if text.startswith(("http://", "https://")):
            if not _has_host(text):
                address = shown_address(text)
                self.fail(f"{address} has no host, or no port from 1 to 65,535", param, ctx)
        elif not _APE_NETWORK.fullmatch(text):
            shown = repr(text[:60]) if "://" not in text else "this address"
            self.fail(
                f"{shown} is neither http://HOST:PORT nor a network of Ape such as "
                "ethereum:hoodi:node",
                param,
                ctx,
            )
        return text


def network_option(command: Command) -> Command:
    """Add --network."""
    return click.option(
        "--network",
        type=NetworkName(),
        default=DEFAULT_NETWORK,
        show_default=True,
        help="RPC address, or a network of Ape such as ethereum:hoodi:node.",
    )(command)


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def chain_options(command: Command) -> Command:
    """Add --network and --manifest."""
    manifest = click.option(
        "--manifest",
        "manifest_path",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Manifest of the deployment; by default the chain's own in .keel/ or deployments/.",
    )
    return network_option(manifest(command))


def password_options(of_what: str, *, is_new: bool = False) -> Callable[[Command], Command]:
    """Give a command `ask_password`: of a file, of the environment, or asked for, in this order.

    The command calls it once its other arguments are checked, so that nobody types a password
    for a command that is refused. `is_new`: it is asked for twice.
    """

    def with_password(command: Command) -> Command:
        @click.option(
            "--password-file",
            type=click.Path(path_type=Path),
            help=f"File with the password of {of_what} in one line; without it the command takes "
            f"{PASSWORD_VARIABLE} from the environment, or asks you.",
        )
        @click.option("--password", "shown", hidden=True)
        @wraps(command)
        def chosen(*, password_file: Path | None, shown: str | None, **options: Any) -> Any:
            if shown is not None:
                raise click.UsageError(_SHOWN)
            ask = partial(_password, password_file, is_new=is_new)
            return command(ask_password=ask, **options)

        return chosen

    return with_password


def _password(file: Path | None, *, is_new: bool) -> str:
    if file is not None:
        try:
            return read_password(file)
        except FileError as error:
            raise Mistake(str(error)) from error
    if given := os.environ.get(PASSWORD_VARIABLE):
        return given
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)
        try:
            answer: str = click.prompt("Password", hide_input=True, confirmation_prompt=is_new)
        except GetPassWarning as warning:
            raise Mistake(_NOT_ASKED) from warning
    return answer


def account_option(default: str) -> Callable[[Command], Command]:
    """Add --account; `default` is an actor of local chains."""
    return click.option(
        "--account",
        "account_name",
        default=default,
        show_default=True,
        help="An account of Ape by alias, TEST::n, or, on a local chain, an actor's name.",
    )


class Origin(click.ParamType):
    """Origin of a page, as browsers send it: https://app.example or http://10.0.0.7:3000."""

    name = "origin"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as browsers write it; fails for anything else."""
        parts = urlsplit("")
        try:
            parts = urlsplit(str(value))
            is_origin = parts.scheme in ("http", "https") and bool(parts.hostname)
            is_origin = is_origin and (parts.port is None or parts.port > 0)
        except ValueError:
            is_origin = False
        origin = f"{parts.scheme}://{parts.netloc}"
        if not is_origin or str(value).rstrip("/") != origin or "@" in origin:
            self.fail(
                f"{str(value)[:100]!r}, an origin like https://app.example expected", param, ctx
            )
        return origin.lower()


def rpc_options(command: Command) -> Command:
    """Add --mine and --allow-origin, for the RPC address of a local chain."""
    mining = click.option(
        "--mine",
        "mining",
        type=click.Choice(["slot", "instant"]),
        default="slot",
        show_default=True,
        help="When a transaction is included: in the next slot, or at once.",
    )
    origins = click.option(
        "--allow-origin",
        "allowed_origins",
        type=Origin(),
        multiple=True,
        help="Let pages of this other site use the RPC address; pages on this machine always may.",
    )
    return mining(origins(command))
