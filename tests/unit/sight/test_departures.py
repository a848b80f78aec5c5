"""Slashed and paid out validators of staked keys, against the specification's own objects."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.consensus.state.prover import Prover
from keel.consensus.state.tree import state_tree
from keel.model.key_stage import Stage
from keel.sight.departures import LIVE_STAGES, Departed, departure_proofs, departures
from keel.sight.key_lives import KeyLife
from tests.unit.sight.state_examples import EPOCH, KnownValidator, Scene, pubkey, scenes

TIME = 1_800_000_012
GONE: dict[str, Any] = {"effective_gwei": 0, "balance_gwei": 0, "exit_epoch": EPOCH}
"""Paid out: the epoch of exit is that in which it can be withdrawn, here."""


def life(key: int, stage: Stage = Stage.STAKED) -> KeyLife:
    return KeyLife(pubkey(key), 0, stage, 1, 1)


def found(stage: Stage, **others: Any) -> tuple[Departed, ...]:
    """Of key 0, whose validator has index 1."""
    scene = Scene((KnownValidator(1), KnownValidator(0, **others)))
    return departures(scene.encoded(), [life(0, stage)])


def test_a_slashed_validator_is_proven_slashed_first_and_then_paid_out() -> None:
    slashed = Departed(life(0), 1, is_slashed=True)
    assert found(Stage.STAKED, slashed=True) == (slashed,)
    assert found(Stage.STAKED, slashed=True, **GONE) == (slashed,)
    (later,) = found(Stage.SLASHED, slashed=True, **GONE)
    assert (later.is_slashed, later.function) == (False, "proveWithdrawn")
    assert found(Stage.SLASHED, slashed=True) == ()


@pytest.mark.parametrize(
    "others",
    [{}, GONE | {"effective_gwei": 10**9}, GONE | {"exit_epoch": EPOCH + 1}],
    ids=["active", "not swept", "not withdrawable"],
)
def test_a_validator_that_is_still_there_is_not_paid_out(others: dict[str, Any]) -> None:
    assert found(Stage.STAKED, **GONE) == (Departed(life(0), 1, is_slashed=False),)
    assert found(Stage.STAKED, **others) == ()


@pytest.mark.parametrize("stage", sorted(set(Stage) - set(LIVE_STAGES)))
def test_only_staked_keys_depart(stage: Stage) -> None:
    assert found(stage, slashed=True, **GONE) == ()


@settings(deadline=None, max_examples=40)
@given(scenes(), st.lists(st.integers(0, 23), unique=True), st.sampled_from(LIVE_STAGES))
def test_what_is_told_is_what_the_verifier_would_take(
    scene: Scene, keys: list[int], stage: Stage
) -> None:
    told = departures(scene.encoded(), [life(key, stage) for key in keys])
    kinds = [one.is_slashed for one in told]
    assert kinds == sorted(kinds, reverse=True)
    seen = {(one.life.pubkey, one.is_slashed) for one in told}
    expected = set()
    for validator in scene.state().validators:
        key = bytes(validator.pubkey)
        if key not in map(pubkey, keys):
            continue
        is_slashed = bool(validator.slashed) and stage is Stage.STAKED
        is_gone = validator.effective_balance == 0 and validator.withdrawable_epoch <= EPOCH
        if is_slashed or is_gone:
            expected.add((key, is_slashed))
    assert seen == expected
    assert len(told) == len(seen)


def test_a_proof_shows_the_whole_validator_in_the_states_block() -> None:
    encoded = Scene((KnownValidator(0, slashed=True), KnownValidator(2, **GONE))).encoded()
    prover = Prover(encoded, state_tree(encoded))
    departed = departures(encoded, [life(2), life(0)])
    proofs = list(departure_proofs(prover, TIME, departed))
    assert [(p.departed.function, p.departed.index) for p in proofs] == [
        ("proveSlashed", 0),
        ("proveWithdrawn", 1),
    ]
    for proof in proofs:
        index = proof.departed.index
        assert proof.arguments == (prover.block(TIME), *prover.validator(index))
