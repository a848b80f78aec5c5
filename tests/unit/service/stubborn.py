"""A service of its own process whose step hangs in a read, ends at once, or counts.

Arguments: configuration, `quick`, `hanging` or `counting`.
"""

import socket
import sys
from functools import partial
from itertools import count
from pathlib import Path

from pydantic_settings import SettingsConfigDict

from keel.service.loop import Step, run_loop
from keel.service.sections import ServiceSettings
from keel.service.service import running_service
from keel.service.settings import load_settings


class StubbornSettings(ServiceSettings):
    """What every service needs, and no more."""

    model_config = SettingsConfigDict(env_prefix="KEEL_STUBBORN_")


def _hang() -> int:
    one, _other = socket.socketpair()
    return len(one.recv(1))


_STEPS: dict[str, Step] = {
    "quick": lambda: 12,
    "hanging": _hang,
    "counting": partial(next, count(1)),
}


settings = load_settings(StubbornSettings, Path(sys.argv[1]))
with running_service("keeper", settings) as service:
    run_loop(_STEPS[sys.argv[2]], service)
