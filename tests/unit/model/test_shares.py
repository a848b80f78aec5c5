"""SHR: roundings of shares, on any rate."""

from hypothesis import given
from hypothesis import strategies as st

from keel.model.shares import to_assets_down, to_assets_up, to_shares_down, to_shares_up
from tests.unit.model.worlds import rates, wei


@given(rates(), wei)
def test_a_deposit_is_never_worth_more_than_was_paid(rate: tuple[int, int], assets: int) -> None:
    total, visible = rate
    minted = to_shares_down(assets, total, visible)
    assert minted * visible <= assets * total < (minted + 1) * visible
    worth = to_assets_down(minted, total + minted, visible + assets)
    assert assets - 1 <= worth <= assets


@given(rates(), wei)
def test_a_burn_never_costs_less_than_its_ether(rate: tuple[int, int], assets: int) -> None:
    total, visible = rate
    burned = to_shares_up(assets, total, visible)
    assert (burned - 1) * visible < assets * total <= burned * visible


@given(rates(), wei, st.integers(0, 10**40), st.integers(0, 10**40))
def test_a_transfer_credits_its_wei_and_debits_at_most_one_more(
    rate: tuple[int, int], assets: int, sender_rest: int, receiver: int
) -> None:
    total, visible = rate
    moved = to_shares_up(assets, total, visible)

    def read(shares: int) -> int:
        return to_assets_down(shares, total, visible)

    assert read(receiver + moved) - read(receiver) >= assets
    assert read(sender_rest + moved) - read(sender_rest) <= assets + 1


@given(rates(), st.integers(1, 10**30))
def test_moving_any_share_spends_an_allowance(rate: tuple[int, int], shares: int) -> None:
    total, visible = rate
    spent = to_assets_up(shares, total, visible)
    assert spent >= 1
    assert (spent - 1) * total < shares * visible <= spent * total
