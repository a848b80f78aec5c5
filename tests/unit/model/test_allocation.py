"""OPR-3: who gets the next validator."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.allocation import Operator, check_allocation, may_stake, target_max
from keel.model.errors import Refused
from keel.model.registry_errors import (
    OperatorAboveTarget,
    OperatorAtLimit,
    OperatorFrozen,
    OperatorInactive,
)


@given(st.lists(st.integers(0, 2), max_size=60))
def test_operators_stay_within_their_target_and_one(order: list[int]) -> None:
    operators = [
        Operator(i, active=True, limit=50, target_bps=bps)
        for i, bps in enumerate((5_000, 3_000, 2_000))
    ]
    total = 0
    for chosen in order:
        try:
            check_allocation(operators[chosen], total)
        except Refused:
            continue
        total += 1
        operators[chosen] = replace(operators[chosen], staked=operators[chosen].staked + 1)
        assert operators[chosen].staked <= operators[chosen].target_bps * total / 10_000 + 1


def test_targets_that_fill_the_whole_never_block_everybody() -> None:
    operators = [
        Operator(i, active=True, limit=999, target_bps=bps)
        for i, bps in enumerate((3_334, 3_333, 3_333))
    ]
    for total in range(200):
        for position, operator in enumerate(operators):
            try:
                check_allocation(operator, total)
            except OperatorAboveTarget:
                continue
            operators[position] = replace(operator, staked=operator.staked + 1)
            break
        else:
            pytest.fail(f"no operator may stake validator {total + 1}")


def test_each_reason_has_its_error() -> None:
    good = Operator(7, active=True, limit=5, target_bps=2_500, staked=2)
    check_allocation(good, 7)
    with pytest.raises(OperatorInactive):
        check_allocation(replace(good, active=False), 7)
    with pytest.raises(OperatorAtLimit):
        check_allocation(replace(good, limit=2), 7)
    assert target_max(2_500, 2) == 1
    with pytest.raises(OperatorAboveTarget):
        check_allocation(good, 2)
    with pytest.raises(OperatorFrozen):
        check_allocation(replace(good, frozen=True), 7)
    assert (may_stake(good, 7), may_stake(good, 2)) == (True, False)
