"""`python -m keel.dashboard`: the page from the command line."""

import signal
import threading
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import click
from rich.console import Console

from keel.chain.rpc import RpcClient
from keel.dashboard.server import DashboardOptions, serving_dashboard
from keel.deploy.errors import ManifestError
from keel.deploy.manifest import manifest_path
from keel.errors import KeelError
from keel.files.errors import Mistake
from keel.formatting.commands import Command
from keel.formatting.lines import print_line
from keel.service.node_address import NodeAddress

EXAMPLES = "\n".join(
    [
        "\b",
        "Examples:",
        "  python -m keel.dashboard",
        "  python -m keel.dashboard --listen 127.0.0.1:0",
        "  python -m keel.dashboard --execution http://node:8545 --beacon http://node:5052 \\",
        "      --deployment deployments/560048.json",
    ]
)


class Listen(click.ParamType):
    """HOST:PORT, IPv6 hosts in brackets."""

    name = "host:port"

    def convert(
        self, value: str | tuple[str, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Split it; fails in one line."""
        if isinstance(value, tuple):
            return value
        try:
            parts = urlsplit(f"//{value}")
            host, port = parts.hostname, parts.port
            is_more = parts.netloc != value or "@" in value
        except ValueError:
            host = port = None
        if host is None or port is None or is_more:
            self.fail(f"{value!r} is not HOST:PORT, such as 127.0.0.1:8600", param, ctx)
        return host, port


class HostName(click.ParamType):
    """A name without scheme, port and path, as in the Host header of a browser."""

    name = "name"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as it is compared; fails in one line."""
        try:
            name = urlsplit(f"//{value}").hostname
        except ValueError:
            name = None
        if not name or name != value.lower():
            self.fail(f"{value[:100]!r} is not a name such as keel.example", param, ctx)
        return name


@click.command(cls=Command, epilog=EXAMPLES)
@click.option(
    "--execution",
    type=NodeAddress(),
    default="http://127.0.0.1:8545",
    show_default=True,
    help="JSON-RPC of an execution node.",
)
@click.option(
    "--beacon",
    type=NodeAddress(),
    default="http://127.0.0.1:5052",
    show_default=True,
    help="A node's Beacon API.",
)
@click.option(
    "--deployment",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keel's manifest, with abi/ next to it; without it the chain's own in .keel/ or "
    "deployments/. All addresses come from it.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".keel/page"),
    show_default=True,
    help="Folder that keeps the events which it has read, for the next start.",
)
@click.option(
    "--listen",
    type=Listen(),
    default="127.0.0.1:8600",
    show_default=True,
    help="Where browsers find the page; port 0 takes any free one.",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    type=HostName(),
    multiple=True,
    help="A host name that browsers may use in addition to addresses and localhost; can be "
    "repeated.",
)
@click.option(
    "--service",
    "services",
    type=NodeAddress(),
    multiple=True,
    help="Address of a reporter's, keeper's or monitor's /health, whose alarms are shown too; can "
    "be repeated.",
)
def cli(
    *,
    execution: str,
    beacon: str,
    deployment: Path | None,
    data: Path,
    listen: tuple[str, int],
    allowed_hosts: tuple[str, ...],
    services: tuple[str, ...],
) -> None:
    """Serve a page that shows Keel on both layers, until Ctrl-C.

    It reads the chain and the Beacon API only, asks no other host, and updates itself. Users send
    transactions from it with a browser wallet. On a development chain, while it listens on this
    machine only, they can also use the accounts that the node has unlocked.
    """
    try:
        options = DashboardOptions(
            execution_url=execution,
            beacon_url=beacon,
            deployment=deployment or _found_manifest(execution),
            data=data,
            host=listen[0],
            port=listen[1],
            allowed_hosts=allowed_hosts,
            services=services,
        )
        with serving_dashboard(options) as url:
            print_line(Console(), f"Keel's page: [bold]{url}[/]", markup=True)
            _await_end()
    except ManifestError as error:
        raise Mistake(str(error)) from error
    except KeelError as error:
        raise click.ClickException(str(error)) from error


def _found_manifest(execution: str) -> Path:
    with RpcClient(execution, timeout_seconds=10) as rpc:
        return manifest_path(rpc)


def _await_end() -> None:
    """Until Ctrl-C or SIGTERM."""
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    ended.wait()
