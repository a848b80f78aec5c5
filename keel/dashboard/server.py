"""Put the page on a port: follow both nodes and serve what they say."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keel.chain.errors import ChainError
from keel.chain.rpc import RpcClient
from keel.chain.state import unlocked_accounts
from keel.dashboard.app import create_app
from keel.dashboard.deployment import KnownDeployment
from keel.dashboard.guard import new_token
from keel.dashboard.watcher import POLL_SECONDS, Watcher
from keel.serving import serve_app
from keel.serving.hosts import is_loopback

_ACCOUNTS_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class DashboardOptions:
    """Where the page reads and where it listens; port 0 takes any free one.

    `data` is the folder in which it keeps what it has read, if anywhere. `allowed_hosts` are host
    names that browsers may use in addition to addresses and localhost. `services` are reporters,
    keepers and monitors whose alarms are shown too.
    """

    execution_url: str
    beacon_url: str
    deployment: Path
    data: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8600
    allowed_hosts: Sequence[str] = ()
    poll_seconds: float = POLL_SECONDS
    services: Sequence[str] = ()


@contextmanager
def serving_dashboard(options: DashboardOptions) -> Iterator[str]:
    """Serve in threads of its own; yields the address. Raises ManifestError or ListenError."""
    known = KnownDeployment.read(options.deployment)
    accounts = local_accounts(known, options)
    poll_seconds = options.poll_seconds
    urls = options.execution_url, options.beacon_url
    services = options.services
    with Watcher(known, *urls, poll_seconds, options.data, services=services) as watcher:
        app = create_app(watcher, new_token(), accounts, options.allowed_hosts)
        with serve_app(app, options.host, options.port) as url:
            yield url


def local_accounts(known: KnownDeployment, options: DashboardOptions) -> tuple[str, ...]:
    """Accounts that the node signs for; none but for this machine alone, on a development chain."""
    if not known.is_local or not is_loopback(options.host):
        return ()
    try:
        with RpcClient(options.execution_url, _ACCOUNTS_SECONDS) as rpc:
            return tuple(unlocked_accounts(rpc))
    except ChainError:
        return ()  # a node that is away is shown as an alarm; a restart of the page finds them
