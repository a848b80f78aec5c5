"""What a beacon chain pays a year for ether at stake, and how far a small one is from mainnet.

The consensus specifications pay a validator in each epoch its balance times BASE_REWARD_FACTOR over
the square root of all active balances. Few validators and short epochs so multiply the yield: 64
validators with epochs of 8 s earn some 6,000 times mainnet's.
"""

from math import isqrt

from keel.model.constants import BPS, YEAR

_GWEI_PER_ETHER = 10**9

BASE_REWARD_FACTOR = 64
"""Of all presets."""
MAINNET_ACTIVE_GWEI = 35_000_000 * _GWEI_PER_ETHER
"""Active balance of mainnet, rounded: 33 to 37 million ETH through 2025."""
MAINNET_EPOCH_SECONDS = 32 * 12
_TIMES_WORTH_TELLING = 2


def own_yield_bps(active_gwei: int, epoch_seconds: int) -> int:
    """What the specification pays a year at most for consensus duties, in basis points."""
    if active_gwei <= 0:
        return 0
    return BASE_REWARD_FACTOR * YEAR * BPS // (epoch_seconds * isqrt(active_gwei))


def times_mainnet(active_gwei: int, epoch_seconds: int) -> int:
    """How many times mainnet's yield this chain pays, rounded down; 0 without validators."""
    mainnet = MAINNET_EPOCH_SECONDS * isqrt(MAINNET_ACTIVE_GWEI)
    return mainnet // (epoch_seconds * isqrt(active_gwei)) if active_gwei > 0 else 0


def on_mainnet_bps(apr_bps: int, active_gwei: int, epoch_seconds: int) -> int | None:
    """What an APR earned on this chain would be on mainnet, in basis points, rounded down.

    None where it says nothing: without validators, and where the chain pays less than twice
    mainnet's yield.
    """
    if times_mainnet(active_gwei, epoch_seconds) < _TIMES_WORTH_TELLING:
        return None
    here = epoch_seconds * isqrt(active_gwei)
    return apr_bps * here // (MAINNET_EPOCH_SECONDS * isqrt(MAINNET_ACTIVE_GWEI))
