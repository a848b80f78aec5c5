"""A service of its own process whose step hangs in a read, or ends at once.

Arguments: configuration, `quick` or `hanging`.
"""

import socket
import sys
from pathlib import Path

from pydantic_settings import SettingsConfigDict

from keel.service.loop import run_loop
from keel.service.sections import ServiceSettings
from keel.service.service import running_service
from keel.service.settings import load_settings


class StubbornSettings(ServiceSettings):
    """What every service needs, and no more."""

    model_config = SettingsConfigDict(env_prefix="KEEL_STUBBORN_")


_HANGS = sys.argv[2] == "hanging"


def _step() -> int:
    if _HANGS:
        one, _other = socket.socketpair()
        one.recv(1)
    return 12


settings = load_settings(StubbornSettings, Path(sys.argv[1]))
with running_service("keeper", settings) as service:
    run_loop(_step, service)
