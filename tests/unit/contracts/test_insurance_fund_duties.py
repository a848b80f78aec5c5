"""What InsuranceFund owes: underwriters their window (FND-1), the vault its cover (LOS-2)."""

from contextlib import AbstractContextManager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, now, set_next_timestamp
from keel.chain.transaction import Receipt
from keel.deploy.contracts import InsuranceFund
from keel.model import insurance as rules
from keel.model.constants import ETHER, SHARES_PER_UNIT
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import (
    announce_loss,
    as_contract,
    next_reference_slot,
    report,
    undone,
)
from tests.unit.contracts.underwriting import SHARES, UNITS, fund_in_normal_state, give_units
from tests.unit.contracts.vaults import change, stake


@pytest.fixture
def fund(keel: Keel) -> InsuranceFund:
    return fund_in_normal_state(keel)


@pytest.fixture
def underwriter(keel: Keel) -> str:
    return str(keel.actors.underwriter.address)


class TestLeaving:
    """All shares but one cool."""

    @pytest.fixture
    def cooling(self, fund: InsuranceFund, underwriter: str) -> rules.Cooldown:
        fund.startCooldown.send(SHARES - 1, sender=underwriter)
        return rules.Cooldown(*fund.cooldownOf(underwriter))

    def test_is_possible_from_the_start_of_the_window_until_just_before_its_end(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        for at, most in (
            (cooling.window_start - 1, 0),
            (cooling.window_start, SHARES - 1),
            (cooling.window_end - 1, SHARES - 1),
            (cooling.window_end, 0),
        ):
            stay_normal_until(keel, at)
            assert fund.maxRedeem(underwriter) == most
            most_units = fund.previewRedeem(most)
            assert fund.maxWithdraw(underwriter) == most_units

    def test_pays_units_for_cooled_shares(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        units = fund.previewRedeem(SHARES // 2)
        receipt = redeem(fund, SHARES // 2, underwriter)
        (left,) = fund.events(receipt, "Withdraw")
        expected = (underwriter, underwriter, underwriter, units, SHARES // 2)
        assert tuple(left.inputs.values()) == expected
        assert keel.quick.wrapped.balanceOf(underwriter) == units == UNITS // 2

    def test_leaves_the_rest_cooled(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        redeem(fund, 10**6, underwriter)
        left = cooling.shares - 10**6
        assert fund.maxRedeem(underwriter) == left
        with exceeds(underwriter, left + 1, left):
            redeem(fund, left + 1, underwriter)
        redeem(fund, left, underwriter)
        assert fund.maxRedeem(underwriter) == 0
        assert fund.balanceOf(underwriter) == 1

    def test_by_withdraw_names_units(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        most = fund.maxWithdraw(underwriter)
        with fails("ERC4626ExceededMaxWithdraw", owner=underwriter, assets=most + 1, max=most):
            withdraw(fund, most + 1, underwriter)
        burned = fund.previewWithdraw(most)
        assert burned <= cooling.shares
        withdraw(fund, most, underwriter)
        assert keel.quick.wrapped.balanceOf(underwriter) == most
        assert fund.balanceOf(underwriter) == SHARES - burned

    def test_is_refused_before_and_after_the_window(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        for at in (cooling.window_start - 1, cooling.window_end):
            stay_normal_until(keel, at - 1)
            set_next_timestamp(keel.rpc, at)
            with exceeds(underwriter, 1, 0):
                redeem(fund, 1, underwriter)

    def test_is_refused_without_a_cooldown(self, fund: InsuranceFund, underwriter: str) -> None:
        with exceeds(underwriter, 1, 0):
            redeem(fund, 1, underwriter)

    def test_by_another_needs_an_allowance(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        redeemer = keel.actors.redeemer.address
        stay_normal_until(keel, cooling.window_start)
        needed = {"spender": redeemer, "allowance": 0, "needed": 10**6}
        with fails("ERC20InsufficientAllowance", **needed):
            fund.redeem.send(10**6, redeemer, underwriter, sender=redeemer)
        fund.approve.send(redeemer, 10**6, sender=underwriter)
        fund.redeem.send(10**6, redeemer, underwriter, sender=redeemer)
        assert keel.quick.wrapped.balanceOf(redeemer) == 1

    def test_is_closed_while_a_report_is_awaited(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        redeem(fund, 1, underwriter)
        next_reference_slot(keel)
        assert now(keel.rpc) < cooling.window_end
        with exceeds(underwriter, 1, 0):
            redeem(fund, 1, underwriter)
        assert fund.maxWithdraw(underwriter) == 0

    def test_is_closed_while_a_loss_is_announced(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        redeem(fund, 1, underwriter)
        announce_loss(keel)
        with exceeds(underwriter, 1, 0):
            redeem(fund, 1, underwriter)

    @pytest.mark.parametrize("frames", [3, 14], ids=["stale", "dead"])
    def test_is_closed_without_an_oracle(
        self, keel: Keel, fund: InsuranceFund, underwriter: str, frames: int
    ) -> None:
        fund.startCooldown.send(SHARES, sender=underwriter)
        opens = fund.cooldownOf(underwriter).windowStart
        jump_to(keel.rpc, opens - frames * keel.profile.frame_seconds)
        report(keel)
        next_reference_slot(keel, frames)
        assert opens <= now(keel.rpc) < opens + keel.profile.window_seconds
        with exceeds(underwriter, 1, 0):
            redeem(fund, 1, underwriter)


class TestCover:
    @pytest.mark.parametrize(
        ("shares", "units"),
        [
            (0, 0),
            (1, 1),
            (SHARES_PER_UNIT, 1),
            (SHARES_PER_UNIT + 1, 2),
            (UNITS * 95 // 100 * SHARES_PER_UNIT, UNITS * 95 // 100),
            (UNITS * 95 // 100 * SHARES_PER_UNIT + 1, UNITS * 95 // 100),
            (2**255, UNITS * 95 // 100),
        ],
    )
    def test_hands_over_whole_units_up_to_its_bound(
        self, keel: Keel, fund: InsuranceFund, shares: int, units: int
    ) -> None:
        wrapped, vault = keel.quick.wrapped, as_contract(keel.quick.vault)
        assert fund.coverable(shares) == units
        receipt = fund.cover.send(shares, sender=vault)
        (covered,) = fund.events(receipt, "Covered")
        asked = -(-shares // SHARES_PER_UNIT)
        assert tuple(covered.inputs.values()) == (asked, units)
        assert wrapped.balanceOf(vault) == units
        assert fund.totalAssets() == UNITS - units

    def test_rounds_its_bound_down(self, keel: Keel, fund: InsuranceFund) -> None:
        give_units(keel, fund.address, 19)
        assert fund.coverable(2**255) == (UNITS + 19) * 95 // 100

    @pytest.mark.parametrize("actor", ["stranger", "governance", "underwriter"])
    def test_is_the_vaults_alone(self, keel: Keel, fund: InsuranceFund, actor: str) -> None:
        caller = keel.actors[actor].address
        with fails("OnlyVault", caller=caller):
            fund.cover.send(1, sender=caller)

    def test_bears_a_reported_loss_before_holders_do(
        self, keel: Keel, fund: InsuranceFund, underwriter: str
    ) -> None:
        vault = keel.quick.vault
        stake(keel, 1)
        change(keel, 0)
        held = fund.totalAssets()
        fund.startCooldown.send(SHARES, sender=underwriter)
        receipt = change(keel, -ETHER)
        (loss,) = vault.events(receipt, "LossAbsorbed")
        (covered,) = fund.events(receipt, "Covered")
        units = covered.inputs["unitsPaid"]
        assert loss.inputs["lossWei"] == ETHER
        assert loss.inputs["coverShares"] == units * SHARES_PER_UNIT
        assert loss.inputs["holdersWei"] + loss.inputs["ticketsWei"] <= 1
        assert fund.totalAssets() == held - units
        assert fund.convertToAssets(SHARES) < held


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    units=st.integers(1, ETHER),
    gift=st.integers(0, ETHER),
    covered=st.integers(0, 2 * UNITS),
)
def test_coming_and_going_never_gains(
    keel: Keel, fund: InsuranceFund, units: int, gift: int, covered: int
) -> None:
    """Whatever was given or taken before, shares bought are worth at most what they cost."""
    with undone(keel.rpc):
        fund.cover.send(covered * SHARES_PER_UNIT, sender=as_contract(keel.quick.vault))
        give_units(keel, fund.address, gift)
        supply, held = fund.totalSupply(), fund.totalAssets()
        shares = fund.previewDeposit(units)
        assert shares == rules.to_fund_shares_down(units, supply, held)
        assert rules.to_fund_units_down(shares, supply + shares, held + units) <= units
        assert fund.previewMint(shares) <= units
        assert fund.previewWithdraw(units) >= shares


def redeem(fund: InsuranceFund, shares: int, owner: str) -> Receipt:
    return fund.redeem.send(shares, owner, owner, sender=owner)


def withdraw(fund: InsuranceFund, units: int, owner: str) -> Receipt:
    return fund.withdraw.send(units, owner, owner, sender=owner)


def exceeds(owner: str, shares: int, most: int) -> AbstractContextManager[None]:
    """Expect ERC-4626's refusal to redeem so much."""
    return fails("ERC4626ExceededMaxRedeem", owner=owner, shares=shares, max=most)


def stay_normal_until(keel: Keel, timestamp: int) -> None:
    """Go there with the report of the newest reference slot applied."""
    newest = keel.quick.vault.newestRefTime()
    frame = keel.profile.frame_seconds
    last = newest + (timestamp - newest) // frame * frame
    if last - frame > now(keel.rpc):
        jump_to(keel.rpc, last - frame)
    if last > newest:
        report(keel)
    if timestamp > now(keel.rpc):
        jump_to(keel.rpc, timestamp)
