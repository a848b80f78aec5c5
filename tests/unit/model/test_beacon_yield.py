"""The yield of a beacon chain by its size, and an APR carried over to mainnet."""

from eth_consensus_specs.electra import mainnet, minimal
from hypothesis import given
from hypothesis import strategies as st

from keel.model.beacon_yield import (
    MAINNET_ACTIVE_GWEI,
    MAINNET_EPOCH_SECONDS,
    on_mainnet_bps,
    times_mainnet,
    yearly_yield_bps,
)

_YEAR_SECONDS = 365 * 86_400


def test_mainnet_pays_what_its_size_says() -> None:
    assert 270 <= yearly_yield_bps(MAINNET_ACTIVE_GWEI, MAINNET_EPOCH_SECONDS) <= 290


@given(validators=st.integers(1, 2_000_000), epoch_seconds=st.integers(8, 384))
def test_the_yield_is_the_specifications_base_reward_over_a_year(
    validators: int, epoch_seconds: int
) -> None:
    for spec in (mainnet, minimal):
        increment = int(spec.EFFECTIVE_BALANCE_INCREMENT)
        active_gwei = validators * 32 * 10**9
        root = int(spec.integer_squareroot(spec.Uint64(active_gwei)))
        exact = increment * int(spec.BASE_REWARD_FACTOR) / root * _YEAR_SECONDS / epoch_seconds
        assert abs(yearly_yield_bps(active_gwei, epoch_seconds) - exact / increment * 10_000) <= 1


def test_an_apr_of_64_validators_becomes_one_of_mainnet() -> None:
    active_gwei = 64 * 32 * 10**9
    here_bps = yearly_yield_bps(active_gwei, 16)
    assert here_bps > 800_000
    there_bps = on_mainnet_bps(here_bps, active_gwei, 16)
    mainnet_bps = yearly_yield_bps(MAINNET_ACTIVE_GWEI, MAINNET_EPOCH_SECONDS)
    assert there_bps is not None
    assert abs(there_bps - mainnet_bps) <= 1
    assert abs(times_mainnet(active_gwei, 16) * mainnet_bps / here_bps - 1) < 0.01


def test_nothing_is_said_of_a_chain_like_mainnet_or_an_empty_one() -> None:
    assert on_mainnet_bps(300, MAINNET_ACTIVE_GWEI // 3, MAINNET_EPOCH_SECONDS) is None
    assert on_mainnet_bps(300, MAINNET_ACTIVE_GWEI // 5, MAINNET_EPOCH_SECONDS) is not None
    assert on_mainnet_bps(300, 0, 16) is None
    assert times_mainnet(0, 16) == 0
