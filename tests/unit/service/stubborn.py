"""A service of its own process whose step hangs in a read, or ends at once.

Arguments: configuration, `quick` or `hanging`.
"""

import socket
import sys
from pathlib import Path

from keel.service.loop import run_loop
from keel.service.service import running_service
from keel.service.settings import ServiceSettings, load_settings

_HANGS = sys.argv[2] == "hanging"


def _step() -> int:
    if _HANGS:
        one, _other = socket.socketpair()
        one.recv(1)
    return 12


settings = load_settings(ServiceSettings, Path(sys.argv[1]), "KEEL_STUBBORN_")
with running_service("keeper", settings) as service:
    run_loop(_step, service)
