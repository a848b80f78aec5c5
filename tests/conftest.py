"""Fixtures that every test may use, and what makes Ape quick enough for many tests."""

import gc
from pathlib import Path

import ape
import pytest
from ape.contracts import ContractContainer
from ape.exceptions import CompilerError
from hypothesis import HealthCheck, settings

from tests.quick_ape import quicken_ape
from tests.solidity import compiling_test_contracts, load_test_contracts

pytest_plugins = ["tests.deployment", "tests.beacon_stage", "tests.nursery"]

quicken_ape()

# Until all tests are collected: hardly anything of what loads is garbage.
gc.disable()

# How long an example takes says what the machine is doing, not whether the code is right.
settings.register_profile("keel", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("keel")


def pytest_configure(config: pytest.Config) -> None:
    """Compile before parallel workers start, or each of them would compile the same."""
    starts_workers = config.getoption("numprocesses", default=None)
    if starts_workers and not hasattr(config, "workerinput"):
        gc.enable()  # It collects nothing itself.
        try:
            with compiling_test_contracts():
                ape.project.load_contracts()
            load_test_contracts()
        except CompilerError as error:
            raise pytest.UsageError(f"the contracts do not compile\n{error}") from error


def pytest_collection_finish() -> None:
    """Keep what has loaded for good out of every search for garbage."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_exception_interact(call: pytest.CallInfo[object]) -> None:
    """Keep installed packages out of a failure's traceback; Ape keeps all under the repository."""
    if call.excinfo is not None:
        ours = call.excinfo.traceback.filter(lambda entry: ".venv" not in Path(entry.path).parts)
        call.excinfo.traceback = ours or call.excinfo.traceback


@pytest.fixture(scope="session")
def test_contracts() -> dict[str, ContractContainer]:
    """The contracts of tests/contracts by name."""
    return load_test_contracts()
