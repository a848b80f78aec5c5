"""REP-10: what slashed validators still lose, against the specification and at its edges."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from keel.consensus.state.layout import state_layout
from keel.consensus.state.penalties import expected_penalties_gwei
from keel.measure.penalties.page import PAGE, SLASHED, row
from keel.measure.penalties.slashing import Slashing, measure
from tests.unit.consensus.state_examples import spec_of

SPEC = spec_of("electra")
EPOCH = 1_000
VECTOR = int(SPEC.EPOCHS_PER_SLASHINGS_VECTOR)
ETHER = 10**9
NEVER = 2**64 - 1


@pytest.fixture(scope="module")
def three() -> Slashing:
    return measure(3)


def test_three_slashed_lose_what_was_expected_at_once(three: Slashing) -> None:
    assert abs(three.error_ppm) <= 50
    assert abs(three.later_error_ppm) <= abs(three.error_ppm)
    assert three.taken_gwei > 3 * ETHER


def test_the_page_has_this_row_and_the_others_are_as_close(three: Slashing) -> None:
    lines = PAGE.read_text().splitlines()
    assert row(three) in lines, "run `python -m keel.measure.penalties`"
    for slashed in SLASHED:
        (line,) = (one for one in lines if one.startswith(f"| {slashed} |") and " ETH |" in one)
        assert abs(float(line.split("|")[4].strip(" %"))) < 0.01


def many(count: int, slashed: dict[int, int]) -> NDArray[np.void]:
    """32 ETH each; `slashed` has the withdrawable epoch of some."""
    validators = np.zeros(count, state_layout(SPEC).validator_dtype)
    validators["effective_balance"] = 32 * ETHER
    validators["exit_epoch"] = validators["withdrawable_epoch"] = NEVER
    for place, end in slashed.items():
        validators["slashed"][place] = 1
        validators["exit_epoch"][place] = EPOCH - 1
        validators["withdrawable_epoch"][place] = end
    return validators


def expected(validators: NDArray[np.void], held: int, slashed_gwei: int) -> list[int]:
    balances = np.full(len(validators), held, np.uint64)
    slashings = np.zeros(VECTOR, np.uint64)
    slashings[EPOCH % VECTOR] = slashed_gwei
    found = expected_penalties_gwei(SPEC, EPOCH, validators, balances, slashings)
    return [int(one) for one in found]


@given(st.integers(1, 2 * VECTOR), st.integers(0, 64 * ETHER), st.integers(0, 10**4))
def test_only_the_slashed_lose_and_never_more_than_they_have(
    ahead: int, held: int, slashed_ether: int
) -> None:
    found = expected(many(9, {4: EPOCH + ahead}), held, slashed_ether * ETHER)
    assert 0 <= found[4] <= held
    assert sum(found) == found[4]
    assert found[4] > 0 or held == 0


def test_who_can_withdraw_loses_nothing_more() -> None:
    assert expected(many(9, {4: EPOCH, 5: EPOCH - 1}), 32 * ETHER, 64 * ETHER) == [0] * 9
    assert expected(many(9, {4: EPOCH + 1}), 32 * ETHER, 64 * ETHER)[4] > 0


def test_the_large_part_counts_until_halfway_and_not_after() -> None:
    halfway = EPOCH + VECTOR // 2
    before, after = expected(many(9, {4: halfway, 5: halfway - 1}), 32 * ETHER, 32 * ETHER)[4:6]
    assert before - after > 10 * ETHER
    assert after < ETHER
