"""A monitor's reader beside contracts that hold nothing but the first deposit, without beacon."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.constructed import keel
from tests.deployment import Keel
from tests.watching import Standing, Watch, watching

__all__ = ["keel"]


@pytest.fixture
def watch(keel: Keel, tmp_path: Path) -> Iterator[Watch]:
    with watching(keel, tmp_path) as found:
        yield found


@pytest.fixture
def standing(watch: Watch) -> Standing:
    return watch.standing
