"""Keepers take turns without a word: one acts, and one that is down is passed over."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keel.keeper.chores import Chore, Kind
from keel.keeper.turns import OPEN_TURNS, Turns, turn_of
from tests.unit.keeper.views import HEAD

KEEPERS = tuple(f"0x{number:040x}" for number in range(1, 6))
TURN_SLOTS = 2


def chore(key: str = "stake 0", order: tuple[str, ...] = KEEPERS) -> Chore:
    return Chore(Kind.STAKE, key, "", "registry", "stake", (), order=order)


def later(slots: int) -> int:
    return HEAD.slot + slots


def slots_until_due(account: str, epoch: int) -> int:
    turns = Turns(TURN_SLOTS)
    head = replace(HEAD, slot=epoch * HEAD.slots_per_epoch)
    for slots in range(HEAD.slots_per_epoch):
        if turns.due([chore()], replace(head, slot=head.slot + slots), account):
            return slots
    raise AssertionError("never due in this epoch")


@given(st.integers(0, 10**6))
def test_holders_of_a_role_never_have_the_same_turn(epoch: int) -> None:
    turns = [turn_of(account, KEEPERS, epoch) for account in KEEPERS]
    assert sorted(turns) == list(range(len(KEEPERS)))


@given(st.integers(0, 10**6))
def test_each_waits_its_turn_and_no_longer(epoch: int) -> None:
    first_two = sorted(KEEPERS, key=lambda account: turn_of(account, KEEPERS, epoch))[:2]
    assert [slots_until_due(account, epoch) for account in first_two] == [0, TURN_SLOTS]


def test_the_first_turn_goes_round() -> None:
    firsts = {min(KEEPERS, key=lambda a: turn_of(a, KEEPERS, epoch)) for epoch in range(100)}
    assert firsts == set(KEEPERS)


@given(st.integers(0, 10**6), st.sampled_from(KEEPERS))
def test_what_anybody_may_do_is_spread_over_few_turns(epoch: int, account: str) -> None:
    assert 0 <= turn_of(account, (), epoch) < OPEN_TURNS


def test_what_went_away_and_came_back_is_waited_for_anew() -> None:
    account = max(KEEPERS, key=lambda a: turn_of(a, KEEPERS, HEAD.epoch))
    wait = TURN_SLOTS * (len(KEEPERS) - 1)
    head = replace(HEAD, slots_per_epoch=1_000)
    account = max(KEEPERS, key=lambda a: turn_of(a, KEEPERS, head.epoch))
    turns = Turns(TURN_SLOTS)
    assert not turns.due([chore()], head, account)
    assert turns.due([chore()], replace(head, slot=later(wait)), account)
    assert not turns.due([chore("stake 2")], replace(head, slot=later(wait)), account)
    assert not turns.due([chore()], replace(head, slot=later(wait + 1)), account)
