"""EXT-7: how long a refused candidate waits, and which refusals are its own."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.abi import CustomError
from keel.chain.revert import BareRevert, Cause
from keel.keeper.chores import Chore, Kind
from keel.keeper.refusals import Refusals

CANDIDATE = Chore(Kind.EXIT, "exit 7 0", "why", "exits", "requestExit", (), is_candidate=True)
OWN = CustomError("NotExitable", {"index": 7, "epoch": 3})
LEAST_SLOTS, MOST_SLOTS = 8, 256


@pytest.mark.parametrize(
    "cause",
    [OWN, CustomError("StateTooOld", {"pubkeyRoot": b"\1"}), BareRevert()],
    ids=str,
)
def test_what_names_the_candidate_sets_it_aside(cause: Cause) -> None:
    refusals = Refusals()
    refusals.note(CANDIDATE, cause, 100)
    assert refusals.aside(100 + LEAST_SLOTS - 1) == {
        "exit 7 0": f"{cause}, tried again in slot {100 + LEAST_SLOTS}"
    }
    assert refusals.aside(100 + LEAST_SLOTS) == {}


@pytest.mark.parametrize(
    ("chore", "cause"),
    [
        (CANDIDATE, CustomError("NothingMissing", {})),
        (CANDIDATE, CustomError("LimitExceeded", {"wanted": 2, "available": 1})),
        (CANDIDATE, "the node is not ready"),
        (replace(CANDIDATE, is_candidate=False), OWN),
    ],
    ids=["nothing missing", "limit", "node", "no candidate"],
)
def test_what_would_hold_for_the_next_one_too_sets_nobody_aside(
    chore: Chore, cause: Cause | str
) -> None:
    refusals = Refusals()
    refusals.note(chore, cause, 100)
    assert refusals.aside(100) == {}
    assert refusals.is_tried(chore.key, 100)
    assert not refusals.is_tried(chore.key, 101)


def test_a_refusal_is_news_once_for_each_reason_and_again_when_it_was_forgotten() -> None:
    refusals = Refusals()
    assert refusals.note(CANDIDATE, OWN, 100)
    assert not refusals.note(CANDIDATE, OWN, 108)
    assert refusals.note(CANDIDATE, BareRevert(), 116)
    refusals.keep((), 117)
    assert not refusals.note(CANDIDATE, BareRevert(), 132)
    refusals.keep((), 132 + MOST_SLOTS)
    assert refusals.note(CANDIDATE, BareRevert(), 132 + MOST_SLOTS)


def test_what_lasts_is_an_alarm_and_a_race_that_was_lost_is_none() -> None:
    refusals = Refusals()
    refusals.note(CANDIDATE, OWN, 100)
    assert refusals.lasting() is None
    refusals.note(CANDIDATE, OWN, 108)
    assert refusals.lasting() == f"exit 7 0: {OWN}"


@given(st.integers(1, 40))
def test_a_wait_is_as_long_as_the_refusal_so_far_within_bounds(times: int) -> None:
    refusals, slot = Refusals(), 100
    for _ in range(times):
        refusals.note(CANDIDATE, OWN, slot)
        waited = min(max(slot - 100, LEAST_SLOTS), MOST_SLOTS)
        assert refusals.aside(slot + waited - 1)
        slot += waited
        assert not refusals.aside(slot)
