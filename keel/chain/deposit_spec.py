"""The consensus specification of deposits, read when a deposit is first hashed.

Deposits are the same in every fork, so phase 0 serves, which reads fastest. It still is a seventh
of what a service reads before it answers, and most never hash a deposit.
"""

import importlib
from functools import cache
from typing import Any


@cache
def deposit_spec() -> Any:
    """Return the module of phase 0: its types of deposits, and how they are hashed."""
    return importlib.import_module("eth_consensus_specs.phase0.mainnet")
