"""Leaving at once: price, limit, liquidity, pauses, and what a receiver can do (INS, LIM-3)."""

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, now, reverting, set_next_timestamp
from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt
from keel.deploy.contracts import InstantRedemption
from keel.model.constants import DAY, ETHER, GWEI, SHARES_PER_UNIT
from keel.model.limits import available, take
from keel.model.redemption import FeeCurve, fee_wei, payable_wei
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.vaults import (
    VALIDATOR_WEI,
    ZERO_ADDRESS,
    accounts_of,
    change,
    lay_bare,
    shares_of,
    stake,
    units_of,
)

PAR = 10**9


@pytest.fixture
def instant(keel: Keel) -> InstantRedemption:
    """3,000 ETH of liquidity, 1,000 above the target from which the fee is the smallest."""
    deposit(keel, keel.actors.redeemer.address, 2_999 * ETHER)
    return keel.quick.instant


@pytest.fixture
def redeemer(keel: Keel) -> str:
    return str(keel.actors.redeemer.address)


@pytest.fixture
def outlet() -> str:
    """An account without ether, whose balance shows what was paid."""
    return "0x" + "42" * 20


def cost_wei(out_wei: int) -> int:
    """What shares must be worth to be paid this much at the smallest fee, 10 bps."""
    return out_wei + -(-out_wei // 1_000)


def curve_of(keel: Keel) -> FeeCurve:
    profile = keel.profile
    return FeeCurve(
        profile.instant_min_fee_bps, profile.instant_max_fee_bps, profile.instant_target_wei
    )


def redeem(
    keel: Keel, shares: int, receiver: str, min_out_wei: int = 0, at: int | None = None
) -> Receipt:
    """Redeem as the redeemer, in a block of exactly this time or that of the latest."""
    set_next_timestamp(keel.rpc, now(keel.rpc) if at is None else at)
    arguments = (shares, receiver, min_out_wei)
    return keel.quick.instant.redeem.send(*arguments, sender=keel.actors.redeemer.address)


def set_terms(keel: Keel, **fields: int) -> Receipt:
    """Change terms as the council, and report once the delay is over."""
    terms = keel.quick.instant.terms()._replace(**fields)
    receipt = keel.call_as_role(keel.quick.instant, "setTerms", terms)
    change(keel, 0)
    return receipt


class TestPrice:
    def test_above_the_target_is_the_smallest_fee(
        self, keel: Keel, instant: InstantRedemption, outlet: str
    ) -> None:
        shares = 1_001 * ETHER * PAR
        assert instant.previewRedeem(shares) == (1_000 * ETHER, ETHER)
        redeem(keel, shares, outlet)
        assert balance_wei(keel.rpc, outlet) == 1_000 * ETHER

    @settings(
        max_examples=80,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        deposited_wei=st.integers(1, 3_000 * ETHER),
        validators=st.integers(0, 2),
        growth_wei=st.integers(0, 5 * ETHER),
        part_bps=st.integers(0, 10_000),
        dust=st.integers(0, 2 * PAR),
    )
    def test_is_the_models_to_the_wei(
        self,
        *,
        keel: Keel,
        redeemer: str,
        deposited_wei: int,
        validators: int,
        growth_wei: int,
        part_bps: int,
        dust: int,
    ) -> None:
        with reverting(keel.rpc):
            deposit(keel, redeemer, deposited_wei)
            stake(keel, min(validators, deposited_wei // VALIDATOR_WEI))
            change(keel, growth_wei)
            accounts, at = accounts_of(keel), now(keel.rpc)
            held = shares_of(keel, redeemer)[0]
            shares = min(held, held * part_bps // 10_000 + dust)
            worth_wei = accounts.to_assets_down(shares, at)
            liquidity_wei = accounts.buffered_wei(0)
            curve = curve_of(keel)
            most_wei = liquidity_wei + fee_wei(curve, liquidity_wei, liquidity_wei)
            paid_wei = payable_wei(curve, liquidity_wei, worth_wei)
            if paid_wei == 0 and worth_wei <= most_wei:
                with fails("NothingToPay", shares=shares):
                    redeem(keel, shares, redeemer)
                return
            if worth_wei > most_wei:
                short = {"neededWei": worth_wei, "availableWei": most_wei}
                with fails("InsufficientLiquidity", **short):
                    redeem(keel, shares, redeemer)
                return
            instant = keel.quick.instant
            assert instant.previewRedeem(shares) == (paid_wei, worth_wei - paid_wei)
            receipt = redeem(keel, shares, redeemer)
            (redeemed,) = keel.quick.vault.events(receipt, "RedeemedInstantly")
            needed = accounts.to_shares_up(paid_wei, at)
            to_fund = (shares - needed) // SHARES_PER_UNIT * SHARES_PER_UNIT
            assert redeemed.inputs["paidWei"] == paid_wei
            assert redeemed.inputs["sharesToFund"] == to_fund
            assert redeemed.inputs["sharesBurned"] == shares - to_fund
            after = accounts_of(keel)
            assert after.backing_wei == accounts.backing_wei - paid_wei
            assert after.shares == accounts.shares - shares + to_fund

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(data=st.data())
    @pytest.mark.usefixtures("instant")
    def test_splitting_gains_nothing(self, *, keel: Keel, data: st.DataObject) -> None:
        whole = data.draw(st.integers(100, 2_900 * ETHER), label="whole") * PAR
        with reverting(keel.rpc):
            redeem(keel, whole, "0x" + "43" * 20)
            at_once_wei = balance_wei(keel.rpc, "0x" + "43" * 20)
        parts = data.draw(st.lists(st.integers(50, whole // PAR), min_size=1, max_size=4))
        left, outlet = whole, "0x" + "44" * 20
        with reverting(keel.rpc):
            for part in [*parts, whole]:
                shares = min(part * PAR, left)
                left -= shares
                if shares > 2 * PAR:
                    redeem(keel, shares, outlet)
            assert balance_wei(keel.rpc, outlet) <= at_once_wei

    def test_without_a_target_is_the_smallest_to_the_end(
        self, keel: Keel, redeemer: str, outlet: str
    ) -> None:
        set_terms(keel, targetGwei=0)
        deposit(keel, redeemer, 999 * ETHER)
        short = {"neededWei": 1_002 * ETHER, "availableWei": 1_001 * ETHER}
        with fails("InsufficientLiquidity", **short):
            redeem(keel, 1_002 * ETHER * PAR, outlet)
        redeem(keel, 999 * ETHER * PAR, outlet)
        assert balance_wei(keel.rpc, outlet) == 999 * ETHER * 1_000 // 1_001


class TestRedeem:
    @pytest.mark.usefixtures("instant")
    def test_gives_the_fee_to_the_fund_as_whole_units(
        self, keel: Keel, redeemer: str, outlet: str
    ) -> None:
        vault, fund, wrapped = keel.quick.vault, keel.quick.fund.address, keel.quick.wrapped
        shares = 1_001 * ETHER * PAR + 7
        held = shares_of(keel, redeemer)[0]
        receipt = redeem(keel, shares, outlet)
        assert shares_of(keel, redeemer) == [held - shares]
        assert units_of(keel, fund) == ETHER
        assert shares_of(keel, wrapped.address) == [ETHER * PAR]
        burned, redeemed, given = vault.events(receipt)
        assert burned.inputs == {"from": redeemer, "to": ZERO_ADDRESS, "value": 1_000 * ETHER}
        assert redeemed.inputs == {
            "holder": redeemer,
            "receiver": outlet,
            "paidWei": 1_000 * ETHER,
            "sharesBurned": 1_000 * ETHER * PAR + 7,
            "sharesToFund": ETHER * PAR,
        }
        assert given.inputs == {"from": redeemer, "to": wrapped.address, "value": ETHER}
        assert vault.bufferedWei() == balance_wei(keel.rpc, vault.address) == 2_000 * ETHER

    @pytest.mark.usefixtures("instant")
    def test_pays_at_least_the_minimum_or_nothing(self, keel: Keel, outlet: str) -> None:
        shares = 1_001 * ETHER * PAR
        least = {"outWei": 1_000 * ETHER, "minOutWei": 1_000 * ETHER + 1}
        with fails("BelowMinimumOut", **least):
            redeem(keel, shares, outlet, 1_000 * ETHER + 1)
        redeem(keel, shares, outlet, 1_000 * ETHER)

    @pytest.mark.usefixtures("instant")
    def test_refuses_shares_that_are_worth_no_wei_after_the_fee(
        self, keel: Keel, outlet: str
    ) -> None:
        for shares in (0, PAR - 1, PAR, 2 * PAR - 1):
            with fails("NothingToPay", shares=shares):
                redeem(keel, shares, outlet)
        redeem(keel, 2 * PAR, outlet)
        assert balance_wei(keel.rpc, outlet) == 1

    @pytest.mark.usefixtures("instant")
    def test_needs_the_shares(self, keel: Keel, redeemer: str) -> None:
        deposit(keel, keel.actors.holder.address, 1_000 * ETHER)
        held = shares_of(keel, redeemer)[0]
        with fails("InsufficientShares", holder=redeemer, shares=held, needed=held + PAR):
            redeem(keel, held + PAR, redeemer)
        redeem(keel, held, redeemer)
        assert shares_of(keel, redeemer) == [0]

    @pytest.mark.usefixtures("instant")
    def test_refuses_what_liquidity_cannot_pay_in_full(self, keel: Keel, outlet: str) -> None:
        """INS-2: at the bound all liquidity is paid, one wei beyond nothing."""
        for first in (0, 30, 60):  # a frame lets 32 be staked
            change(keel, 0)
            stake(keel, 30, first)
        most_wei = 210 * ETHER + fee_wei(curve_of(keel), 210 * ETHER, 210 * ETHER)
        short = {"neededWei": most_wei + 1, "availableWei": most_wei}
        with fails("InsufficientLiquidity", **short):
            redeem(keel, (most_wei + 1) * PAR, outlet)
        redeem(keel, most_wei * PAR, outlet)
        assert balance_wei(keel.rpc, outlet) == 210 * ETHER
        assert keel.quick.vault.freeWei() == 0

    def test_leaves_what_tickets_are_owed(
        self, keel: Keel, instant: InstantRedemption, redeemer: str, outlet: str
    ) -> None:
        for _ in range(2):
            keel.quick.queue.request.send(1_000 * ETHER, redeemer, sender=redeemer)
        assert instant.redeemableWei() == 1_000 * ETHER
        most_wei = 1_000 * ETHER + fee_wei(curve_of(keel), 1_000 * ETHER, 1_000 * ETHER)
        deposited = 999 * ETHER
        assert most_wei > deposited
        redeem(keel, deposited * PAR, outlet)
        assert keel.quick.vault.bufferedWei() >= keel.quick.queue.owedWei()

    def test_pays_nothing_when_insolvent(self, keel: Keel, outlet: str) -> None:
        depositor = lay_bare(keel)
        change(keel, -32 * ETHER)
        with fails("NothingToPay", shares=10**27):
            keel.quick.instant.redeem.send(10**27, outlet, 0, sender=depositor)


class TestLimit:
    def test_holds_at_the_bound_and_refills_by_the_second(
        self, keel: Keel, redeemer: str, outlet: str
    ) -> None:
        deposit(keel, redeemer, 20_000 * ETHER)
        limit_wei, start = keel.profile.instant_limit_wei, now(keel.rpc)
        assert keel.quick.instant.redeemableWei() == limit_wei
        with fails("LimitExceeded", amount=limit_wei + 1, available=limit_wei):
            redeem(keel, cost_wei(limit_wei + 1) * PAR, outlet)
        redeem(keel, cost_wei(limit_wei) * PAR, outlet, at=start)
        assert balance_wei(keel.rpc, outlet) == limit_wei
        assert keel.quick.instant.redeemableWei() == 0
        full_at = take(0, start, limit_wei, limit_wei, DAY)
        jump_to(keel.rpc, start + 10)
        room_wei = available(full_at, start + 10, limit_wei, DAY)
        assert keel.quick.instant.redeemableWei() == room_wei
        with fails("LimitExceeded", amount=room_wei + 1, available=room_wei):
            redeem(keel, cost_wei(room_wei + 1) * PAR, outlet)
        redeem(keel, cost_wei(room_wei) * PAR, outlet)
        assert balance_wei(keel.rpc, outlet) == limit_wei + room_wei

    def test_of_nothing_closes_it(
        self, keel: Keel, instant: InstantRedemption, outlet: str
    ) -> None:
        set_terms(keel, limitGwei=0)
        assert instant.redeemableWei() == 0
        with fails("LimitExceeded", amount=1, available=0):
            redeem(keel, 2 * PAR, outlet)


class TestPause:
    def test_ends_by_itself_at_its_second(
        self, keel: Keel, instant: InstantRedemption, outlet: str
    ) -> None:
        receipt = keel.call_as_role(instant, "pause", 200)
        until = receipt.timestamp + 200
        (paused,) = instant.events(receipt)
        assert paused.inputs == {"until": until}
        assert instant.pausedUntil() == until
        assert instant.redeemableWei() == 0
        with fails("RedemptionPaused", until=until):
            redeem(keel, ETHER * PAR, outlet, at=until - 1)
        redeem(keel, ETHER * PAR, outlet, at=until)

    def test_can_be_ended_early_and_lasts_at_most_its_bound(
        self, keel: Keel, instant: InstantRedemption, outlet: str
    ) -> None:
        most = keel.profile.max_pause_seconds
        with fails("PauseTooLong", asked=most + 1, max=most):
            keel.call_as_role(instant, "pause", most + 1)
        keel.call_as_role(instant, "pause", most)
        ended = keel.call_as_role(instant, "pause", 0)
        redeem(keel, ETHER * PAR, outlet, at=ended.timestamp)

    def test_leaves_at_least_half_of_the_time_open(
        self, keel: Keel, instant: InstantRedemption
    ) -> None:
        until = keel.call_as_role(instant, "pause", 200).timestamp + 200
        set_next_timestamp(keel.rpc, until + 199)
        with fails("PauseTooSoon", possibleAt=until + 200, nowTime=until + 199):
            keel.call_as_role(instant, "pause", 1)
        set_next_timestamp(keel.rpc, until + 200)
        keel.call_as_role(instant, "pause", 1)

    def test_leaves_deposits_and_staking_open(self, keel: Keel, instant: InstantRedemption) -> None:
        keel.call_as_role(instant, "pause", 200)
        deposit(keel, keel.actors.depositor.address, ETHER)
        stake(keel, 1)


class TestTerms:
    @pytest.mark.parametrize(
        ("fields", "what", "value", "most"),
        [
            ({"maxFeeBps": 1_001}, "maxFeeBps", 1_001, 1_000),
            ({"minFeeBps": 301}, "minFeeBps", 301, 300),
        ],
    )
    def test_beyond_a_bound_are_refused(
        self, *, keel: Keel, fields: Mapping[str, int], what: str, value: int, most: int
    ) -> None:
        with fails("ParameterOutOfBounds", what=what, value=value, bound=most):
            set_terms(keel, **fields)

    def test_at_every_bound_are_taken_and_said(self, keel: Keel) -> None:
        instant, terms = keel.quick.instant, (1_000, 1_000, 2**48 - 1, 2**48 - 1)
        receipt = keel.call_as_role(instant, "setTerms", terms)
        (said,) = instant.events(receipt)
        assert said.name == "TermsSet"
        assert tuple(said.inputs.values()) == instant.terms() == terms

    def test_set_the_price_at_once(self, keel: Keel, redeemer: str, outlet: str) -> None:
        set_terms(keel, minFeeBps=100, maxFeeBps=100, targetGwei=ETHER // GWEI)
        deposit(keel, redeemer, 1_000 * ETHER)
        redeem(keel, 101 * ETHER * PAR, outlet)
        assert balance_wei(keel.rpc, outlet) == 100 * ETHER
