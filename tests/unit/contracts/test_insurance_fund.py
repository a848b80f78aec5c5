"""InsuranceFund as a token: ERC-4626 over wkETH, whose cooling shares are locked (FND)."""

import pytest

from keel.chain.clock import jump, jump_to, now, set_next_timestamp
from keel.chain.contract import deploy
from keel.chain.revert import BareRevert, Reverted
from keel.chain.transaction import send_transaction
from keel.deploy.contracts import InsuranceFund
from keel.model import insurance as rules
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract
from tests.unit.contracts.underwriting import (
    SHARES,
    UNITS,
    buy,
    fund_in_normal_state,
    give_units,
    wrap,
)

NOBODY = "0x" + "0" * 40


@pytest.fixture
def fund(keel: Keel) -> InsuranceFund:
    return fund_in_normal_state(keel)


@pytest.fixture
def underwriter(keel: Keel) -> str:
    return str(keel.actors.underwriter.address)


class TestToken:
    def test_has_its_name(self, keel: Keel) -> None:
        fund = keel.quick.fund
        assert fund.name() == "Keel Insurance Fund share"
        assert fund.symbol() == "kCOVER"
        assert fund.decimals() == 18 + 6
        assert fund.asset() == keel.quick.wrapped.address

    def test_is_minted_for_units_and_shown_by_erc_4626(
        self, fund: InsuranceFund, underwriter: str
    ) -> None:
        assert fund.balanceOf(underwriter) == fund.totalSupply() == SHARES
        assert fund.totalAssets() == UNITS
        assert fund.convertToAssets(SHARES) == UNITS
        assert fund.convertToShares(UNITS) == SHARES
        assert fund.maxDeposit(underwriter) == 2**256 - 1
        assert fund.maxMint(underwriter) == 2**256 - 1

    def test_is_bought_by_deposit_and_mint_as_previewed(
        self, keel: Keel, fund: InsuranceFund
    ) -> None:
        holder = keel.actors.holder.address
        give_units(keel, fund.address, 7)  # an uneven price
        wrap(keel, holder, UNITS)
        keel.quick.wrapped.approve.send(fund.address, UNITS, sender=holder)
        supply, held = SHARES, UNITS + 7
        shares = fund.previewDeposit(ETHER)
        assert shares == rules.to_fund_shares_down(ETHER, supply, held)
        receipt = fund.deposit.send(ETHER, holder, sender=holder)
        (bought,) = fund.events(receipt, "Deposit")
        assert tuple(bought.inputs.values()) == (holder, holder, ETHER, shares)
        supply, held = supply + shares, held + ETHER
        units = fund.previewMint(5 * 10**6 + 1)
        assert units == rules.to_fund_units_up(5 * 10**6 + 1, supply, held)
        fund.mint.send(5 * 10**6 + 1, holder, sender=holder)
        assert fund.totalAssets() == held + units
        assert fund.balanceOf(holder) == shares + 5 * 10**6 + 1

    def test_is_never_bought_for_nothing(self, keel: Keel, underwriter: str) -> None:
        """FND-2: fees before any underwriter make a share expensive; less than one is refused."""
        fund = keel.quick.fund
        give_units(keel, fund.address, UNITS)
        price = UNITS // 10**6 + 1
        wrap(keel, underwriter, price)
        with fails("ZeroShares"):
            buy(keel, underwriter, price - 1)
        buy(keel, underwriter, price)
        assert fund.balanceOf(underwriter) == 1

    def test_is_not_made_dear_by_a_gift(self, keel: Keel) -> None:
        attacker, holder = keel.actors.attacker.address, keel.actors.holder.address
        for account in (attacker, holder):
            wrap(keel, account, 2 * ETHER)
        buy(keel, attacker, 1)
        keel.quick.wrapped.transfer.send(keel.quick.fund.address, ETHER, sender=attacker)
        buy(keel, holder, ETHER)
        fund = keel.quick.fund
        held = fund.convertToAssets(fund.balanceOf(holder))
        assert held >= ETHER - ETHER // 10**6
        assert fund.convertToAssets(fund.balanceOf(attacker)) <= ETHER * 2 // 3


class TestCooldown:
    def test_locks_shares_until_its_window_has_ended(
        self, keel: Keel, fund: InsuranceFund, underwriter: str
    ) -> None:
        at = now(keel.rpc) + 10
        set_next_timestamp(keel.rpc, at)
        receipt = fund.startCooldown.send(40, sender=underwriter)
        start = at + keel.profile.cooldown_seconds
        end = start + keel.profile.window_seconds
        (started,) = fund.events(receipt, "CooldownStarted")
        assert tuple(started.inputs.values()) == (underwriter, 40, start, end)
        assert fund.cooldownOf(underwriter) == (40, start, end)
        jump_to(keel.rpc, end - 1)
        assert fund.cooldownOf(underwriter) == (40, start, end)
        jump_to(keel.rpc, end)
        assert fund.cooldownOf(underwriter) == (0, 0, 0)

    def test_takes_the_whole_balance_and_not_a_share_more(
        self, fund: InsuranceFund, underwriter: str
    ) -> None:
        with fails("CooldownAboveBalance", asked=SHARES + 1, balance=SHARES):
            fund.startCooldown.send(SHARES + 1, sender=underwriter)
        fund.startCooldown.send(SHARES, sender=underwriter)

    def test_takes_more_than_nothing(self, fund: InsuranceFund, underwriter: str) -> None:
        with fails("ZeroShares"):
            fund.startCooldown.send(0, sender=underwriter)
        fund.startCooldown.send(1, sender=underwriter)

    def test_starts_anew_for_other_shares(
        self, keel: Keel, fund: InsuranceFund, underwriter: str
    ) -> None:
        fund.startCooldown.send(SHARES, sender=underwriter)
        jump(keel.rpc, 1_000)
        receipt = fund.startCooldown.send(10, sender=underwriter)
        cooldown = fund.cooldownOf(underwriter)
        assert cooldown.shares == 10
        assert cooldown.windowStart == receipt.timestamp + keel.profile.cooldown_seconds

    def test_can_be_cancelled_while_it_runs(
        self, keel: Keel, fund: InsuranceFund, underwriter: str
    ) -> None:
        holder = keel.actors.holder.address
        fund.startCooldown.send(SHARES, sender=underwriter)
        receipt = fund.cancelCooldown.send(sender=underwriter)
        (cancelled,) = fund.events(receipt, "CooldownCancelled")
        assert tuple(cancelled.inputs.values()) == (underwriter, SHARES)
        fund.transfer.send(holder, SHARES, sender=underwriter)

    def test_cannot_be_cancelled_when_there_is_none(
        self, keel: Keel, fund: InsuranceFund, underwriter: str
    ) -> None:
        with fails("NoCooldown", underwriter=underwriter):
            fund.cancelCooldown.send(sender=underwriter)
        fund.startCooldown.send(1, sender=underwriter)
        jump_to(keel.rpc, fund.cooldownOf(underwriter).windowEnd)
        with fails("NoCooldown", underwriter=underwriter):
            fund.cancelCooldown.send(sender=underwriter)


class TestLock:
    @pytest.fixture
    def until(self, fund: InsuranceFund, underwriter: str) -> int:
        """40 % of the shares cool until then."""
        fund.startCooldown.send(SHARES * 2 // 5, sender=underwriter)
        return int(fund.cooldownOf(underwriter).windowEnd)

    def test_lets_other_shares_go_and_not_one_more(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, until: int
    ) -> None:
        holder, free = keel.actors.holder.address, SHARES * 3 // 5
        locked = {"underwriter": underwriter, "locked": SHARES - free, "until": until}
        with fails("SharesLocked", **locked):
            fund.transfer.send(holder, free + 1, sender=underwriter)
        fund.transfer.send(holder, free, sender=underwriter)
        with fails("SharesLocked", **locked):
            fund.transfer.send(holder, 1, sender=underwriter)

    def test_holds_against_an_allowance(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, until: int
    ) -> None:
        attacker = keel.actors.attacker.address
        fund.approve.send(attacker, SHARES, sender=underwriter)
        with fails("SharesLocked", underwriter=underwriter, locked=SHARES * 2 // 5, until=until):
            fund.transferFrom.send(underwriter, attacker, SHARES, sender=attacker)

    def test_ends_with_the_window(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, until: int
    ) -> None:
        holder = keel.actors.holder.address
        set_next_timestamp(keel.rpc, until - 1)
        with fails("SharesLocked", underwriter=underwriter, locked=SHARES * 2 // 5, until=until):
            fund.transfer.send(holder, SHARES, sender=underwriter)
        set_next_timestamp(keel.rpc, until)
        fund.transfer.send(holder, SHARES, sender=underwriter)

    def test_leaves_the_error_of_a_short_balance_to_erc_20(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, until: int
    ) -> None:
        assert until > now(keel.rpc)
        with fails(
            "ERC20InsufficientBalance", sender=underwriter, balance=SHARES, needed=SHARES + 1
        ):
            fund.transfer.send(keel.actors.holder.address, SHARES + 1, sender=underwriter)

    def test_does_not_stop_shares_from_coming_in(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, until: int
    ) -> None:
        assert until > now(keel.rpc)
        wrap(keel, underwriter, ETHER)
        buy(keel, underwriter, ETHER)
        assert fund.balanceOf(underwriter) == SHARES + ETHER * 10**6


class TestConstructor:
    def test_keeps_what_the_profile_says(self, keel: Keel) -> None:
        fund = keel.quick.fund
        assert fund.VAULT() == keel.quick.vault.address
        assert fund.COOLDOWN_SECONDS() == keel.profile.cooldown_seconds
        assert fund.WINDOW_SECONDS() == keel.profile.window_seconds

    @pytest.mark.parametrize(
        ("missing", "what"), [(0, "vault"), (1, "wrapped")], ids=["vault", "wrapped"]
    )
    def test_refuses_missing_contracts(self, keel: Keel, missing: int, what: str) -> None:
        vault, wrapped = keel.quick.vault.address, keel.quick.wrapped.address
        addresses = [(NOBODY, wrapped), (vault, NOBODY)][missing]
        with fails("ZeroAddress", what=what):
            deploy_fund(keel, *addresses, 1, 1)

    def test_bounds_its_times(self, keel: Keel) -> None:
        addresses = (keel.quick.vault.address, keel.quick.wrapped.address)
        year = 365 * 86_400
        with fails("ParameterOutOfBounds", what="cooldownSeconds", value=year + 1, bound=year):
            deploy_fund(keel, *addresses, year + 1, 1)
        with fails("ParameterOutOfBounds", what="windowSeconds", value=year + 1, bound=year):
            deploy_fund(keel, *addresses, 1, year + 1)
        with fails("ZeroWindow"):
            deploy_fund(keel, *addresses, 1, 0)
        deploy_fund(keel, *addresses, year, year)
        deploy_fund(keel, *addresses, 0, 1)


def test_forced_ether_changes_nothing(keel: Keel, fund: InsuranceFund) -> None:
    totals = fund.totalAssets(), fund.totalSupply()
    with pytest.raises(Reverted) as caught:
        send_transaction(keel.rpc, keel.actors.stranger.address, fund.address, value_wei=1)
    assert caught.value.cause == BareRevert()
    as_contract(fund)  # forces ether in
    assert (fund.totalAssets(), fund.totalSupply()) == totals


def deploy_fund(keel: Keel, vault: str, wrapped: str, cooldown: int, window: int) -> None:
    """Try the constructor."""
    artifact = keel.artifacts["InsuranceFund"]
    stranger = keel.actors.stranger.address
    arguments = (vault, wrapped, cooldown, window)
    deploy(keel.rpc, artifact.abi, artifact.creation_code, *arguments, sender=stranger)
