"""Stories on one chain: each has new reporters and a keeper, and all of it is put back after it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from keel.circle.cast import Changes
from keel.deploy.artifacts import Artifacts
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.circle_world import circle_around
from tests.end_to_end.final_frames import FinalFrames
from tests.end_to_end.story import Story
from tests.nursery import Rear

type Begin = Callable[..., AbstractContextManager[Story]]


@pytest.fixture
def begin(artifacts: Artifacts, tmp_path: Path, rear: Rear) -> Begin:
    """Start five reporters and a keeper around a world, and count its books at every report.

    As many reports as a story says may be announced only, by default none.
    """

    @contextmanager
    def begun(
        world: BeaconWorld,
        keepers: int = 1,
        changes: Changes | None = None,
        announcements: int = 0,
    ) -> Iterator[Story]:
        with circle_around(
            world,
            tmp_path,
            artifacts,
            keepers=keepers,
            changes=changes,
            make_process=rear,
        ) as circled:
            frames = FinalFrames(circled)
            circled.circle.watchers.append(frames.at_every_final_frame)
            yield Story(circled, frames)
            assert len(frames.announced) == announcements

    return begun
