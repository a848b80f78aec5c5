"""Keepers take turns without a word: one acts, and one that is down is passed over."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keel.keeper.chores import Chore, Kind
from keel.keeper.turns import OPEN_TURNS, Turns, turn_of
from tests.unit.keeper.views import HEAD

KEEPERS = tuple(f"0x{number:040x}" for number in range(1, 6))
TURN_SLOTS = 2


def chore(key: str = "stake 0") -> Chore:
    return Chore(Kind.STAKE, key, "", "registry", "stake", ())


def later(slots: int) -> int:
    return HEAD.slot + slots


def slots_until_due(account: str, epoch: int) -> int:
    turns = Turns(TURN_SLOTS)
    head = replace(HEAD, slot=epoch * HEAD.slots_per_epoch)
    for slots in range(HEAD.slots_per_epoch):
        if turns.due([chore()], replace(head, slot=head.slot + slots), account):
            return slots
    raise AssertionError("never due in this epoch")


@given(st.integers(0, 10**6), st.sampled_from(KEEPERS))
def test_each_waits_its_turn_and_no_longer(epoch: int, account: str) -> None:
    turn = turn_of(account, epoch)
    assert 0 <= turn < OPEN_TURNS
    assert slots_until_due(account, epoch) == turn * TURN_SLOTS


def test_the_first_turn_goes_round_and_two_seldom_have_the_same() -> None:
    turns = [[turn_of(account, epoch) for account in KEEPERS] for epoch in range(300)]
    assert all({0, 1, 2} == set(of_one) for of_one in zip(*turns, strict=True))
    same = sum(first == second for first, second, *_ in turns)
    assert same < 300 // 2


def test_what_went_away_and_came_back_is_waited_for_anew() -> None:
    head = replace(HEAD, slots_per_epoch=1_000)
    account = max(KEEPERS, key=lambda each: turn_of(each, head.epoch))
    wait = TURN_SLOTS * turn_of(account, head.epoch)
    assert wait > 0
    turns = Turns(TURN_SLOTS)
    assert not turns.due([chore()], head, account)
    assert turns.due([chore()], replace(head, slot=later(wait)), account)
    assert not turns.due([chore("stake 2")], replace(head, slot=later(wait)), account)
    assert not turns.due([chore()], replace(head, slot=later(wait + 1)), account)
