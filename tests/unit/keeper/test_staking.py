"""Which keys the keeper takes: operators in turn, as far as OPR-3 lets each go."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.consensus.deposit_data import make_deposit_data
from keel.consensus.keys import ValidatorKey, public_key
from keel.consensus.networks import network_named
from keel.keeper.staking import choose, take_in_turns
from keel.model.allocation import Operator, check_allocation
from keel.model.errors import Refused
from keel.sight.key_batches import CommittedKey, Key


def key(operator_id: int, index: int, number: int | None = None) -> CommittedKey:
    number = operator_id * 1_000 + index if number is None else number
    return CommittedKey(
        operator_id, 0, index, Key(number.to_bytes(48), bytes(96), number.to_bytes(32)), ()
    )


def keys(operator_id: int, count: int) -> list[CommittedKey]:
    return [key(operator_id, index) for index in range(count)]


def operator(
    operator_id: int, limit: int = 1_000, target_bps: int = 10_000, staked: int = 0
) -> Operator:
    return Operator(operator_id, True, limit, target_bps, staked)


def taken(chosen: tuple[CommittedKey, ...]) -> list[tuple[int, int]]:
    return [(committed.operator_id, committed.index) for committed in chosen]


def test_operators_come_in_turn_and_keys_in_order() -> None:
    chosen = take_in_turns([*keys(0, 3), *keys(1, 1)], [operator(0), operator(1)], wanted=4)
    assert taken(chosen) == [(0, 0), (1, 0), (0, 1), (0, 2)]


def test_no_more_than_wanted_are_taken() -> None:
    assert len(take_in_turns(keys(0, 3), [operator(0)], wanted=2)) == 2


def test_an_operator_at_its_limit_gets_none() -> None:
    chosen = take_in_turns([*keys(0, 2), *keys(1, 2)], [operator(0, limit=1), operator(1)], 4)
    assert taken(chosen) == [(0, 0), (1, 0), (1, 1)]


def test_an_inactive_operator_gets_none() -> None:
    assert take_in_turns(keys(0, 2), [replace(operator(0), active=False)], wanted=2) == ()


def test_a_key_that_two_operators_committed_is_taken_once() -> None:
    chosen = take_in_turns([key(0, 0, 5), key(1, 0, 5)], [operator(0), operator(1)], wanted=2)
    assert taken(chosen) == [(0, 0)]


CREDENTIALS = b"\x01" + bytes(11) + b"\x11" * 20
LOCAL = network_named("local")


def signed_key(operator_id: int, index: int, secret: int) -> CommittedKey:
    entry = make_deposit_data(ValidatorKey("m/0", secret, public_key(secret)), CREDENTIALS)
    signed = Key(entry.pubkey, entry.signature, entry.deposit_data_root)
    return CommittedKey(operator_id, 0, index, signed, ())


def test_a_key_with_another_root_than_its_deposits_is_refused_and_the_others_are_staked() -> None:
    good, other = signed_key(0, 0, 1), signed_key(1, 0, 2)
    bad = replace(other, key=replace(other.key, deposit_data_root=bytes(32)))
    chosen, refused = choose(
        [bad, good],
        {},
        [operator(0), operator(1)],
        wanted=2,
        credentials=CREDENTIALS,
        network=LOCAL,
    )
    assert chosen == (good,)
    assert [(each.key, each.reason) for each in refused] == [
        (bad, "its root is not that of a deposit to Keel")
    ]


def test_an_operator_of_void_keys_is_passed_over_before_all_were_looked_at() -> None:
    good = signed_key(1, 0, 3)
    chosen, refused = choose(
        [*keys(0, 1_000), good],
        {},
        [operator(0, target_bps=0), operator(1)],
        wanted=2,
        credentials=CREDENTIALS,
        network=LOCAL,
    )
    assert chosen == (good,)
    assert {each.key.operator_id for each in refused} == {0}
    assert len(refused) == 16


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
    committed = [one for n, count in enumerate(counts) for one in keys(n, count)]
    chosen = take_in_turns(committed, operators, wanted)
    total = sum(one.staked for one in operators)
    for one in chosen:
        check_allocation(operators[one.operator_id], total)
        total += 1
        operators[one.operator_id] = replace(
            operators[one.operator_id], staked=operators[one.operator_id].staked + 1
        )
    for left in set(committed) - set(chosen) if len(chosen) < wanted else set():
        with pytest.raises(Refused):
            check_allocation(operators[left.operator_id], total)
