"""Keepers take turns without a word: one acts, and one that is down is passed over."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keel.keeper.chores import Chore, Kind
from keel.keeper.turns import Turns, turn_of
from tests.unit.keeper.views import HEAD

KEEPERS = tuple(f"0x{number:040x}" for number in range(1, 6))
TURN_SLOTS = 2


def chore(key: str = "stake 0") -> Chore:
    return Chore(Kind.STAKE, key, "", "registry", "stake", ())


def later(slots: int) -> int:
    return HEAD.slot + slots


def others(account: str) -> set[str]:
    return set(KEEPERS) - {account}


def turn(account: str, epoch: int) -> int:
    return turn_of(account, others(account), epoch)


def slots_until_due(account: str, epoch: int) -> int:
    turns = Turns(TURN_SLOTS, others(account))
    head = replace(HEAD, slot=epoch * HEAD.slots_per_epoch)
    for slots in range(HEAD.slots_per_epoch):
        if turns.due([chore()], replace(head, slot=head.slot + slots), account):
            return slots
    raise AssertionError("never due in this epoch")


@given(st.integers(0, 10**6))
def test_keepers_that_know_of_each_other_never_have_the_same_turn(epoch: int) -> None:
    turns = [turn(account, epoch) for account in KEEPERS]
    assert sorted(turns) == list(range(len(KEEPERS)))


@given(st.integers(0, 10**6))
def test_each_waits_its_turn_and_no_longer(epoch: int) -> None:
    first_two = sorted(KEEPERS, key=lambda account: turn(account, epoch))[:2]
    assert [slots_until_due(account, epoch) for account in first_two] == [0, TURN_SLOTS]


def test_the_first_turn_goes_round() -> None:
    firsts = {min(KEEPERS, key=lambda each: turn(each, epoch)) for epoch in range(100)}
    assert firsts == set(KEEPERS)


@given(st.integers(0, 10**6), st.sampled_from(KEEPERS))
def test_one_that_knows_of_no_other_never_waits(epoch: int, account: str) -> None:
    head = replace(HEAD, slot=epoch * HEAD.slots_per_epoch)
    assert Turns(TURN_SLOTS).due([chore()], head, account)


def test_what_went_away_and_came_back_is_waited_for_anew() -> None:
    wait = TURN_SLOTS * (len(KEEPERS) - 1)
    head = replace(HEAD, slots_per_epoch=1_000)
    account = max(KEEPERS, key=lambda each: turn(each, head.epoch))
    turns = Turns(TURN_SLOTS, others(account))
    assert not turns.due([chore()], head, account)
    assert turns.due([chore()], replace(head, slot=later(wait)), account)
    assert not turns.due([chore("stake 2")], replace(head, slot=later(wait)), account)
    assert not turns.due([chore()], replace(head, slot=later(wait + 1)), account)
