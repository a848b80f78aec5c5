"""The processes around the chain of `ape run chain`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, set_balance_wei
from keel.circle.cast import Surroundings, write_cast, write_monitor
from keel.circle.ports import HOST, choose_ports
from keel.circle.process import Process, Service, end_all
from keel.circle.supervisor import Supervisor
from keel.formatting.lines import print_line
from keel.model.constants import ETHER
from keel.scenarios.wish import Wish

_KEEPERS_WEI = 1_000 * ETHER


def write_processes(
    wish: Wish, around: Surroundings, rpc: RpcClient, rpc_url: str
) -> list[Process]:
    """Write the folders of reporters, keepers, a monitor and the page.

    The page reads `rpc_url` and shows the monitor's alarms.
    """
    cast = write_cast(wish.circle_folder, around, reporters=wish.reporters, keepers=wish.keepers)
    for address in cast.strangers:
        if balance_wei(rpc, address) == 0:
            set_balance_wei(rpc, address, _KEEPERS_WEI)
    services = [*cast.reporters, *cast.keepers]
    watching = [write_monitor(wish.circle_folder, around)] if wish.with_monitor else []
    services += watching
    if wish.page_port is not None:
        shown = replace(around, execution_url=rpc_url)
        services.append(_page(wish.circle_folder, shown, wish.page_port, watching))
    return [Process(service) for service in services]


@contextmanager
def supervised(processes: list[Process], console: Console) -> Iterator[Callable[[], None]]:
    """Start all, keep them alive whenever what is yielded is called, and end them."""

    def tell(line: str) -> None:
        print_line(console, Text(line, "dim"))

    supervisor = Supervisor(processes, tell)
    try:
        supervisor.start()
        yield supervisor.look
    finally:
        end_all(processes)


def _page(folder: Path, around: Surroundings, port: int, watching: list[Service]) -> Service:
    listen = f"{HOST}:{port or choose_ports(1)[0]}"
    options = {
        "--execution": around.execution_url,
        "--beacon": around.beacon_url,
        "--deployment": str(around.manifest),
        "--data": str(folder / "page"),
        "--listen": listen,
    }
    arguments = [part for option in options.items() for part in option]
    for service in watching:
        arguments += ["--service", service.health_url.removesuffix("/health")]
    command = (sys.executable, "-m", "keel.dashboard", *arguments)
    return Service("page", command, folder / "page", f"http://{listen}/")
