"""Rewards vest linearly (STR): every figure at chosen seconds, against the model."""

import pytest

from keel.chain.clock import jump_to, now, set_next_timestamp
from keel.chain.contract import call_many
from keel.deploy.contracts import StakingVault
from keel.model.constants import (
    BPS,
    DAY,
    ETHER,
    LONGEST_STREAM_SECONDS,
    REOPENING_FRAMES,
    STREAM_FRAMES,
)
from keel.model.stream import Stream, stream_seconds, unvested_wei
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit, next_reference_slot
from tests.unit.contracts.vaults import (
    FEE_BPS,
    accounts_of,
    apply,
    change,
    inputs_of,
    predicted,
    stake,
    stake_most,
)

YEAR = 365 * DAY
PROFIT_WEI = 5 * ETHER + 3
CARRY_WEI = 10 * ETHER


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    """Of 1,000 ETH, 960 are staked and 10 lost: profits up to that bear no fee (REP-5)."""
    stake_most(keel)
    change(keel, -CARRY_WEI)
    change(keel, 0, frames=REOPENING_FRAMES + 1)
    return keel.quick.vault


def visible_wei(vault: StakingVault) -> int:
    return int(vault.totalSupply())


class TestVesting:
    def test_is_exact_at_every_second(self, keel: Keel, vault: StakingVault) -> None:
        receipt = change(keel, PROFIT_WEI)
        accounts = accounts_of(keel)
        stream, start = accounts.stream, receipt.timestamp
        assert stream == Stream(PROFIT_WEI, start + stream.seconds, stream.seconds)
        passed = [1, 2, 3, stream.seconds // 3, stream.seconds // 2, stream.seconds - 1]
        for second in [*passed, stream.seconds, stream.seconds + 1, 10 * stream.seconds]:
            jump_to(keel.rpc, start + second)
            shares, assets_wei, unvested = vault.totals()
            assert unvested == unvested_wei(stream, start + second)
            assert (
                visible_wei(vault) == assets_wei - unvested == accounts.visible_wei(start + second)
            )
            assert (shares, assets_wei) == (accounts.shares, accounts.backing_wei)
        assert unvested == 0

    def test_balances_grow_with_it_and_shares_stay(self, keel: Keel, vault: StakingVault) -> None:
        depositor = keel.actors.depositor.address
        shares = vault.sharesOf(depositor)
        change(keel, PROFIT_WEI)
        balances = []
        for _ in range(4):
            jump_to(keel.rpc, now(keel.rpc) + 60)
            balances.append(vault.balanceOf(depositor))
        assert balances == sorted(set(balances))
        assert vault.sharesOf(depositor) == shares

    @pytest.mark.parametrize(
        ("profit_wei", "charged_wei"), [(CARRY_WEI, 0), (CARRY_WEI + ETHER, ETHER)]
    )
    def test_v_grows_at_the_report_by_the_fee_alone_and_the_rate_by_nothing(
        self, keel: Keel, vault: StakingVault, profit_wei: int, charged_wei: int
    ) -> None:
        """STR-2."""
        inputs = inputs_of(keel, next_reference_slot(keel), profit_wei)
        at = now(keel.rpc)
        shares, before_wei = vault.totalShares(), visible_wei(vault)
        set_next_timestamp(keel.rpc, at)
        receipt = apply(keel, inputs)
        assert receipt.timestamp == at
        fee_wei = charged_wei * FEE_BPS // BPS
        assert visible_wei(vault) == before_wei + fee_wei
        minted = vault.totalShares() - shares
        assert minted == fee_wei * shares // before_wei

    def test_a_second_profit_joins_what_is_unvested(self, keel: Keel, vault: StakingVault) -> None:
        first = change(keel, PROFIT_WEI)
        before = accounts_of(keel)
        inputs = inputs_of(keel, next_reference_slot(keel), ETHER)
        set_next_timestamp(keel.rpc, now(keel.rpc))
        receipt = apply(keel, inputs)
        left_wei = before.unvested_wei(receipt.timestamp)
        assert first.timestamp < receipt.timestamp < before.stream.end
        assert accounts_of(keel).stream.unvested_wei == left_wei + ETHER
        assert vault.totals().unvestedWei == left_wei + ETHER

    @pytest.mark.usefixtures("vault")
    def test_deposits_requests_and_redemptions_leave_it_alone(self, keel: Keel) -> None:
        change(keel, PROFIT_WEI)
        stream, depositor = accounts_of(keel).stream, keel.actors.depositor.address
        deposit(keel, depositor, 50 * ETHER)
        keel.quick.queue.request.send(ETHER, depositor, sender=depositor)
        keel.quick.instant.redeem.send(ETHER * 10**9, depositor, 0, sender=depositor)
        assert accounts_of(keel).stream == stream


class TestLength:
    """STR-3 on the parameters of Ethereum, where either term can be the deciding one."""

    @pytest.mark.parametrize(
        ("profit_wei", "frames", "decides"),
        [
            (ETHER // 1_000, 1, "frame"),
            (ETHER // 1_000, 3, "covered"),
            (5 * ETHER, 1, "cap"),
            (5_000 * ETHER, 1, "cap"),
        ],
    )
    def test_is_the_larger_of_the_time_covered_and_what_the_cap_demands(
        self, keel_mainnet: Keel, profit_wei: int, frames: int, decides: str
    ) -> None:
        """AUDIT H1: no longest length overrides the cap; the base is what is on record."""
        keel, profile = keel_mainnet, keel_mainnet.profile
        vault = stake_most(keel)
        receipt = change(keel, profit_wei, frames)
        vested_wei, end, seconds = vault.function("stream")()
        base_wei = 960 * ETHER + 960 * ETHER * 75 // 100_000  # below V
        expected = {
            "frame": profile.frame_seconds,
            "covered": 3 * profile.frame_seconds,
            "cap": -(-vested_wei * DAY * 100_000 // (75 * base_wei)),
        }
        assert 0 < profit_wei - vested_wei <= profit_wei // 10  # the fee
        assert (end, seconds) == (receipt.timestamp + expected[decides], expected[decides])

    def test_follows_the_model_to_the_second(self, keel_mainnet: Keel) -> None:
        keel, profile = keel_mainnet, keel_mainnet.profile
        stake_most(keel)
        for profit_wei, frames in ((3 * ETHER + 1, 1), (1, 2), (7 * ETHER, 1), (0, 3)):
            before = accounts_of(keel)
            receipt = change(keel, profit_wei, frames)
            after, at = accounts_of(keel), receipt.timestamp
            left_wei = before.unvested_wei(at)
            assert after.stream.seconds == stream_seconds(
                left_wei,
                max(0, before.stream.end - at),
                after.stream.unvested_wei - left_wei,
                frame_seconds=profile.frame_seconds,
                covered_seconds=frames * profile.frame_seconds,
                cap_ray_per_day=profile.stream_cap_ray_per_day,
                base_wei=min(before.visible_wei(at), after.record_wei + after.pending_wei),
                insolvent=False,
            )

    def test_of_a_gift_before_anything_is_staked_is_the_longest_until_something_is(
        self, keel: Keel
    ) -> None:
        """STR-3: a base of 0; and a time left counts as 30 frames at most."""
        vault = keel.quick.vault
        deposit(keel, keel.actors.depositor.address, 99 * ETHER)
        receipt = change(keel, 7)
        longest = LONGEST_STREAM_SECONDS
        assert vault.stream() == (7, receipt.timestamp + longest, longest)
        stake(keel, 3)
        receipt = change(keel, 0)
        seconds = STREAM_FRAMES * keel.profile.frame_seconds
        assert vault.stream() == (7, receipt.timestamp + seconds, seconds)

    def test_is_zero_for_a_report_with_nothing_to_vest(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        receipt = change(keel, 0)
        assert vault.stream() == (0, receipt.timestamp, 0)


class TestLossAndStream:
    def test_a_loss_takes_from_it_first_and_keeps_its_end(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        change(keel, PROFIT_WEI)
        before = accounts_of(keel)
        inputs = inputs_of(keel, next_reference_slot(keel), -ETHER)
        at = now(keel.rpc)
        visible_before_wei = before.visible_wei(at)
        set_next_timestamp(keel.rpc, at)
        apply(keel, inputs)
        left_wei = before.unvested_wei(at) - ETHER
        after = accounts_of(keel).stream
        assert after == Stream(left_wei, before.stream.end, before.stream.end - at)
        assert visible_wei(vault) == visible_before_wei
        jump_to(keel.rpc, before.stream.end - 1)
        assert vault.totals().unvestedWei == unvested_wei(after, before.stream.end - 1) > 0
        jump_to(keel.rpc, before.stream.end)
        assert vault.totals().unvestedWei == 0

    @pytest.mark.parametrize("beyond_wei", [0, 1])
    def test_a_loss_of_all_of_it_ends_it(
        self, keel: Keel, vault: StakingVault, beyond_wei: int
    ) -> None:
        change(keel, PROFIT_WEI)
        ref_time = next_reference_slot(keel)
        before = accounts_of(keel)
        visible_before_wei = before.visible_wei(ref_time)
        loss_wei = before.unvested_wei(ref_time) + beyond_wei
        as_contract(keel.quick.oracle)
        inputs = inputs_of(keel, ref_time, -loss_wei)
        expected = predicted(keel, inputs, ref_time)
        set_next_timestamp(keel.rpc, ref_time)
        apply(keel, inputs)
        assert vault.stream() == (0, ref_time, 0)
        assert visible_wei(vault) == visible_before_wei - beyond_wei
        assert accounts_of(keel) == expected.accounts


class TestAnnualRate:
    def test_is_what_the_stream_pays_a_year_on_v_after(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        receipt = change(keel, PROFIT_WEI)
        after = accounts_of(keel)
        (rebased,) = vault.events(receipt, "Rebased")
        seconds, worth_wei = after.stream.seconds, after.visible_wei(receipt.timestamp)
        assert rebased.inputs["aprBps"] == PROFIT_WEI * YEAR * BPS // (seconds * worth_wei) > 0
        (quiet,) = vault.events(change(keel, -900 * ETHER), "Rebased")
        assert quiet.inputs["aprBps"] == 0


def test_both_reads_of_v_agree_at_every_moment(keel: Keel, vault: StakingVault) -> None:
    change(keel, PROFIT_WEI)
    reads = [vault.totals.prepare(), vault.totalSupply.prepare(), vault.totalShares.prepare()]
    for _ in range(3):
        jump_to(keel.rpc, now(keel.rpc) + 77)
        totals, supply_wei, shares = call_many(keel.rpc, reads)
        assert supply_wei == totals.assetsWei - totals.unvestedWei
        assert shares == totals.shares
