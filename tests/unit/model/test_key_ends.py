"""What becomes of a staked key (KEY-8 to KEY-11)."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model import key_ends as ends
from keel.model import keys as rules
from keel.model.allocation import Operator
from keel.model.constants import ETHER
from keel.model.key_stage import Stage
from keel.model.keys import Registry, ShownValidator
from keel.model.registry_errors import (
    AlreadyMerges,
    MayNotStake,
    NoRoomForMore,
    NotCompounding,
    NotKeyOf,
    PredepositValue,
    ValidatorLeaving,
    WrongStage,
)

ROOTS = [bytes([n]) * 32 for n in range(1, 6)]
OTHERS, FRESH = ROOTS[3], ROOTS[4]
STAYS = ShownValidator(0, ROOTS[0], is_ours=True, compounding=True)


def staked() -> Registry:
    """Three staked keys of one operator, one of another, and one that is not staked."""
    registry = Registry((Operator(0, True, 70, 10_000), Operator(1, True, 70, 10_000)))
    registry = rules.predeposit(registry, 0, [*ROOTS[:3], FRESH], 4 * ETHER)
    registry = rules.predeposit(registry, 1, [OTHERS], ETHER)
    registry = rules.prove_fresh(registry, {root: n for n, root in enumerate(ROOTS)})
    return rules.choose(registry, ROOTS[:4], 4)[0]


def test_what_was_staked_is_live_until_it_is_paid_out() -> None:
    """KEY-8, KEY-9, STA-8."""
    registry = staked()
    assert registry.live_keys == 4
    slashed, was = ends.prove_slashed(registry, ROOTS[0])
    assert (was, slashed.live_keys) == (registry.key(ROOTS[0]), 4)
    out, released = ends.prove_withdrawn(slashed, ROOTS[0])
    assert (released, out.live_keys) == (0, 3)
    out, released = ends.prove_withdrawn(out, ROOTS[1])
    assert (released, out.live_keys) == (1, 2)
    for root in (*ROOTS[:2], FRESH):
        for prove in (ends.prove_slashed, ends.prove_withdrawn):
            with pytest.raises(WrongStage):
                prove(out, root)
    with pytest.raises(WrongStage):
        ends.prove_slashed(slashed, ROOTS[0])
    assert out.total_staked == 4


def test_more_stake_counts_as_so_many_validators() -> None:
    """KEY-10, OPR-3."""
    registry = ends.stake_more(staked(), ROOTS[0], 63, 63 * ETHER, STAYS)
    assert registry.key(ROOTS[0]).parts == 64
    assert (registry.operators[0].staked, registry.total_staked) == (66, 67)
    assert registry.live_keys == 4
    other = replace(STAYS, pubkey_root=ROOTS[1])
    with pytest.raises(MayNotStake):
        ends.stake_more(registry, ROOTS[1], 5, 5 * ETHER, other)
    assert ends.stake_more(registry, ROOTS[1], 4, 4 * ETHER, other).operators[0].staked == 70
    a_fifth = staked().with_operator(replace(staked().operators[0], target_bps=2_000, staked=3))
    for others, allowed in ((10, False), (11, True)):  # the fourth of 14, then of 15
        registry = a_fifth.with_operator(replace(a_fifth.operators[1], staked=others))
        if allowed:
            assert ends.stake_more(registry, ROOTS[0], 1, ETHER, STAYS).operators[0].staked == 4
            continue
        with pytest.raises(MayNotStake):
            ends.stake_more(registry, ROOTS[0], 1, ETHER, STAYS)


@pytest.mark.parametrize(
    ("parts", "value", "shown", "refusal"),
    [
        (0, 0, STAYS, PredepositValue),
        (2, 2 * ETHER - 1, STAYS, PredepositValue),
        (1, ETHER, replace(STAYS, pubkey_root=ROOTS[1]), NotKeyOf),
        (1, ETHER, replace(STAYS, compounding=False), NotCompounding),
        (1, ETHER, replace(STAYS, is_ours=False), NotCompounding),
        (1, ETHER, replace(STAYS, slashed=True), ValidatorLeaving),
        (1, ETHER, replace(STAYS, exit_epoch=9), ValidatorLeaving),
        (2, 2 * ETHER, replace(STAYS, effective_gwei=1_985 * 10**9), NoRoomForMore),
        (64, 64 * ETHER, replace(STAYS, effective_gwei=10**9), NoRoomForMore),
    ],
)
def test_more_stake_is_for_a_validator_that_stays_and_has_room(
    parts: int, value: int, shown: ShownValidator, refusal: type[Exception]
) -> None:
    """KEY-10."""
    with pytest.raises(refusal):
        ends.stake_more(staked(), ROOTS[0], parts, value, shown)
    most = replace(STAYS, effective_gwei=1_984 * 10**9)
    assert ends.stake_more(staked(), ROOTS[0], 2, 2 * ETHER, most).key(ROOTS[0]).parts == 3


def test_a_merge_is_of_two_staked_keys_of_one_operator_and_leads_to_no_circle() -> None:
    """KEY-11."""
    registry = ends.merge(staked(), ROOTS[0], ROOTS[1])
    assert [registry.key(root).parts for root in ROOTS[:2]] == [1, 1]
    with pytest.raises(AlreadyMerges):
        ends.merge(registry, ROOTS[1], ROOTS[0])
    with pytest.raises(NotKeyOf):
        ends.merge(registry, ROOTS[2], OTHERS)
    for pair in ((ROOTS[2], FRESH), (FRESH, ROOTS[2])):
        with pytest.raises(WrongStage):
            ends.merge(registry, *pair)
    assert ends.merge(registry, ROOTS[1], ROOTS[2]).merges_into[ROOTS[1]] == ROOTS[2]
    with pytest.raises(AlreadyMerges):
        ends.merge(registry, ROOTS[0], ROOTS[2])
    assert ends.merge(registry, ROOTS[0], ROOTS[1]) == registry


@given(
    st.sampled_from(list(permutations(range(3)))),
    st.lists(
        st.sets(st.sampled_from(["slashed", "slashed unseen", "paid out"])), min_size=3, max_size=3
    ),
)
def test_no_part_of_a_merged_key_is_let_off_or_counted_twice(
    order: tuple[int, ...], fates: list[set[str]]
) -> None:
    """KEY-11, BND-4: whatever ends first; a slashed key's own parts are forfeit in any case."""
    registry = ends.merge(ends.merge(staked(), ROOTS[0], ROOTS[1]), ROOTS[1], ROOTS[2])
    released = forfeit = 0
    for place, fate in zip(order, fates, strict=True):
        root = ROOTS[place]
        if "slashed" in fate:
            registry, was = ends.prove_slashed(registry, root)
            assert was.parts >= 1
            forfeit += was.parts
        if "paid out" in fate:
            unproven = "slashed" not in fate and "slashed unseen" in fate
            registry, parts = ends.prove_withdrawn(registry, root, slashed=unproven)
            released += 0 if unproven else parts
            forfeit += parts if unproven else 0
        waiting = sum(
            registry.key(each).parts
            for each in ROOTS[:3]
            if registry.key(each).stage is Stage.STAKED
        )
        assert released + forfeit + waiting == 3
    assert registry.live_keys == 1 + sum("paid out" not in fate for fate in fates)
