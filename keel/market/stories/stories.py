"""All stories, in the order in which docs/market.md tells them. A further one is added here."""

from collections.abc import Sequence
from typing import Any

from keel.files.errors import Mistake
from keel.market.stories.loop import LOOP
from keel.market.stories.peg import PEG
from keel.market.stories.restaking import RESTAKING
from keel.market.stories.slashing import SLASHING
from keel.market.stories.solo import SOLO
from keel.market.stories.story import Story
from keel.market.stories.yield_split import YIELD_SPLIT

STORIES: tuple[Story[Any, Any], ...] = (
    LOOP,
    PEG,
    SLASHING,
    YIELD_SPLIT,
    RESTAKING,
    SOLO,
)


def stories_named(names: Sequence[str]) -> Sequence[Story[Any, Any]]:
    """The stories of these names, all for none; raises Mistake."""
    known = {story.name: story for story in STORIES}
    for name in names:
        if name not in known:
            raise Mistake(f"story {name!r} is unknown, one of {', '.join(known)} expected")
    return [known[name] for name in names] or STORIES
