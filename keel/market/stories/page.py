"""docs/market.md, all of it."""

from collections.abc import Sequence
from typing import Any

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.market.stories.story import Story
from keel.market.stories.telling import Part, markdown

PAGE = REPOSITORY_ROOT / "docs" / "market.md"

_HEAD = """# wkETH in the market
<!-- Written by `ape run market story`; a test finds it stale. -->

Each story is lived by real transactions on a chain of its own, with real Uniswap v3, Morpho Blue,
Pendle and Symbiotic from their packages, and the contracts of contracts/market. Genesis, accounts
and amounts are fixed, so every machine finds the same figures. All of it is small, some thousand
ether, and so are the pools; what carries over is who pays, in which order, and what for.
`ape run market story NAME` tells one of them at a terminal.

What the validators of a story stand on:
"""


def page(told: Sequence[tuple[Story[Any, Any], tuple[Part, ...]]]) -> str:
    """Return the page with these stories."""
    chapters = [f"## {story.title}\n\n{markdown(parts)}\n" for story, parts in told]
    return "\n".join((_HEAD, _grounds([story for story, _ in told]), *chapters))


def _grounds(stories: Sequence[Story[Any, Any]]) -> str:
    titles: dict[str, list[str]] = {}
    for story in stories:
        titles.setdefault(story.ground.told, []).append(f"*{story.title}*")
    return "".join(f"- {ground}: {', '.join(of)}.\n" for ground, of in titles.items())
