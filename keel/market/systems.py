"""All systems of the market. A further one is added here by its entry."""

from collections.abc import Sequence
from typing import Any

from keel.files.errors import Mistake
from keel.market.aave import AAVE
from keel.market.feeds import FEEDS
from keel.market.morpho import MORPHO
from keel.market.pendle import PENDLE
from keel.market.stable import STABLE
from keel.market.symbiotic import SYMBIOTIC
from keel.market.system import System
from keel.market.uniswap import UNISWAP
from keel.market.weth import WETH

SYSTEMS: tuple[System[Any], ...] = (WETH, UNISWAP, STABLE, FEEDS, MORPHO, AAVE, PENDLE, SYMBIOTIC)


def systems_named(names: Sequence[str]) -> Sequence[System[Any]]:
    """The systems of these names, all for none; raises Mistake."""
    known = {system.name: system for system in SYSTEMS}
    for name in names:
        if name not in known:
            raise Mistake(f"system {name!r} is unknown, one of {', '.join(known)} expected")
    return [known[name] for name in names] or SYSTEMS
