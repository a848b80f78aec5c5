"""The yield of a beacon chain by its size, and an APR carried over to mainnet."""

from math import isqrt

from eth_consensus_specs.electra import minimal
from hypothesis import given
from hypothesis import strategies as st

from keel.model.beacon_yield import (
    MAINNET_ACTIVE_GWEI,
    MAINNET_EPOCH_SECONDS,
    on_mainnet_bps,
    times_mainnet,
)

_YEAR_SECONDS = 365 * 86_400


def yearly_yield_bps(active_gwei: int, epoch_seconds: int) -> float:
    """The specification's base reward of an increment, in each epoch of a year."""
    root = isqrt(active_gwei)
    factor = int(minimal.BASE_REWARD_FACTOR)
    return 10_000 * factor / root * _YEAR_SECONDS / epoch_seconds


@given(validators=st.integers(1, 100_000), epoch_seconds=st.integers(8, 384))
def test_yields_are_compared_as_the_specification_pays_them(
    validators: int, epoch_seconds: int
) -> None:
    active_gwei = validators * 32 * 10**9
    here_bps = yearly_yield_bps(active_gwei, epoch_seconds)
    mainnet_bps = yearly_yield_bps(MAINNET_ACTIVE_GWEI, MAINNET_EPOCH_SECONDS)
    times = here_bps / mainnet_bps
    assert times * 0.999 - 1 < times_mainnet(active_gwei, epoch_seconds) < times * 1.001
    there_bps = on_mainnet_bps(int(here_bps), active_gwei, epoch_seconds)
    assert there_bps is not None
    assert abs(there_bps - mainnet_bps) <= 1.5


def test_an_apr_of_64_validators_becomes_one_of_mainnet() -> None:
    active_gwei = 64 * 32 * 10**9
    here_bps = int(yearly_yield_bps(active_gwei, 16))
    assert here_bps > 800_000
    assert on_mainnet_bps(here_bps, active_gwei, 16) in range(270, 291)


def test_nothing_is_said_of_a_chain_like_mainnet_or_an_empty_one() -> None:
    assert on_mainnet_bps(300, MAINNET_ACTIVE_GWEI // 3, MAINNET_EPOCH_SECONDS) is None
    assert on_mainnet_bps(300, MAINNET_ACTIVE_GWEI // 5, MAINNET_EPOCH_SECONDS) is not None
    assert on_mainnet_bps(300, 0, 16) is None
    assert times_mainnet(0, 16) == 0
