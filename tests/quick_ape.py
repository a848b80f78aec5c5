"""What tests do not need of Ape: 110 of the 160 ms of every expected revert, and taken ports.

Ape looks for its Anvil's port where the kernel puts outgoing connections, and gives up after 20 s
when it meets one that is still held. The old states of its Anvil stay in the user's home.
"""

from functools import cache
from tempfile import TemporaryDirectory
from typing import Any

import ape_foundry.provider
import ape_test.accounts
import pytest
from ape.utils import generate_dev_accounts
from ape_ethereum.trace import Trace
from ape_foundry.provider import FoundryProvider

from keel.circle.ports import choose_ports


def quicken_ape() -> None:
    """Derive accounts once, print no trace of expected reverts, leave no port and no states."""
    patch = pytest.MonkeyPatch()
    states = TemporaryDirectory(prefix="keel-anvil-", ignore_cleanup_errors=True)
    command_line = FoundryProvider.build_command

    def with_states_of_its_own(provider: FoundryProvider) -> list[str]:
        return [*command_line(provider), "--cache-path", states.name]

    patch.setattr(FoundryProvider, "build_command", with_states_of_its_own)
    (port,) = choose_ports(1)
    patch.setattr(ape_foundry.provider, "EPHEMERAL_PORTS_START", port)
    patch.setattr(ape_foundry.provider, "EPHEMERAL_PORTS_END", port)
    patch.setattr(ape_test.accounts, "generate_dev_accounts", cache(generate_dev_accounts))
    patch.setattr(Trace, "show", _show_nothing)


def _show_nothing(*_: Any, **__: Any) -> None:
    """Stand in for Trace.show."""
