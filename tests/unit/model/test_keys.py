"""What a key's life is, and what a stake takes (KEY-1 to KEY-6)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model import keys as rules
from keel.model.allocation import Operator
from keel.model.constants import ETHER
from keel.model.errors import Refused
from keel.model.key_stage import Stage
from keel.model.keys import Key, Registry, ShownValidator
from keel.model.registry_errors import (
    NothingToPredeposit,
    NothingToProve,
    NotKeyOf,
    OperatorFrozen,
    PredepositValue,
    ValidatorLeaving,
    WrongStage,
)

OPERATORS = tuple(
    Operator(i, active=True, limit=4, target_bps=bps) for i, bps in enumerate((10_000, 5_000))
)
ROOTS = [bytes([n]) * 32 for n in range(1, 13)]
EMPTY = Registry(OPERATORS)


def predeposited(*roots: bytes, operator_id: int = 0) -> Registry:
    return rules.predeposit(EMPTY, operator_id, roots, len(roots) * ETHER)


def test_a_key_enters_once_with_exactly_its_ether() -> None:
    first, second = ROOTS[:2]
    registry = predeposited(first)
    assert registry.key(first) == Key(0, Stage.PREDEPOSITED)
    with pytest.raises(NothingToPredeposit):
        rules.predeposit(registry, 1, [first, first], 2 * ETHER)
    for named in ([second, first], [first, second, second]):
        after = rules.predeposit(registry, 1, named, len(named) * ETHER)
        assert after.key(first) == registry.key(first)
        assert after.key(second) == Key(1, Stage.PREDEPOSITED)
    for value_wei in (0, ETHER - 1, ETHER + 1, 2 * ETHER):
        with pytest.raises(PredepositValue):
            rules.predeposit(registry, 1, [second], value_wei)
    assert rules.predeposit(registry, 1, [second], ETHER).key(second).operator_id == 1


def test_a_batch_proves_what_is_predeposited_and_passes_over_the_rest() -> None:
    first, second, unknown = ROOTS[:3]
    registry = rules.prove_fresh(predeposited(first, second), {first: 7})
    after = rules.prove_fresh(registry, {first: 9, second: 8, unknown: 10})
    assert (after.key(first), after.key(second)) == (
        Key(0, Stage.PROVEN, 7),
        Key(0, Stage.PROVEN, 8),
    )
    assert after.key(unknown).stage is Stage.NONE
    with pytest.raises(NothingToProve):
        rules.prove_fresh(after, {first: 7, unknown: 10})


def test_a_key_that_pays_elsewhere_freezes_its_operator() -> None:
    registry = predeposited(*ROOTS[:2])
    frozen = rules.prove_key(registry, ShownValidator(7, ROOTS[0], is_ours=False))
    assert frozen.key(ROOTS[0]).stage is Stage.FOREIGN
    assert [operator.frozen for operator in frozen.operators] == [True, False]
    with pytest.raises(OperatorFrozen):
        rules.predeposit(frozen, 0, ROOTS[4:5], ETHER)
    proven = rules.prove_fresh(frozen, {ROOTS[1]: 8})
    assert rules.choose(proven, ROOTS[:2], 9)[1].skipped == tuple(ROOTS[:2])
    thawed = proven.with_operator(replace(proven.operators[0], frozen=False))
    assert rules.choose(thawed, ROOTS[:2], 9)[1].taken == (ROOTS[1],)


@pytest.mark.parametrize("leaves", [{"slashed": True}, {"exit_epoch": 9}])
def test_a_validator_that_leaves_is_refused(leaves: dict[str, int]) -> None:
    registry = predeposited(ROOTS[0])
    with pytest.raises(ValidatorLeaving):
        rules.prove_key(registry, ShownValidator(7, ROOTS[0], is_ours=True, **leaves))  # type: ignore[arg-type]
    stays = ShownValidator(7, ROOTS[0], is_ours=True)
    proven = rules.prove_key(registry, stays)
    assert proven.key(ROOTS[0]) == Key(0, Stage.PROVEN, 7)


def test_a_proof_of_what_is_known_is_refused_and_another_corrects_it() -> None:
    """KEY-3: what a broken verifier showed does not stay."""
    root = ROOTS[0]
    ours = ShownValidator(7, root, is_ours=True)
    others = ShownValidator(8, root, is_ours=False)
    proven = rules.prove_key(predeposited(root), ours)
    with pytest.raises(NothingToProve):
        rules.prove_key(proven, ours)
    foreign = rules.prove_key(proven, others)
    assert foreign.key(root).stage is Stage.FOREIGN
    with pytest.raises(NothingToProve):
        rules.prove_key(foreign, others)
    again = rules.prove_key(foreign, ours)
    assert again.key(root) == Key(0, Stage.PROVEN, 7)
    assert again.operators[0].frozen  # only OPERATORS ends that
    thawed = again.with_operator(replace(again.operators[0], frozen=False))
    staked, _ = rules.choose(thawed, [root], 1)
    for shown in (ours, others):
        with pytest.raises(WrongStage):
            rules.prove_key(staked, shown)


def test_a_key_is_taken_back_by_its_operator_before_it_is_staked() -> None:
    first, second, third = ROOTS[:3]
    registry = rules.prove_fresh(predeposited(first, second, third), {second: 8, third: 9})
    registry, _ = rules.choose(registry, [third], 1)
    with pytest.raises(NotKeyOf):
        rules.drop(registry, 1, [first])
    dropped = rules.drop(registry, 0, [first, second])
    assert [dropped.key(root).stage for root in ROOTS[:3]] == [
        Stage.DROPPED,
        Stage.DROPPED,
        Stage.STAKED,
    ]
    for root in ROOTS[:4]:
        with pytest.raises(WrongStage):
            rules.drop(dropped, 0, [root])
    with pytest.raises(Refused):
        rules.prove_fresh(dropped, {first: 7})


@given(st.lists(st.sampled_from(ROOTS), max_size=24), st.integers(0, 9))
def test_a_stake_takes_in_order_what_it_may_and_leaves_nothing_half(
    order: list[bytes], most: int
) -> None:
    """KEY-6, OPR-3: whatever is named, in whatever order, a key is taken once."""
    registry = rules.predeposit(EMPTY, 0, ROOTS[:6], 6 * ETHER)
    registry = rules.predeposit(registry, 1, ROOTS[6:10], 4 * ETHER)
    proven = rules.prove_fresh(registry, {root: 5 + n for n, root in enumerate(ROOTS[1:10])})
    after, choice = rules.choose(proven, order, most)
    assert len(choice.taken) == len(set(choice.taken)) == after.total_staked <= most
    assert not {ROOTS[0], *ROOTS[10:]} & set(choice.taken)
    named = len(choice.taken) + len(choice.skipped)
    assert named == len(order) or len(choice.taken) == most
    assert sorted(choice.taken + choice.skipped) == sorted(order[:named])
    for operator in after.operators:
        assert operator.staked <= operator.limit
    assert after.operators[1].staked <= after.total_staked / 2 + 1
