"""A browser for each file of tests: Playwright's loop must not outlive those who use it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemBytecodeCache
from playwright.sync_api import Browser

from keel.dashboard import page
from keel.deploy.artifacts import Artifacts
from keel.scenarios.beacon_world import BeaconWorld
from tests.dashboard.browser import running_browser
from tests.dashboard.stage import Staged, staged


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each page of a test has an environment of its own, which would compile all templates anew."""
    compiled = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page, "Environment", partial(Environment, bytecode_cache=compiled))
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    with running_browser() as started:
        yield started


@pytest.fixture
def stage(validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path) -> Iterator[Staged]:
    """The page over a Keel with 24 active validators."""
    with staged(validating_world, artifacts, tmp_path) as found:
        yield found
