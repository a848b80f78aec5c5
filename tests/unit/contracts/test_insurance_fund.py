"""InsuranceFund: ERC-4626 over wkETH whose shares leave only after a cooldown (FND, LOS-2)."""

from contextlib import AbstractContextManager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump, jump_to, now, set_next_timestamp
from keel.chain.contract import Contract, deploy
from keel.chain.revert import BareRevert, Reverted
from keel.chain.transaction import Receipt, send_transaction
from keel.model import insurance as rules
from keel.model.constants import ETHER, SHARES_PER_UNIT
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit, next_reference_slot, report, undone

NOBODY = "0x" + "0" * 40
UNITS = 100 * ETHER
SHARES = UNITS * 10**6
"""What the first underwriter's units buy."""


@pytest.fixture
def fund(keel: Keel) -> Contract:
    """A fund with one underwriter's 100 wkETH, in the normal state."""
    report(keel)
    wrap(keel, keel.actors.underwriter.address, UNITS)
    buy(keel, keel.actors.underwriter.address, UNITS)
    return keel.quick.fund


@pytest.fixture
def underwriter(keel: Keel) -> str:
    return str(keel.actors.underwriter.address)


class TestToken:
    def test_has_its_name(self, keel: Keel) -> None:
        fund = keel.quick.fund
        assert fund.call("name") == "Keel Insurance Fund share"
        assert fund.call("symbol") == "kCOVER"
        assert fund.call("decimals") == 18 + 6
        assert fund.call("asset") == keel.quick.wrapped.address

    def test_is_minted_for_units_and_shown_by_erc_4626(
        self, fund: Contract, underwriter: str
    ) -> None:
        assert fund.call("balanceOf", underwriter) == fund.call("totalSupply") == SHARES
        assert fund.call("totalAssets") == UNITS
        assert fund.call("convertToAssets", SHARES) == UNITS
        assert fund.call("convertToShares", UNITS) == SHARES
        assert fund.call("maxDeposit", underwriter) == 2**256 - 1
        assert fund.call("maxMint", underwriter) == 2**256 - 1

    def test_is_bought_by_deposit_and_mint_as_previewed(self, keel: Keel, fund: Contract) -> None:
        holder = keel.actors.holder.address
        give_units(keel, fund.address, 7)  # an uneven price
        wrap(keel, holder, UNITS)
        keel.quick.wrapped.send("approve", fund.address, UNITS, sender=holder)
        supply, held = SHARES, UNITS + 7
        shares = fund.call("previewDeposit", ETHER)
        assert shares == rules.to_fund_shares_down(ETHER, supply, held)
        receipt = fund.send("deposit", ETHER, holder, sender=holder)
        (bought,) = fund.events(receipt, "Deposit")
        assert tuple(bought.inputs.values()) == (holder, holder, ETHER, shares)
        supply, held = supply + shares, held + ETHER
        units = fund.call("previewMint", 5 * 10**6 + 1)
        assert units == rules.to_fund_units_up(5 * 10**6 + 1, supply, held)
        fund.send("mint", 5 * 10**6 + 1, holder, sender=holder)
        assert fund.call("totalAssets") == held + units
        assert fund.call("balanceOf", holder) == shares + 5 * 10**6 + 1

    def test_is_not_made_dear_by_a_gift(self, keel: Keel) -> None:
        attacker, holder = keel.actors.attacker.address, keel.actors.holder.address
        for account in (attacker, holder):
            wrap(keel, account, 2 * ETHER)
        buy(keel, attacker, 1)
        keel.quick.wrapped.send("transfer", keel.quick.fund.address, ETHER, sender=attacker)
        buy(keel, holder, ETHER)
        fund = keel.quick.fund
        held = fund.call("convertToAssets", fund.call("balanceOf", holder))
        assert held >= ETHER - ETHER // 10**6
        assert fund.call("convertToAssets", fund.call("balanceOf", attacker)) <= ETHER * 2 // 3


class TestCooldown:
    def test_locks_shares_until_its_window_has_ended(
        self, keel: Keel, fund: Contract, underwriter: str
    ) -> None:
        at = now(keel.rpc) + 10
        set_next_timestamp(keel.rpc, at)
        receipt = fund.send("startCooldown", 40, sender=underwriter)
        start = at + keel.profile.cooldown_seconds
        end = start + keel.profile.window_seconds
        (started,) = fund.events(receipt, "CooldownStarted")
        assert tuple(started.inputs.values()) == (underwriter, 40, start, end)
        assert fund.call("cooldownOf", underwriter) == (40, start, end)
        jump_to(keel.rpc, end - 1)
        assert fund.call("cooldownOf", underwriter) == (40, start, end)
        jump_to(keel.rpc, end)
        assert fund.call("cooldownOf", underwriter) == (0, 0, 0)

    def test_takes_the_whole_balance_and_not_a_share_more(
        self, fund: Contract, underwriter: str
    ) -> None:
        with fails("CooldownAboveBalance", asked=SHARES + 1, balance=SHARES):
            fund.send("startCooldown", SHARES + 1, sender=underwriter)
        fund.send("startCooldown", SHARES, sender=underwriter)

    def test_takes_more_than_nothing(self, fund: Contract, underwriter: str) -> None:
        with fails("ZeroShares"):
            fund.send("startCooldown", 0, sender=underwriter)
        fund.send("startCooldown", 1, sender=underwriter)

    def test_starts_anew_for_other_shares(
        self, keel: Keel, fund: Contract, underwriter: str
    ) -> None:
        fund.send("startCooldown", SHARES, sender=underwriter)
        jump(keel.rpc, 1_000)
        receipt = fund.send("startCooldown", 10, sender=underwriter)
        cooldown = fund.call("cooldownOf", underwriter)
        assert cooldown.shares == 10
        assert cooldown.windowStart == receipt.timestamp + keel.profile.cooldown_seconds

    def test_can_be_cancelled_while_it_runs(
        self, keel: Keel, fund: Contract, underwriter: str
    ) -> None:
        holder = keel.actors.holder.address
        fund.send("startCooldown", SHARES, sender=underwriter)
        receipt = fund.send("cancelCooldown", sender=underwriter)
        (cancelled,) = fund.events(receipt, "CooldownCancelled")
        assert tuple(cancelled.inputs.values()) == (underwriter, SHARES)
        fund.send("transfer", holder, SHARES, sender=underwriter)

    def test_cannot_be_cancelled_when_there_is_none(
        self, keel: Keel, fund: Contract, underwriter: str
    ) -> None:
        with fails("NoCooldown", underwriter=underwriter):
            fund.send("cancelCooldown", sender=underwriter)
        fund.send("startCooldown", 1, sender=underwriter)
        jump_to(keel.rpc, fund.call("cooldownOf", underwriter).windowEnd)
        with fails("NoCooldown", underwriter=underwriter):
            fund.send("cancelCooldown", sender=underwriter)


class TestLock:
    @pytest.fixture
    def until(self, fund: Contract, underwriter: str) -> int:
        """40 % of the shares cool until then."""
        fund.send("startCooldown", SHARES * 2 // 5, sender=underwriter)
        return int(fund.call("cooldownOf", underwriter).windowEnd)

    def test_lets_other_shares_go_and_not_one_more(
        self, keel: Keel, fund: Contract, underwriter: str, until: int
    ) -> None:
        holder, free = keel.actors.holder.address, SHARES * 3 // 5
        locked = {"underwriter": underwriter, "locked": SHARES - free, "until": until}
        with fails("SharesLocked", **locked):
            fund.send("transfer", holder, free + 1, sender=underwriter)
        fund.send("transfer", holder, free, sender=underwriter)
        with fails("SharesLocked", **locked):
            fund.send("transfer", holder, 1, sender=underwriter)

    def test_holds_against_an_allowance(
        self, keel: Keel, fund: Contract, underwriter: str, until: int
    ) -> None:
        attacker = keel.actors.attacker.address
        fund.send("approve", attacker, SHARES, sender=underwriter)
        with fails("SharesLocked", underwriter=underwriter, locked=SHARES * 2 // 5, until=until):
            fund.send("transferFrom", underwriter, attacker, SHARES, sender=attacker)

    def test_ends_with_the_window(
        self, keel: Keel, fund: Contract, underwriter: str, until: int
    ) -> None:
        holder = keel.actors.holder.address
        set_next_timestamp(keel.rpc, until - 1)
        with fails("SharesLocked", underwriter=underwriter, locked=SHARES * 2 // 5, until=until):
            fund.send("transfer", holder, SHARES, sender=underwriter)
        set_next_timestamp(keel.rpc, until)
        fund.send("transfer", holder, SHARES, sender=underwriter)

    def test_leaves_the_error_of_a_short_balance_to_erc_20(
        self, keel: Keel, fund: Contract, underwriter: str, until: int
    ) -> None:
        assert until > now(keel.rpc)
        with fails(
            "ERC20InsufficientBalance", sender=underwriter, balance=SHARES, needed=SHARES + 1
        ):
            fund.send("transfer", keel.actors.holder.address, SHARES + 1, sender=underwriter)

    def test_does_not_stop_shares_from_coming_in(
        self, keel: Keel, fund: Contract, underwriter: str, until: int
    ) -> None:
        assert until > now(keel.rpc)
        wrap(keel, underwriter, ETHER)
        buy(keel, underwriter, ETHER)
        assert fund.call("balanceOf", underwriter) == SHARES + ETHER * 10**6


class TestLeaving:
    """All shares but one cool."""

    @pytest.fixture
    def cooling(self, fund: Contract, underwriter: str) -> rules.Cooldown:
        fund.send("startCooldown", SHARES - 1, sender=underwriter)
        return rules.Cooldown(*fund.call("cooldownOf", underwriter))

    def test_is_possible_from_the_start_of_the_window_until_just_before_its_end(
        self, keel: Keel, fund: Contract, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        for at, most in (
            (cooling.window_start - 1, 0),
            (cooling.window_start, SHARES - 1),
            (cooling.window_end - 1, SHARES - 1),
            (cooling.window_end, 0),
        ):
            stay_normal_until(keel, at)
            assert fund.call("maxRedeem", underwriter) == most
            most_units = fund.call("previewRedeem", most)
            assert fund.call("maxWithdraw", underwriter) == most_units

    def test_pays_units_for_cooled_shares(
        self, keel: Keel, fund: Contract, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        units = fund.call("previewRedeem", SHARES // 2)
        receipt = redeem(fund, SHARES // 2, underwriter)
        (left,) = fund.events(receipt, "Withdraw")
        expected = (underwriter, underwriter, underwriter, units, SHARES // 2)
        assert tuple(left.inputs.values()) == expected
        assert keel.quick.wrapped.call("balanceOf", underwriter) == units == UNITS // 2

    def test_leaves_the_rest_cooled(
        self, keel: Keel, fund: Contract, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        redeem(fund, 10**6, underwriter)
        left = cooling.shares - 10**6
        assert fund.call("maxRedeem", underwriter) == left
        with exceeds(underwriter, left + 1, left):
            redeem(fund, left + 1, underwriter)
        redeem(fund, left, underwriter)
        assert fund.call("maxRedeem", underwriter) == 0
        assert fund.call("balanceOf", underwriter) == 1

    def test_by_withdraw_names_units(
        self, keel: Keel, fund: Contract, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        most = fund.call("maxWithdraw", underwriter)
        with fails("ERC4626ExceededMaxWithdraw", owner=underwriter, assets=most + 1, max=most):
            withdraw(fund, most + 1, underwriter)
        burned = fund.call("previewWithdraw", most)
        assert burned <= cooling.shares
        withdraw(fund, most, underwriter)
        assert keel.quick.wrapped.call("balanceOf", underwriter) == most
        assert fund.call("balanceOf", underwriter) == SHARES - burned

    def test_is_refused_before_and_after_the_window(
        self, keel: Keel, fund: Contract, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        for at in (cooling.window_start - 1, cooling.window_end):
            stay_normal_until(keel, at - 1)
            set_next_timestamp(keel.rpc, at)
            with exceeds(underwriter, 1, 0):
                redeem(fund, 1, underwriter)

    def test_is_refused_without_a_cooldown(self, fund: Contract, underwriter: str) -> None:
        with exceeds(underwriter, 1, 0):
            redeem(fund, 1, underwriter)

    def test_by_another_needs_an_allowance(
        self, keel: Keel, fund: Contract, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        redeemer = keel.actors.redeemer.address
        stay_normal_until(keel, cooling.window_start)
        needed = {"spender": redeemer, "allowance": 0, "needed": 10**6}
        with fails("ERC20InsufficientAllowance", **needed):
            fund.send("redeem", 10**6, redeemer, underwriter, sender=redeemer)
        fund.send("approve", redeemer, 10**6, sender=underwriter)
        fund.send("redeem", 10**6, redeemer, underwriter, sender=redeemer)
        assert keel.quick.wrapped.call("balanceOf", redeemer) == 1

    def test_is_closed_while_a_report_is_awaited(
        self, keel: Keel, fund: Contract, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        redeem(fund, 1, underwriter)
        next_reference_slot(keel)
        assert now(keel.rpc) < cooling.window_end
        with exceeds(underwriter, 1, 0):
            redeem(fund, 1, underwriter)
        assert fund.call("maxWithdraw", underwriter) == 0

    def test_is_closed_while_a_loss_is_announced(
        self, keel: Keel, fund: Contract, underwriter: str, cooling: rules.Cooldown
    ) -> None:
        stay_normal_until(keel, cooling.window_start)
        redeem(fund, 1, underwriter)
        keel.quick.vault.send("announceLoss", sender=as_contract(keel.quick.oracle))
        with exceeds(underwriter, 1, 0):
            redeem(fund, 1, underwriter)

    @pytest.mark.parametrize("frames", [3, 14], ids=["stale", "dead"])
    def test_is_closed_without_an_oracle(
        self, keel: Keel, fund: Contract, underwriter: str, frames: int
    ) -> None:
        fund.send("startCooldown", SHARES, sender=underwriter)
        opens = fund.call("cooldownOf", underwriter).windowStart
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
        self, keel: Keel, fund: Contract, shares: int, units: int
    ) -> None:
        wrapped, vault = keel.quick.wrapped, as_contract(keel.quick.vault)
        assert fund.call("coverable", shares) == units
        receipt = fund.send("cover", shares, sender=vault)
        (covered,) = fund.events(receipt, "Covered")
        asked = -(-shares // SHARES_PER_UNIT)
        assert tuple(covered.inputs.values()) == (asked, units)
        assert wrapped.call("balanceOf", vault) == units
        assert fund.call("totalAssets") == UNITS - units

    def test_rounds_its_bound_down(self, keel: Keel, fund: Contract) -> None:
        give_units(keel, fund.address, 19)
        assert fund.call("coverable", 2**255) == (UNITS + 19) * 95 // 100

    @pytest.mark.parametrize("actor", ["stranger", "governance", "underwriter"])
    def test_is_the_vaults_alone(self, keel: Keel, fund: Contract, actor: str) -> None:
        caller = keel.actors[actor].address
        with fails("OnlyVault", caller=caller):
            fund.send("cover", 1, sender=caller)

    def test_bears_a_reported_loss_before_holders_do(
        self, keel: Keel, fund: Contract, underwriter: str
    ) -> None:
        vault = keel.quick.vault
        report(keel, consensusBalanceWei=50 * ETHER)
        jump(keel.rpc, keel.profile.max_stream_seconds)
        report(keel)
        held = fund.call("totalAssets")
        fund.send("startCooldown", SHARES, sender=underwriter)
        receipt = report(keel, consensusBalanceWei=40 * ETHER)
        (loss,) = vault.events(receipt, "LossAbsorbed")
        (covered,) = fund.events(receipt, "Covered")
        units = covered.inputs["unitsPaid"]
        assert loss.inputs["lossWei"] == 10 * ETHER
        assert loss.inputs["coverShares"] == units * SHARES_PER_UNIT
        assert loss.inputs["holdersWei"] + loss.inputs["ticketsWei"] <= 1
        assert fund.call("totalAssets") == held - units
        assert fund.call("convertToAssets", SHARES) < held


class TestConstructor:
    def test_keeps_what_the_profile_says(self, keel: Keel) -> None:
        fund = keel.quick.fund
        assert fund.call("VAULT") == keel.quick.vault.address
        assert fund.call("COOLDOWN_SECONDS") == keel.profile.cooldown_seconds
        assert fund.call("WINDOW_SECONDS") == keel.profile.window_seconds

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
        with fails("ParameterOutOfBounds", what="cooldownSeconds", value=year + 1, max=year):
            deploy_fund(keel, *addresses, year + 1, 1)
        with fails("ParameterOutOfBounds", what="windowSeconds", value=year + 1, max=year):
            deploy_fund(keel, *addresses, 1, year + 1)
        with fails("ZeroWindow"):
            deploy_fund(keel, *addresses, 1, 0)
        deploy_fund(keel, *addresses, year, year)
        deploy_fund(keel, *addresses, 0, 1)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    units=st.integers(1, ETHER),
    gift=st.integers(0, ETHER),
    covered=st.integers(0, 2 * UNITS),
)
def test_coming_and_going_never_gains(
    keel: Keel, fund: Contract, units: int, gift: int, covered: int
) -> None:
    """Whatever was given or taken before, shares bought are worth at most what they cost."""
    with undone(keel.rpc):
        fund.send("cover", covered * SHARES_PER_UNIT, sender=as_contract(keel.quick.vault))
        give_units(keel, fund.address, gift)
        supply, held = fund.call("totalSupply"), fund.call("totalAssets")
        shares = fund.call("previewDeposit", units)
        assert shares == rules.to_fund_shares_down(units, supply, held)
        assert rules.to_fund_units_down(shares, supply + shares, held + units) <= units
        assert fund.call("previewMint", shares) <= units
        assert fund.call("previewWithdraw", units) >= shares


def test_forced_ether_changes_nothing(keel: Keel, fund: Contract) -> None:
    totals = fund.call("totalAssets"), fund.call("totalSupply")
    with pytest.raises(Reverted) as caught:
        send_transaction(keel.rpc, keel.actors.stranger.address, fund.address, value_wei=1)
    assert caught.value.cause == BareRevert()
    as_contract(fund)  # forces ether in
    assert (fund.call("totalAssets"), fund.call("totalSupply")) == totals


def wrap(keel: Keel, holder: str, units: int) -> None:
    """Give an account units of wkETH."""
    wei = keel.quick.wrapped.call("previewMint", units)
    deposit(keel, holder, wei + 10)
    keel.quick.wrapped.send("mint", units, holder, sender=holder)


def buy(keel: Keel, underwriter: str, units: int) -> Receipt:
    """Deposit units into the fund."""
    keel.quick.wrapped.send("approve", keel.quick.fund.address, units, sender=underwriter)
    return keel.quick.fund.send("deposit", units, underwriter, sender=underwriter)


def give_units(keel: Keel, receiver: str, units: int) -> None:
    """Send units of wkETH that a stranger bought."""
    stranger = keel.actors.stranger.address
    if units:
        wrap(keel, stranger, units)
    keel.quick.wrapped.send("transfer", receiver, units, sender=stranger)


def redeem(fund: Contract, shares: int, owner: str) -> Receipt:
    return fund.send("redeem", shares, owner, owner, sender=owner)


def withdraw(fund: Contract, units: int, owner: str) -> Receipt:
    return fund.send("withdraw", units, owner, owner, sender=owner)


def exceeds(owner: str, shares: int, most: int) -> AbstractContextManager[None]:
    """Expect ERC-4626's refusal to redeem so much."""
    return fails("ERC4626ExceededMaxRedeem", owner=owner, shares=shares, max=most)


def stay_normal_until(keel: Keel, timestamp: int) -> None:
    """Go there with the report of the newest reference slot applied."""
    newest = keel.quick.vault.call("newestRefTime")
    frame = keel.profile.frame_seconds
    last = newest + (timestamp - newest) // frame * frame
    if last - frame > now(keel.rpc):
        jump_to(keel.rpc, last - frame)
    if last > newest:
        report(keel)
    if timestamp > now(keel.rpc):
        jump_to(keel.rpc, timestamp)


def deploy_fund(keel: Keel, vault: str, wrapped: str, cooldown: int, window: int) -> None:
    """Try the constructor."""
    artifact = keel.artifacts["InsuranceFund"]
    stranger = keel.actors.stranger.address
    arguments = (vault, wrapped, cooldown, window)
    deploy(keel.rpc, artifact.abi, artifact.creation_code, *arguments, sender=stranger)
