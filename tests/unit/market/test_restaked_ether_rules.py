"""The rules of rkETH by their model (RST); tests/market holds the contract against it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.constants import ETHER
from keel.model.errors import ERC20InsufficientBalance
from keel.model.market import restaked_ether as token
from keel.model.market import symbiotic_vault as symbiotic
from keel.model.market.restaked_ether import (
    NotClaimable,
    RestakedEther,
    WorthNothing,
    ZeroAssets,
)
from keel.model.market.symbiotic_vault import SymbioticVault

EPOCH = 5

amounts = st.integers(min_value=10**3, max_value=10**24)
parts = st.integers(min_value=0, max_value=10_000)


def begun() -> RestakedEther:
    """A vault that somebody else uses too."""
    vault, _ = symbiotic.deposit(SymbioticVault(), 10**15)
    return RestakedEther(vault)


def whole(vault: SymbioticVault) -> int:
    return vault.stake + sum(each.units for each in vault.withdrawals.values())


def slashed(state: RestakedEther, bps: int, captured: int, epoch: int) -> RestakedEther:
    at_stake = state.vault.stake + state.vault.leaving(epoch + 1).units
    vault, _ = symbiotic.slash(state.vault, at_stake * bps // 10_000, captured, epoch)
    return RestakedEther(vault, state.shares_of, state.tickets, state.last_ticket)


@given(st.lists(amounts, min_size=1, max_size=4), parts, parts, st.booleans())
def test_a_slashing_takes_from_stake_and_tickets_in_one_proportion(
    deposits: list[int], leaving_bps: int, slashed_bps: int, is_late: bool
) -> None:
    """RST-2, RST-6: holder and ticket lose the same part, but for two units of rounding."""
    state = begun()
    for number, units in enumerate(deposits):
        state, _ = token.deposit(state, f"holder {number}", units)
    shares = state.shares_of["holder 0"] * leaving_bps // 10_000
    if shares:
        state = token.request(state, "holder 0", shares, EPOCH)
    epoch = EPOCH + 1 if is_late else EPOCH
    before = whole(state.vault)
    after = slashed(state, slashed_bps, EPOCH, epoch)
    taken = before - whole(after.vault)
    for holder, held in state.shares_of.items():
        was, left = state.worth(held), after.worth(held)
        assert abs(left * before - was * (before - taken)) <= 2 * before, holder
    if shares:
        was, left = state.ticket_worth(1), after.ticket_worth(1)
        assert abs(left * before - was * (before - taken)) <= 2 * before


@given(st.lists(st.tuples(amounts, st.booleans()), min_size=1, max_size=6), parts)
def test_the_vault_pays_at_least_what_all_tickets_are_worth(
    requests: list[tuple[int, bool]], slashed_bps: int
) -> None:
    """RST-7, whatever strangers put into rkETH's withdrawals."""
    state = begun()
    for units, _ in requests:
        state, _ = token.deposit(state, "holder", units)
    of_token = 0
    for number, (units, is_gift) in enumerate(requests):
        if number == len(requests) // 2:
            state = slashed(state, slashed_bps, EPOCH, EPOCH)
        shares = min(units, state.shares_of["holder"])
        if is_gift and shares:
            vault, _, credited = symbiotic.redeem(state.vault, 1 + shares // 10**6, EPOCH)
            state = RestakedEther(vault, state.shares_of, state.tickets, state.last_ticket)
            of_token += credited
        elif state.worth(shares):
            state = token.request(state, "holder", shares, EPOCH)
            of_token += state.tickets[state.last_ticket].shares
    leaving = state.vault.leaving(EPOCH + 1)
    paid = symbiotic.to_units_down(of_token, leaving.units, leaving.shares)
    assert sum(map(state.ticket_worth, state.tickets)) <= paid <= leaving.units


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 10**9)), max_size=30), amounts)
def test_nothing_makes_a_share_worth_more_than_a_unit(
    steps: list[tuple[int, int]], victim_units: int
) -> None:
    """RST-3, whatever came before: a deposit and a request lose three units by rounding at most."""
    vault, _ = symbiotic.deposit(SymbioticVault(), 1)
    for what, size in steps:
        if what == 0:
            vault, _ = symbiotic.deposit(vault, size)
        elif what == 1 and symbiotic.to_units_down(size, vault.stake, vault.shares):
            vault, _, _ = symbiotic.redeem(vault, min(size, vault.shares), EPOCH)
        elif what == 2:
            vault, _ = symbiotic.slash(vault, size, EPOCH, EPOCH)
        leaving = vault.leaving(EPOCH + 1)
        assert vault.stake <= vault.shares
        assert leaving.units <= leaving.shares
    state, shares = token.deposit(RestakedEther(vault), "victim", victim_units)
    assert shares >= victim_units
    assert 0 <= victim_units - state.worth(shares) <= 1
    state = token.request(state, "victim", shares, EPOCH)
    assert 0 <= victim_units - state.ticket_worth(1) <= 2


def test_nothing_is_deposited_or_requested_for_nothing() -> None:
    """RST-1, RST-5."""
    with pytest.raises(ZeroAssets):
        token.deposit(RestakedEther(SymbioticVault()), "holder", 0)
    state, shares = token.deposit(RestakedEther(SymbioticVault()), "holder", ETHER)
    lost, _ = symbiotic.slash(state.vault, ETHER, EPOCH, EPOCH)
    with pytest.raises(WorthNothing):
        token.request(RestakedEther(lost, state.shares_of), "holder", shares, EPOCH)
    with pytest.raises(ERC20InsufficientBalance):
        token.request(state, "holder", shares + 1, EPOCH)


def test_a_ticket_is_paid_after_its_epoch_alone() -> None:
    """RST-7."""
    state, shares = token.deposit(begun(), "holder", ETHER)
    state = token.request(state, "holder", shares, EPOCH)
    for early in (EPOCH, EPOCH + 1):
        with pytest.raises(NotClaimable):
            token.claim(state, 1, early)
    state, units = token.claim(state, 1, EPOCH + 2)
    assert units == ETHER
    assert not state.tickets
