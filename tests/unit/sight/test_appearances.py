"""What a state shows of predeposited keys, against the specification's own objects."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.model.key_stage import Stage
from keel.sight.appearances import Appearances, Appeared, appearances
from keel.sight.key_lives import KeyLife
from tests.unit.consensus.state_examples import NEVER
from tests.unit.sight.state_examples import (
    COMPOUNDING,
    OWN,
    STRANGER,
    KnownValidator,
    PendingDeposit,
    Scene,
    pubkey,
    scenes,
)

STATE_BLOCK = 77


def life(key: int, block_number: int = STATE_BLOCK) -> KeyLife:
    return KeyLife(pubkey(key), 0, Stage.PREDEPOSITED, block_number, block_number)


def new(key: int, **others: Any) -> KnownValidator:
    """A validator of which nothing is known but its deposit of 1 ETH."""
    values = {"effective_gwei": 10**9, "balance_gwei": 10**9, "activation_epoch": NEVER}
    return KnownValidator(key, **(values | others))


def shown(*validators: KnownValidator, deposits: tuple[PendingDeposit, ...] = ()) -> Appearances:
    """What the state shows of key 0."""
    return appearances(Scene(validators, deposits).encoded(), [life(0)], OWN)


def appeared(*validators: KnownValidator) -> Appeared:
    (one,) = shown(*validators).appeared
    return one


def test_a_new_validator_with_keels_credentials_is_fresh() -> None:
    one = appeared(new(1), new(0))
    assert (one.index, one.is_fresh, one.is_foreign, one.is_leaving) == (1, True, False, False)


@pytest.mark.parametrize(("credentials", "compounding"), [(OWN, False), (COMPOUNDING, True)])
def test_keels_credentials_are_of_two_types(credentials: bytes, compounding: bool) -> None:
    one = appeared(new(0, credentials=credentials))
    assert (one.is_fresh, one.is_foreign, one.is_compounding) == (True, False, compounding)


@pytest.mark.parametrize(
    "others",
    [
        {"effective_gwei": 10**9 - 1},
        {"effective_gwei": 2 * 10**9},
        {"activation_epoch": 9},
    ],
)
def test_one_that_got_more_is_keels_but_not_fresh(others: dict[str, Any]) -> None:
    one = appeared(new(0, **others))
    assert (one.is_fresh, one.is_foreign, one.is_leaving) == (False, False, False)


@pytest.mark.parametrize("others", [{"slashed": True}, {"exit_epoch": 9}])
def test_one_that_is_slashed_or_exiting_is_leaving(others: dict[str, Any]) -> None:
    one = appeared(new(0, **others))
    assert (one.is_fresh, one.is_foreign, one.is_leaving) == (False, False, True)


@pytest.mark.parametrize(
    "credentials", [STRANGER, b"\x02" + STRANGER[1:], b"\x00" + OWN[1:], b"\x03" + OWN[1:]]
)
@pytest.mark.parametrize("slashed", [False, True])
def test_other_credentials_are_foreign_whatever_else_happened(
    credentials: bytes, slashed: bool
) -> None:
    one = appeared(new(0, credentials=credentials, slashed=slashed))
    assert (one.is_fresh, one.is_foreign, one.is_leaving) == (False, True, False)


def test_a_pending_deposit_of_anybody_means_that_the_key_may_come() -> None:
    found = shown(new(1), deposits=(PendingDeposit(0, 1, STRANGER),))
    assert (found.queued, found.may_come) == ((life(0),), (life(0),))
    assert (found.appeared, found.void, found.later) == ((), (), ())


def test_without_any_deposit_the_signature_was_void_if_the_state_has_the_block() -> None:
    encoded = Scene((new(1),)).encoded()
    before, after = life(0, STATE_BLOCK), life(2, STATE_BLOCK + 1)
    found = appearances(encoded, [before, after], OWN)
    assert (found.void, found.later, found.may_come) == ((before,), (after,), (after,))


@settings(deadline=None, max_examples=40)
@given(scenes(), st.lists(st.integers(0, 23), unique=True), st.integers(76, 78))
def test_every_key_is_told_once_and_as_the_specification_has_it(
    scene: Scene, keys: list[int], block_number: int
) -> None:
    lives = [life(key, block_number) for key in keys]
    found = appearances(scene.encoded(), lives, OWN)
    told = [one.life for one in found.appeared] + [*found.queued, *found.void, *found.later]
    assert sorted(told, key=lives.index) == lives
    validators = list(scene.state().validators)
    for one in found.appeared:
        validator = validators[one.index]
        assert bytes(validator.pubkey) == one.life.pubkey
        assert one.is_foreign == (bytes(validator.withdrawal_credentials) not in (OWN, COMPOUNDING))
    absent = {one.pubkey for one in lives} - {bytes(each.pubkey) for each in validators}
    assert {each.pubkey for each in (*found.queued, *found.void, *found.later)} == absent
