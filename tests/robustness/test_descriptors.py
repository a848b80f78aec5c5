"""Silent connections use up neither the files that a reporter may open, nor its disk."""

import resource
import socket
from contextlib import ExitStack

import httpx
import pytest

from keel.circle.process import Process
from tests.robustness.stage import Stage, same_numbers

MOST_FILES = 256
"""What macOS and many containers give a process."""

SILENT = 400
LOG_BYTES = 64 * 1024


@pytest.mark.parametrize(
    "servers", [("monitor",), ("committee",), ("monitor", "committee")], ids="+".join
)
def test_silent_connections_do_not_keep_a_reporter_from_its_work(
    stage: Stage, servers: tuple[str, ...]
) -> None:
    with ExitStack() as stack, stage.committee(3) as committee:
        committee.settle()
        held = committee.reporters[0]
        assert held.pid is not None
        resource.prlimit(held.pid, resource.RLIMIT_NOFILE, (MOST_FILES, MOST_FILES))
        before = held.service.log_path.stat().st_size
        for server in servers * SILENT:
            address = _address(held, server)
            stack.enter_context(socket.create_connection((address.host, address.port), timeout=5))
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert reported.signatures == 3
        assert held.health().alarms == {}
        assert held.service.log_path.stat().st_size - before < LOG_BYTES


def _address(reporter: Process, server: str) -> httpx.URL:
    service = reporter.service
    return httpx.URL(service.health_url if server == "monitor" else str(service.serving_url))
