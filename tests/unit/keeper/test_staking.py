"""Which keys the keeper takes: operators in turn, as far as OPR-3 lets each go."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.keeper.staking import packed_pubkeys, take_in_turns
from keel.model.allocation import Operator, check_allocation
from keel.model.errors import Refused
from keel.model.key_stage import Stage
from keel.sight.key_lives import KeyLife
from tests.unit.keeper.views import life, pubkey


def keys(operator_id: int, count: int) -> list[KeyLife]:
    return [life(1_000 * operator_id + n, operator_id, Stage.PROVEN) for n in range(count)]


def operator(
    operator_id: int, limit: int = 1_000, target_bps: int = 10_000, staked: int = 0
) -> Operator:
    return Operator(operator_id, True, limit, target_bps, staked)


def taken(chosen: tuple[KeyLife, ...]) -> list[tuple[int, int]]:
    return [(one.operator_id, int.from_bytes(one.pubkey) % 1_000) for one in chosen]


def test_operators_come_in_turn_and_keys_in_order() -> None:
    chosen = take_in_turns([*keys(0, 3), *keys(1, 1)], [operator(0), operator(1)], wanted=4)
    assert taken(chosen) == [(0, 0), (1, 0), (0, 1), (0, 2)]


def test_the_registry_takes_public_keys_one_after_the_other() -> None:
    assert packed_pubkeys(keys(0, 2)) == pubkey(0) + pubkey(1)


def test_no_more_than_wanted_are_taken() -> None:
    assert len(take_in_turns(keys(0, 3), [operator(0)], wanted=2)) == 2


def test_an_operator_at_its_limit_gets_none() -> None:
    chosen = take_in_turns([*keys(0, 2), *keys(1, 2)], [operator(0, limit=1), operator(1)], 4)
    assert taken(chosen) == [(0, 0), (1, 0), (1, 1)]


def test_an_inactive_operator_gets_none() -> None:
    assert take_in_turns(keys(0, 2), [replace(operator(0), active=False)], wanted=2) == ()


def test_a_frozen_operator_gets_none() -> None:
    assert take_in_turns(keys(0, 2), [replace(operator(0), frozen=True)], wanted=2) == ()


@given(
    counts=st.lists(st.integers(0, 12), min_size=1, max_size=5),
    targets=st.lists(st.integers(0, 10_000), min_size=5, max_size=5),
    staked=st.lists(st.integers(0, 6), min_size=5, max_size=5),
    wanted=st.integers(0, 40),
)
def test_the_registry_accepts_each_in_order_and_nothing_more_was_possible(
    counts: list[int], targets: list[int], staked: list[int], wanted: int
) -> None:
    operators = [operator(n, target_bps=targets[n], staked=staked[n]) for n in range(len(counts))]
    proven = [one for n, count in enumerate(counts) for one in keys(n, count)]
    chosen = take_in_turns(proven, operators, wanted)
    total = sum(one.staked for one in operators)
    for one in chosen:
        check_allocation(operators[one.operator_id], total)
        total += 1
        operators[one.operator_id] = replace(
            operators[one.operator_id], staked=operators[one.operator_id].staked + 1
        )
    for left in set(proven) - set(chosen) if len(chosen) < wanted else set():
        with pytest.raises(Refused):
            check_allocation(operators[left.operator_id], total)
