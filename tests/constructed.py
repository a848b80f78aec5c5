"""Contracts as their constructors leave them: rules and exact amounts are tested without a seed."""

import pytest

from keel.deploy.profiles import LOCAL, MAINNET
from tests.deployment import Keel


@pytest.fixture
def keel(constructed: dict[str, Keel]) -> Keel:
    """Keel with the local profile."""
    return constructed[LOCAL.name]


@pytest.fixture
def keel_mainnet(constructed: dict[str, Keel]) -> Keel:
    """Keel with the mainnet profile."""
    return constructed[MAINNET.name]


@pytest.fixture(params=[LOCAL.name, MAINNET.name])
def keel_on_either_profile(request: pytest.FixtureRequest, constructed: dict[str, Keel]) -> Keel:
    """Run the test once with each profile."""
    return constructed[request.param]
