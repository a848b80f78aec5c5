"""A browser for each file of tests: Playwright's loop must not outlive those who use it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from keel.deploy.artifacts import Artifacts
from keel.scenarios.beacon_world import BeaconWorld
from tests.dashboard.browser import running_browser
from tests.dashboard.stage import Staged, staged


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
