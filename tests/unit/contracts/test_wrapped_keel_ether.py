"""wkETH: whole units of shares that do not rebase, ERC-4626 over kETH (SHR-5, SHR-6)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump, now, reverting, set_next_timestamp
from keel.chain.contract import call_many
from keel.chain.transaction import Receipt
from keel.deploy.contracts import WrappedKeelEther
from keel.model.accounts import Accounts
from keel.model.constants import ETHER, SHARES_PER_UNIT
from keel.model.rounding import ceil_div
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit
from tests.unit.contracts.vaults import (
    ZERO_ADDRESS,
    accounts_of,
    change,
    lose_everything,
    shares_of,
    stake,
    units_of,
)

FOREVER = 2**256 - 1


@pytest.fixture
def token(keel: Keel) -> WrappedKeelEther:
    """The depositor has 60 ETH of kETH and 40 of wkETH, at a rate above par that still grows."""
    depositor = keel.actors.depositor.address
    deposit(keel, depositor, 100 * ETHER)
    keel.quick.wrapped.deposit.send(40 * ETHER, depositor, sender=depositor)
    stake(keel, 3)
    change(keel, 7 * ETHER + 1)
    jump(keel.rpc, keel.profile.frame_seconds // 3)
    return keel.quick.wrapped


@pytest.fixture
def depositor(keel: Keel) -> str:
    return str(keel.actors.depositor.address)


@pytest.fixture
def holder(keel: Keel) -> str:
    return str(keel.actors.holder.address)


@pytest.fixture
def spender(keel: Keel) -> str:
    return str(keel.actors.stranger.address)


def at_once(
    keel: Keel, token: WrappedKeelEther, function: str, *arguments: Any, sender: str
) -> Receipt:
    """Send in a block of the same time as the latest, so that previews hold."""
    set_next_timestamp(keel.rpc, now(keel.rpc))
    return token.function(function).send(*arguments, sender=sender)


class TestMetadata:
    def test_names_itself_and_its_asset(self, keel: Keel, token: WrappedKeelEther) -> None:
        names = ("name", "symbol", "decimals", "asset", "VAULT")
        vault = keel.quick.vault.address
        found = call_many(keel.rpc, [token.function(name).prepare() for name in names])
        assert found == ["Wrapped Keel Ether", "wkETH", 18, vault, vault]

    def test_supply_is_what_the_vault_says_it_holds(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, holder: str
    ) -> None:
        steps: list[Callable[[], Receipt]] = [
            lambda: token.deposit.send(ETHER, holder, sender=depositor),
            lambda: token.mint.send(12_345, holder, sender=depositor),
            lambda: token.redeem.send(77, holder, holder, sender=holder),
            lambda: token.withdraw.send(77, holder, holder, sender=holder),
            lambda: keel.quick.vault.depositWrapped.send(
                holder, ZERO_ADDRESS, sender=depositor, value_wei=ETHER + 1
            ),
            lambda: change(keel, ETHER),
        ]
        for step in steps:
            step()
            holding = (keel.quick.fund.address, keel.quick.bonds.address)
            held = [units_of(keel, each) for each in (depositor, holder, *holding)]
            (shares,) = shares_of(keel, token.address)
            assert token.totalSupply() * SHARES_PER_UNIT == shares
            assert sum(held) == token.totalSupply()
            assert token.totalAssets() == keel.quick.vault.balanceOf(token.address)


class TestErc20:
    def test_moves_units_and_says_so(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, holder: str
    ) -> None:
        before = shares_of(keel, depositor, holder, token.address)
        receipt = token.transfer.send(holder, 5, sender=depositor)
        (moved,) = token.events(receipt)
        assert moved.inputs == {"from": depositor, "to": holder, "value": 5}
        assert units_of(keel, holder) == 5
        assert shares_of(keel, depositor, holder, token.address) == before

    def test_does_not_rebase(self, keel: Keel, token: WrappedKeelEther, depositor: str) -> None:
        units, worth_wei = units_of(keel, depositor), token.maxWithdraw(depositor)
        jump(keel.rpc, 1_000)
        assert units_of(keel, depositor) == units
        assert token.maxWithdraw(depositor) > worth_wei

    def test_needs_the_balance_and_a_receiver(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, holder: str
    ) -> None:
        held = units_of(keel, depositor)
        lacking = {"sender": depositor, "balance": held, "needed": held + 1}
        with fails("ERC20InsufficientBalance", **lacking):
            token.transfer.send(holder, held + 1, sender=depositor)
        with fails("ERC20InvalidReceiver", receiver=ZERO_ADDRESS):
            token.transfer.send(ZERO_ADDRESS, 0, sender=depositor)
        token.transfer.send(depositor, held, sender=depositor)
        token.transfer.send(holder, held, sender=depositor)
        assert [units_of(keel, each) for each in (depositor, holder)] == [0, held]

    def test_spends_allowances_but_not_those_without_end(
        self, token: WrappedKeelEther, depositor: str, holder: str, spender: str
    ) -> None:
        token.approve.send(spender, 5, sender=depositor)
        lacking = {"spender": spender, "allowance": 5, "needed": 6}
        with fails("ERC20InsufficientAllowance", **lacking):
            token.transferFrom.send(depositor, holder, 6, sender=spender)
        token.transferFrom.send(depositor, holder, 2, sender=spender)
        assert token.allowance(depositor, spender) == 3
        token.approve.send(spender, FOREVER, sender=depositor)
        token.transferFrom.send(depositor, holder, 2, sender=spender)
        assert token.allowance(depositor, spender) == FOREVER

    def test_never_reaches_those_who_could_not_send_it_on(
        self, keel: Keel, token: WrappedKeelEther, depositor: str
    ) -> None:
        vault = keel.quick.vault
        for receiver in (token.address, vault.address):
            with fails("ERC20InvalidReceiver", receiver=receiver):
                token.transfer.send(receiver, 1, sender=depositor)
            with fails("ERC20InvalidReceiver", receiver=receiver):
                token.deposit.send(ETHER // 10, receiver, sender=depositor)
            with fails("ERC20InvalidReceiver", receiver=receiver):
                vault.depositWrapped.send(receiver, receiver, sender=depositor, value_wei=ETHER)
        token.transfer.send(keel.quick.fund.address, 1, sender=depositor)


class TestEntering:
    def test_by_deposit_takes_at_most_the_assets_named(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, holder: str
    ) -> None:
        vault, accounts = keel.quick.vault, accounts_of(keel)
        (shares,) = shares_of(keel, depositor)
        assets_wei = ETHER + 3
        preview = token.previewDeposit(assets_wei)
        receipt = at_once(keel, token, "deposit", assets_wei, holder, sender=depositor)
        units = accounts.to_shares_down(assets_wei, receipt.timestamp) // SHARES_PER_UNIT
        assert preview == units_of(keel, holder) == units
        assert shares_of(keel, depositor) == [shares - units * SHARES_PER_UNIT]
        minted, entered = token.events(receipt)
        assert minted.inputs == {"from": ZERO_ADDRESS, "to": holder, "value": units}
        assert entered.name == "Deposit"
        assert entered.inputs == {
            "sender": depositor,
            "owner": holder,
            "assets": assets_wei,
            "shares": units,
        }
        (moved,) = vault.events(receipt)
        assert moved.inputs == {"from": depositor, "to": token.address, "value": assets_wei}

    def test_by_mint_gives_exactly_the_units_named(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, holder: str
    ) -> None:
        accounts, units = accounts_of(keel), ETHER + 3
        (shares,) = shares_of(keel, depositor)
        preview = token.previewMint(units)
        receipt = at_once(keel, token, "mint", units, holder, sender=depositor)
        assets_wei = accounts.to_assets_up(units * SHARES_PER_UNIT, receipt.timestamp)
        assert units_of(keel, holder) == units
        assert shares_of(keel, depositor) == [shares - units * SHARES_PER_UNIT]
        entered = token.events(receipt)[1].inputs
        assert preview == entered["assets"] == assets_wei
        assert entered["shares"] == units

    @pytest.mark.parametrize("function", ["deposit", "mint"])
    def test_needs_ones_own_keth_and_a_receiver(
        self, token: WrappedKeelEther, depositor: str, holder: str, function: str
    ) -> None:
        units = token.previewDeposit(ETHER) if function == "deposit" else ETHER
        needed = units * SHARES_PER_UNIT
        with fails("InsufficientShares", holder=holder, shares=0, needed=needed):
            token.function(function).send(ETHER, depositor, sender=holder)
        with fails("ERC20InvalidReceiver", receiver=ZERO_ADDRESS):
            token.function(function).send(ETHER, ZERO_ADDRESS, sender=depositor)
        token.function(function).send(ETHER, holder, sender=depositor)

    def test_needs_no_allowance_and_leaves_one_as_it_is(
        self, keel: Keel, token: WrappedKeelEther, depositor: str
    ) -> None:
        vault = keel.quick.vault
        token.deposit.send(ETHER, depositor, sender=depositor)
        vault.approve.send(token.address, 2 * ETHER, sender=depositor)
        token.mint.send(ETHER, depositor, sender=depositor)
        assert vault.allowance(depositor, token.address) == 2 * ETHER

    def test_with_less_than_a_unit_is_refused(
        self, keel: Keel, token: WrappedKeelEther, depositor: str
    ) -> None:
        before = shares_of(keel, depositor, token.address)
        with fails("ZeroShares", assetsWei=1):
            token.deposit.send(1, depositor, sender=depositor)
        token.deposit.send(2, depositor, sender=depositor)
        assert shares_of(keel, token.address) == [before[1] + SHARES_PER_UNIT]


class TestLeaving:
    def test_by_redeem_gives_all_shares_of_the_units(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, holder: str
    ) -> None:
        accounts, units = accounts_of(keel), ETHER + 3
        preview = token.previewRedeem(units)
        receipt = at_once(keel, token, "redeem", units, holder, depositor, sender=depositor)
        assets_wei = accounts.to_assets_down(units * SHARES_PER_UNIT, receipt.timestamp)
        assert shares_of(keel, holder) == [units * SHARES_PER_UNIT]
        burned, left = token.events(receipt)
        assert burned.inputs == {"from": depositor, "to": ZERO_ADDRESS, "value": units}
        assert left.name == "Withdraw"
        assert left.inputs == {
            "sender": depositor,
            "receiver": holder,
            "owner": depositor,
            "assets": assets_wei,
            "shares": units,
        }
        assert preview == assets_wei == keel.quick.vault.balanceOf(holder)

    def test_by_withdraw_gives_at_least_the_assets_named(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, holder: str
    ) -> None:
        accounts, assets_wei = accounts_of(keel), ETHER + 3
        preview = token.previewWithdraw(assets_wei)
        receipt = at_once(keel, token, "withdraw", assets_wei, holder, depositor, sender=depositor)
        shares = accounts.to_shares_up(assets_wei, receipt.timestamp)
        units = ceil_div(shares, SHARES_PER_UNIT)
        left = token.events(receipt)[1].inputs
        assert (left["assets"], left["shares"]) == (assets_wei, units)
        assert preview == units
        assert shares_of(keel, holder) == [units * SHARES_PER_UNIT]
        assert assets_wei <= keel.quick.vault.balanceOf(holder) <= assets_wei + 2

    @pytest.mark.parametrize(
        ("function", "most"), [("redeem", "maxRedeem"), ("withdraw", "maxWithdraw")]
    )
    def test_is_possible_to_the_most_and_not_beyond(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, function: str, most: str
    ) -> None:
        amount = token.function(most)(depositor)
        held = units_of(keel, depositor)
        beyond = amount + 2
        needed = beyond if function == "redeem" else token.previewWithdraw(beyond)
        lacking = {"sender": depositor, "balance": held, "needed": needed}
        with fails("ERC20InsufficientBalance", **lacking):
            at_once(keel, token, function, beyond, depositor, depositor, sender=depositor)
        at_once(keel, token, function, amount, depositor, depositor, sender=depositor)
        assert units_of(keel, depositor) <= 1

    @pytest.mark.parametrize("function", ["redeem", "withdraw"])
    def test_for_another_spends_units_of_allowance(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, spender: str, function: str
    ) -> None:
        units = 1_000 if function == "redeem" else token.previewWithdraw(1_000)
        token.approve.send(spender, units - 1, sender=depositor)
        lacking = {"spender": spender, "allowance": units - 1, "needed": units}
        with fails("ERC20InsufficientAllowance", **lacking):
            at_once(keel, token, function, 1_000, spender, depositor, sender=spender)
        token.approve.send(spender, units, sender=depositor)
        at_once(keel, token, function, 1_000, spender, depositor, sender=spender)
        assert token.allowance(depositor, spender) == 0
        assert shares_of(keel, spender) == [units * SHARES_PER_UNIT]

    @pytest.mark.parametrize("function", ["redeem", "withdraw"])
    def test_to_those_that_must_not_have_keth_is_refused(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, function: str
    ) -> None:
        for receiver in (ZERO_ADDRESS, token.address, keel.quick.vault.address):
            with fails("ERC20InvalidReceiver", receiver=receiver):
                token.function(function).send(5, receiver, depositor, sender=depositor)
        token.function(function).send(5, keel.quick.fund.address, depositor, sender=depositor)


class TestProperties:
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        change_wei=st.integers(-99 * ETHER, 99 * ETHER),
        amount=st.integers(0, 10 * ETHER) | st.integers(0, 5),
    )
    def test_round_trips_never_profit_at_any_rate(
        self, *, keel: Keel, token: WrappedKeelEther, depositor: str, change_wei: int, amount: int
    ) -> None:
        with reverting(keel.rpc):
            change(keel, change_wei)
            accounts, at = accounts_of(keel), now(keel.rpc)
            names = ("Deposit", "Mint", "Withdraw", "Redeem")
            calls = [token.function(f"preview{name}").prepare(amount) for name in names]
            converters = ("convertToShares", "convertToAssets")
            calls += [token.function(name).prepare(amount) for name in converters]
            units_in, wei_in, units_out, wei_out, to_units, to_wei = call_many(keel.rpc, calls)
            assert [units_in, wei_in, units_out, wei_out] == previews(accounts, at, amount)
            assert (to_units, to_wei) == (units_in, wei_out)
            assert units_in <= units_out <= units_in + 1
            assert wei_out <= wei_in <= wei_out + 1
            assert token.previewRedeem(units_in) <= amount
            assert token.previewDeposit(wei_out) <= amount
            assert token.previewMint(units_out) >= amount
            assert token.previewWithdraw(wei_in) >= amount

            keth, units = shares_of(keel, depositor)[0], units_of(keel, depositor)
            if units_in == 0 or amount > keel.quick.vault.balanceOf(depositor):
                return
            at_once(keel, token, "deposit", amount, depositor, sender=depositor)
            got = units_of(keel, depositor) - units
            at_once(keel, token, "redeem", got, depositor, depositor, sender=depositor)
            assert shares_of(keel, depositor) == [keth]
            assert units_of(keel, depositor) == units

    def test_maxima_are_without_end_but_those_of_an_owner(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, holder: str
    ) -> None:
        names = ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem")
        found = call_many(keel.rpc, [token.function(name).prepare(depositor) for name in names])
        units = units_of(keel, depositor)
        worth_wei = accounts_of(keel).to_assets_down(units * SHARES_PER_UNIT, now(keel.rpc))
        assert found == [FOREVER, FOREVER, worth_wei, units]
        of_nobody = call_many(keel.rpc, [token.function(name).prepare(holder) for name in names])
        assert of_nobody == [FOREVER, FOREVER, 0, 0]


def test_answers_where_keth_is_worth_nothing(
    keel: Keel, token: WrappedKeelEther, depositor: str
) -> None:
    loser = depositor
    lose_everything(keel)
    units = units_of(keel, loser)
    assert [token.convertToShares(ETHER), token.previewDeposit(ETHER)] == [0, 0]
    assert [token.maxDeposit(loser), token.maxWithdraw(loser)] == [0, 0]
    assert [token.convertToAssets(units), token.previewWithdraw(0)] == [0, 0]
    token.withdraw.send(0, loser, loser, sender=loser)
    with fails("ZeroShares", assetsWei=1):
        token.deposit.send(1, loser, sender=loser)
    with fails("Insolvent", visibleWei=0, shares=keel.quick.vault.totalShares()):
        token.withdraw.send(1, loser, loser, sender=loser)
    token.redeem.send(units, loser, loser, sender=loser)
    token.mint.send(units, loser, sender=loser)
    assert units_of(keel, loser) == units > 0


class TestVaultOnly:
    @pytest.mark.parametrize("function", ["mintBacked", "burnCover"])
    def test_nobody_else_mints_or_burns(
        self, keel: Keel, token: WrappedKeelEther, depositor: str, function: str
    ) -> None:
        arguments = (depositor, 1) if function == "mintBacked" else (1,)
        for caller in (depositor, as_contract(keel.quick.oracle)):
            with fails("OnlyVault", caller=caller):
                token.function(function).send(*arguments, sender=caller)

    def test_cover_that_the_vault_does_not_hold_cannot_be_burned(
        self, keel: Keel, token: WrappedKeelEther
    ) -> None:
        vault = as_contract(keel.quick.vault)
        with fails("ERC20InsufficientBalance", sender=vault, balance=0, needed=1):
            token.burnCover.send(1, sender=vault)
        fund = as_contract(keel.quick.fund)
        token.mintBacked.send(fund, 1, sender=vault)
        token.transfer.send(vault, 1, sender=fund)
        token.burnCover.send(1, sender=vault)


def previews(accounts: Accounts, at: int, amount: int) -> list[int]:
    """The four previews of ERC-4626 as the model rounds them, each against the caller."""
    shares = amount * SHARES_PER_UNIT
    return [
        accounts.to_shares_down(amount, at) // SHARES_PER_UNIT,
        accounts.to_assets_up(shares, at),
        ceil_div(accounts.to_shares_up(amount, at), SHARES_PER_UNIT),
        accounts.to_assets_down(shares, at),
    ]
