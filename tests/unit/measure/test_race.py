"""STA-7: between a slashing and its report nobody leaves, enters or closes a door for a gain."""

from dataclasses import replace
from functools import cache
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.measure.attacks.books import FINALITY, FRAME
from keel.measure.attacks.race import (
    DOORS,
    IN_RACE,
    LITTLE,
    LOST_EACH_WEI,
    NEWCOMER,
    PROVEN,
    RUNS,
    UNPROVEN,
    When,
    gain_wei,
    longest_closed_seconds,
)
from keel.measure.attacks.race import largest_wei as largest_of_all_wei
from keel.measure.attacks.slashing import (
    ATTACKER,
    TERMS,
    VICTIM,
    Act,
    Slashing,
    attempt,
    live,
    slash,
)
from keel.model import protocol as keel
from keel.model.constants import ETHER

DUST_WEI = 1_000
INSURED_WEI = 500 * ETHER
MOST_BEARING_WEI = 101_300 * ETHER
"""Holders, attacker, fund, operators' bonds and rewards, all at their largest."""

largest_wei = cache(largest_of_all_wei)


@pytest.mark.parametrize("door", DOORS)
def test_nobody_gains_once_it_is_proven(door: str) -> None:
    assert all(largest_wei(door, each_wei, PROVEN) <= DUST_WEI for each_wei in LOST_EACH_WEI)


@pytest.mark.parametrize("door", ["instant redemption", "an underwriter's exit"])
def test_they_would_gain_if_nothing_could_be_proven(door: str) -> None:
    assert all(largest_wei(door, each_wei, UNPROVEN) > ETHER for each_wei in LOST_EACH_WEI)


def test_the_race_has_no_prize_that_bonds_pay() -> None:
    for door in DOORS:
        for each_wei in (ETHER // 10, ETHER):
            assert largest_wei(door, each_wei, IN_RACE) <= DUST_WEI


def test_the_prize_of_the_race_is_the_limit_of_redemptions_or_what_is_insured() -> None:
    for each_wei in LOST_EACH_WEI[2:]:
        redeemed_wei = largest_wei("instant redemption", each_wei, IN_RACE)
        underwriters_wei = largest_wei("an underwriter's exit", each_wei, IN_RACE)
        assert ETHER < redeemed_wei < TERMS.instant_limit_wei
        assert ETHER < underwriters_wei < INSURED_WEI


@pytest.mark.parametrize("when", [UNPROVEN, IN_RACE, PROVEN, LITTLE], ids=lambda when: when.name)
@pytest.mark.parametrize("door", ["a ticket", NEWCOMER])
def test_tickets_and_newcomers_never_gain(door: str, when: When) -> None:
    assert all(largest_wei(door, each_wei, when) <= DUST_WEI for each_wei in LOST_EACH_WEI)


def test_a_newcomer_in_the_race_pays_for_others() -> None:
    gains = [gain_wei(NEWCOMER, LOST_EACH_WEI[-1], IN_RACE, seed) for seed in range(RUNS)]
    assert min(gains) < -100 * ETHER


def test_too_little_for_doors_is_too_little_for_the_fee() -> None:
    for each_wei in LOST_EACH_WEI:
        assert largest_wei("instant redemption", each_wei, LITTLE) <= DUST_WEI
        saved_wei = largest_wei("an underwriter's exit", each_wei, LITTLE)
        assert saved_wei <= MOST_BEARING_WEI // 1_000
    assert saved_wei > ETHER


def test_one_slashing_closes_the_doors_until_its_frame_is_reported() -> None:
    within, beyond = (longest_closed_seconds(wei) for wei in (ETHER // 100, ETHER))
    assert FRAME // 2 < within <= FRAME + FINALITY
    assert within < beyond <= 2 * FRAME + FINALITY


def test_nobody_closes_a_door_without_a_proof() -> None:
    for seed in range(RUNS):
        random = Random(seed)  # noqa: S311
        unproven = slash(random, ETHER // 100, None, much=True, streams=True)
        assert live(unproven).closed_seconds == 0


def claim_all(world: keel.Protocol, now: int) -> tuple[keel.Protocol, int]:
    """All tickets that are finalised, of the attacker and of others."""
    paid_wei = 0
    for number, owner in tuple(world.ticket_owners.items()):
        world, wei = attempt(lambda each, _, n=number: keel.claim(each, n), world, now)  # type: ignore[misc]
        paid_wei += wei if owner == ATTACKER else 0
    return world, paid_wei


def ask_for_some(world: keel.Protocol, now: int) -> tuple[keel.Protocol, int]:
    """Half of what a ticket may be, so that a report finalises some of many."""
    return keel.request(world, now, ATTACKER, ATTACKER, TERMS.max_ticket_wei // 2)[0], 0


def victims_ask(world: keel.Protocol, now: int) -> tuple[keel.Protocol, int]:
    """Others come and go as well."""
    return keel.request(world, now, VICTIM, VICTIM, 20 * ETHER)[0], 0


def victims_deposit(world: keel.Protocol, now: int) -> tuple[keel.Protocol, int]:
    """Others come and go as well."""
    return keel.deposit(world, now, VICTIM, 30 * ETHER)[0], 0


OTHERS = (victims_ask, victims_deposit)
ACTS: tuple[Act, ...] = (*DOORS.values(), claim_all, ask_for_some)


@st.composite
def slashings(draw: st.DrawFn) -> Slashing:
    each_wei = draw(
        st.sampled_from(LOST_EACH_WEI) | st.integers(1, 320).map(lambda n: n * ETHER // 10)
    )
    random = Random(draw(st.integers(0, 2**32)))  # noqa: S311
    found = slash(
        random, each_wei, draw(st.integers(1, 50)), much=True, streams=draw(st.booleans())
    )
    return replace(found, late=draw(st.sampled_from([0, 1, FRAME // 2, 3 * FRAME // 4])))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_acts_in_any_order_gain_between_the_proof_and_the_report(data: st.DataObject) -> None:
    """Requests, redemptions, deposits, claims, underwriters' exits; others come and go besides."""
    slashing = data.draw(slashings())
    assert slashing.proven_at is not None
    span = st.floats(0, 1, exclude_max=True)
    ends_at = live(slashing).at

    def at(start: int, part: float) -> int:
        return start + int((ends_at - start) * part)

    others = [
        (at(slashing.slashed_at, part), act)
        for part, act in data.draw(st.lists(st.tuples(span, st.sampled_from(OTHERS)), max_size=6))
    ]
    own = [
        (at(slashing.proven_at, part), act)
        for part, act in data.draw(
            st.lists(st.tuples(span, st.sampled_from(ACTS)), min_size=1, max_size=8)
        )
    ]
    stays, acts = live(slashing, others), live(slashing, [*others, *own])
    assert acts.attacker_wei - stays.attacker_wei <= DUST_WEI
