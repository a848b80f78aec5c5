"""Two costs of Ape that tests do not need: together 110 of the 160 ms of every expected revert."""

from functools import cache
from typing import Any

import ape_test.accounts
import pytest
from ape.utils import generate_dev_accounts
from ape_ethereum.trace import Trace


def quicken_ape() -> None:
    """Derive each test account from the mnemonic once, and print no trace of expected reverts."""
    patch = pytest.MonkeyPatch()
    patch.setattr(ape_test.accounts, "generate_dev_accounts", cache(generate_dev_accounts))
    patch.setattr(Trace, "show", _show_nothing)


def _show_nothing(*_: Any, **__: Any) -> None:
    """Stand in for Trace.show."""
