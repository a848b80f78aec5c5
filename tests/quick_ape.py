"""What tests do not need of Ape: half of Anvil's work, 110 ms of each expected revert, taken ports.

Ape's Anvil records every step of the EVM, and writes the state before each of the last blocks to
the disk of the user's home: no test asks for either. Ape looks for Anvil's port where the kernel
puts outgoing connections, and gives up after 20 s when it meets one that is still held. It keeps a
list of running nodes in the user's home, and reads all settings thrice for each that ever stayed on
it: seconds at the end of each worker. At each connection it writes the functions of `console.log`
to its cache: 0.2 s of each command.
"""

from functools import cache
from typing import Any

import ape_foundry.provider
import ape_test.accounts
import pytest
from ape.managers.networks import NodeProcessMap
from ape.utils import generate_dev_accounts
from ape_ethereum.provider import Web3Provider
from ape_ethereum.trace import Trace
from ape_foundry.provider import FoundryProvider

from keel.circle.ports import choose_ports

_STATES_KEPT = 500
"""Blocks whose state may be read, as many as Anvil itself holds in memory."""


def quicken_ape() -> None:
    """Derive accounts once, print no trace of expected reverts, record only what tests read."""
    patch = pytest.MonkeyPatch()
    command_line = FoundryProvider.build_command

    def with_little_history(provider: FoundryProvider) -> list[str]:
        asked = [each for each in command_line(provider) if each != "--steps-tracing"]
        return [*asked, "--prune-history", str(_STATES_KEPT)]

    patch.setattr(FoundryProvider, "build_command", with_little_history)
    (port,) = choose_ports(1)
    patch.setattr(ape_foundry.provider, "EPHEMERAL_PORTS_START", port)
    patch.setattr(ape_foundry.provider, "EPHEMERAL_PORTS_END", port)
    patch.setattr(ape_test.accounts, "generate_dev_accounts", cache(generate_dev_accounts))
    patch.setattr(Trace, "show", _do_nothing)
    patch.setattr(Web3Provider, "_post_connect", _do_nothing)
    patch.setattr(NodeProcessMap, "cache_provider", _do_nothing)
    patch.setattr(NodeProcessMap, "remove_provider", _do_nothing)


def _do_nothing(*_: Any, **__: Any) -> None:
    """Stand in for what tests do not need."""
