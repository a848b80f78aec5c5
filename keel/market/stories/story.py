"""A story: who lives it, on what and with which systems, and how its figures are told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keel.deploy.artifacts import Artifacts
from keel.market.stories.stage import Ground, Stage
from keel.market.stories.telling import Part
from keel.market.system import System


@dataclass(frozen=True, slots=True)
class Story[S: Stage, Figures]:
    """`live` acts on a stage of its own and returns figures; `tell` only puts them into words."""

    name: str
    title: str
    ground: Ground[S]
    systems: tuple[System[Any], ...]
    live: Callable[[S], Figures]
    tell: Callable[[Figures], tuple[Part, ...]]


def live_alone[S: Stage, Figures](
    story: Story[S, Figures], artifacts: Artifacts, on_step: Callable[[str], None] = lambda _: None
) -> Figures:
    """Start a chain for a story, live it, and end the chain; raises KeelError."""
    with story.ground.open(artifacts, story.systems, on_step) as stage:
        on_step(story.title)
        return story.live(stage)
