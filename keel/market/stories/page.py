"""docs/market.md, all of it."""

from collections.abc import Iterable
from typing import Any

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.market.stories.story import Story
from keel.market.stories.telling import Part, markdown

PAGE = REPOSITORY_ROOT / "docs" / "market.md"

_HEAD = """# wkETH in the market
<!-- Written by `ape run market story`; a test finds it stale. -->

Each story is lived by real transactions on a chain of its own: Keel with its mainnet parameters,
real Uniswap v3, Morpho Blue, Pendle and Symbiotic from their packages, and the contracts of
contracts/market. What validators earn and lose is told by reports of all five members. Times,
accounts and amounts are fixed, so every machine finds the same figures. All of it is small, some
thousand ether, and so are the pools; what carries over is who pays, in which order, and what for.
`ape run market story NAME` tells one of them at a terminal.
"""


def page(told: Iterable[tuple[Story[Any], tuple[Part, ...]]]) -> str:
    """Return the page with these stories."""
    chapters = [f"## {story.title}\n\n{markdown(parts)}\n" for story, parts in told]
    return "\n".join((_HEAD, *chapters))
