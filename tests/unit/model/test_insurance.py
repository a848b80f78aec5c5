"""FND: underwriters' shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.errors import CooldownAboveBalance, NoCooldown, SharesLocked, ZeroShares
from keel.model.insurance import (
    Fund,
    burn_cooled,
    cancel_cooldown,
    credit,
    start_cooldown,
    to_fund_shares_down,
    to_fund_shares_up,
    to_fund_units_down,
    to_fund_units_up,
    transfer,
)

sizes = st.integers(0, 10**24)


@given(sizes, sizes, sizes)
def test_every_rounding_is_against_the_underwriter(amount: int, supply: int, held: int) -> None:
    """FND-2."""
    down, up = to_fund_shares_down(amount, supply, held), to_fund_shares_up(amount, supply, held)
    assert down * (held + 1) <= amount * (supply + 10**6) <= up * (held + 1)
    assert up - down <= 1
    down, up = to_fund_units_down(amount, supply, held), to_fund_units_up(amount, supply, held)
    assert down * (supply + 10**6) <= amount * (held + 1) <= up * (supply + 10**6)
    assert up - down <= 1


@given(st.integers(1, 10**24), sizes, sizes)
def test_entering_and_leaving_gains_nothing(units: int, supply: int, held: int) -> None:
    shares = to_fund_shares_down(units, supply, held)
    assert to_fund_units_down(shares, supply + shares, held + units) <= units


def test_cooled_shares_are_locked_until_the_window_has_ended() -> None:
    fund = start_cooldown(credit(Fund(), "underwriter", 100), "underwriter", 60, 1_000, 1_100)
    moved = transfer(fund, "underwriter", "buyer", 40, 1_099)
    with pytest.raises(SharesLocked) as refusal:
        transfer(fund, "underwriter", "buyer", 41, 1_099)
    assert list(refusal.value.arguments.values()) == ["underwriter", 60, 1_100]
    assert transfer(fund, "underwriter", "buyer", 100, 1_100).shares_of["buyer"] == 100
    assert (moved.supply, moved.shares_of["buyer"]) == (100, 40)


@pytest.mark.parametrize(("now", "shares"), [(999, 0), (1_000, 60), (1_099, 60), (1_100, 0)])
def test_cooled_shares_are_redeemable_in_the_window_only(now: int, shares: int) -> None:
    fund = start_cooldown(credit(Fund(), "underwriter", 100), "underwriter", 60, 1_000, 1_100)
    assert fund.redeemable("underwriter", now) == shares
    assert fund.redeemable("stranger", now) == 0


def test_redeeming_uses_the_cooldown_up() -> None:
    fund = start_cooldown(credit(Fund(), "underwriter", 100), "underwriter", 60, 1_000, 1_100)
    fund = burn_cooled(fund, "underwriter", 25)
    assert (fund.redeemable("underwriter", 1_050), fund.supply) == (35, 75)


def test_a_cooldown_needs_its_shares_and_can_be_cancelled_once() -> None:
    fund = credit(Fund(), "underwriter", 100)
    with pytest.raises(ZeroShares):
        start_cooldown(fund, "underwriter", 0, 1_000, 1_100)
    with pytest.raises(CooldownAboveBalance):
        start_cooldown(fund, "underwriter", 101, 1_000, 1_100)
    with pytest.raises(NoCooldown):
        cancel_cooldown(fund, "underwriter", 1_099)
    cooling = start_cooldown(fund, "underwriter", 100, 1_000, 1_100)
    assert cancel_cooldown(cooling, "underwriter", 1_099) == fund
    with pytest.raises(NoCooldown):
        cancel_cooldown(cooling, "underwriter", 1_100)
