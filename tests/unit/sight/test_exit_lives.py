"""What was said of exits, by the events of Exits alone: whom to show, whom to end."""

from typing import Any

import pytest

from keel.chain.abi import Event, Log
from keel.model.commitment import public_key_hash
from keel.sight.exit_lives import ExitLife
from keel.sight.history import History
from tests.unit.sight.test_key_lives import event, pubkey


def root(number: int) -> bytes:
    return public_key_hash(pubkey(number))


def staked(*numbers: int) -> list[Event]:
    return [
        event(name, number, block)
        for number in numbers
        for block, name in enumerate(("KeyPredeposited", "KeyStaked"), 10)
    ]


def merging(source: int, target: int, block: int) -> Event:
    inputs: dict[str, Any] = {"sourceRoot": root(source), "targetRoot": root(target)}
    return Event("ConsolidationRequested", inputs, Log("0x" + "00" * 20, (), b"", 0, block, "0x"))


def unknown(*events: Event) -> list[bytes]:
    return [life.pubkey for life in History(events).exits_unknown()]


def over(*events: Event) -> list[bytes]:
    return [life.pubkey for life in History(events).exits_over()]


def test_the_first_and_the_latest_request_are_told_apart() -> None:
    events = [*staked(1), event("ExitRequested", 1, 20), event("ExitRequested", 1, 30)]
    assert History(tuple(events)).exit_lives == {root(1): ExitLife(20, 30)}


def test_staked_keys_are_to_be_shown_until_exits_has_them() -> None:
    assert unknown(*staked(1, 2)) == [pubkey(1), pubkey(2)]
    for name in ("ExitRequested", "ExitNoted"):
        assert unknown(*staked(1, 2), event(name, 1, 20)) == [pubkey(2)]
    taken_back = (event("ExitNoted", 1, 20), event("ExitEnded", 1, 30))
    assert unknown(*staked(1, 2), *taken_back) == [pubkey(1), pubkey(2)]


def test_the_exit_of_a_source_of_a_consolidation_is_not_shown_and_a_switch_changes_nothing() -> (
    None
):
    assert unknown(*staked(1, 2), merging(1, 2, 20)) == [pubkey(2)]
    assert unknown(*staked(1, 2), merging(1, 1, 20)) == [pubkey(1), pubkey(2)]


@pytest.mark.parametrize("name", ["KeySlashed", "KeyWithdrawn"])
def test_what_is_over_is_ended_once(name: str) -> None:
    ended = (*staked(1, 2), event("ExitRequested", 1, 20), event(name, 1, 30))
    assert over(*staked(1, 2), event("ExitRequested", 1, 20)) == []
    assert over(*ended) == [pubkey(1)]
    assert unknown(*ended) == [pubkey(2)]
    assert over(*ended, event("ExitEnded", 1, 30)) == []


def test_a_slashed_key_that_was_ended_has_nothing_to_end_once_it_is_paid_out() -> None:
    """Exits would answer `NothingToEnd` for ever."""
    slashed = (*staked(1), event("ExitRequested", 1, 20), event("KeySlashed", 1, 30))
    ended = (*slashed, event("ExitEnded", 1, 31))
    assert over(*ended, event("KeyWithdrawn", 1, 40)) == []
    assert over(*slashed, event("KeyWithdrawn", 1, 40)) == [pubkey(1)]


def test_an_end_before_the_payout_ends_nothing_of_it() -> None:
    """A later verifier took the exit back; then the validator left after all."""
    events = (
        *staked(1),
        event("ExitNoted", 1, 20),
        event("ExitEnded", 1, 25),
        event("KeyWithdrawn", 1, 30),
    )
    assert over(*events) == [pubkey(1)]


def test_a_merged_key_has_nothing_to_end_unless_its_exit_was_asked_for() -> None:
    merged = Event(
        "KeysMerged",
        {"sourceRoot": root(1), "targetRoot": root(2)},
        Log("0x" + "00" * 20, (), b"", 0, 30, "0x"),
    )
    events = (*staked(1, 2), merging(1, 2, 20), event("KeyWithdrawn", 1, 30))
    assert over(*events) == [pubkey(1)]
    assert over(*events, merged) == []
    asked = (*staked(1, 2), merging(1, 2, 20), event("ExitRequested", 1, 25), *events[-1:], merged)
    assert over(*asked) == [pubkey(1)]
    assert over(*asked, event("ExitEnded", 1, 31)) == []
