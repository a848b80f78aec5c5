"""Applying reports: which ones are taken, what they pull, pay, mint and finalise (REP, STA-5)."""

import pytest

from keel.chain.clock import jump_to, now, reverting, set_next_timestamp
from keel.chain.state import balance_wei, set_balance_wei, set_runtime_code
from keel.deploy.contracts import StakingVault
from keel.model.constants import BPS, DAY, ETHER, SHARES_PER_UNIT
from keel.model.frames import State
from keel.model.stream import capped_wei
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, as_contract, deposit, next_reference_slot
from tests.unit.contracts.vaults import (
    FEE_BPS,
    VALIDATOR_WEI,
    ZERO_ADDRESS,
    accounts_of,
    announce_if_large,
    apply,
    change,
    inputs_of,
    predicted,
    queue_with,
    shares_of,
    stake,
    stake_most,
    units_of,
)

PROFIT_WEI = 5 * ETHER + 3


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    """Of 1,000 ETH, 960 are staked, and a report has counted them."""
    return stake_most(keel)


def earn(keel: Keel, profit_wei: int) -> int:
    """Report a profit of the next reference slot and return its fee."""
    inputs = inputs_of(keel, next_reference_slot(keel), profit_wei)
    fee_wei = int(keel.quick.vault.previewReport(inputs).feeWei)
    apply(keel, inputs)
    return fee_wei


def most_fee_wei(keel: Keel, frames: int, profit_wei: int) -> int:
    """REP-5 for 960 ETH on record: the bound of the fee, with a V that is larger."""
    seconds, profile = frames * keel.profile.frame_seconds, keel.profile
    grown_wei = capped_wei(profile.stream_cap_ray_per_day, seconds, 960 * ETHER)
    record_wei = 960 * ETHER + min(profit_wei, grown_wei)
    return capped_wei(profile.max_fee_ray_per_day, seconds, record_wei)


class TestReferenceTime:
    @pytest.mark.usefixtures("vault")
    def test_is_the_time_of_a_reference_slot(self, keel: Keel) -> None:
        ref_time = next_reference_slot(keel)
        jump_to(keel.rpc, ref_time + 10)
        for off in (-1, 1):
            wrong = inputs_of(keel, ref_time) | {"refTime": ref_time + off}
            nearest = ref_time if off > 0 else ref_time - keel.profile.frame_seconds
            with fails("RefTimeNotBoundary", refTime=ref_time + off, nearestBefore=nearest):
                apply(keel, wrong)
        apply(keel, inputs_of(keel, ref_time))
        assert accounts_of(keel).ref_time == ref_time

    @pytest.mark.usefixtures("vault")
    def test_is_later_than_the_last_one(self, keel: Keel) -> None:
        ref_time = next_reference_slot(keel, 2)
        inputs = inputs_of(keel, ref_time)
        apply(keel, inputs)
        for again in (ref_time, ref_time - keel.profile.frame_seconds):
            with fails("RefTimeTooEarly", refTime=again, laterThan=ref_time):
                apply(keel, inputs | {"refTime": again})

    def test_is_not_in_the_future(self, keel: Keel, vault: StakingVault) -> None:
        ref_time = vault.newestRefTime() + keel.profile.frame_seconds
        inputs = inputs_of(keel, ref_time)
        as_contract(keel.quick.oracle)
        jump_to(keel.rpc, ref_time - 1)
        with fails("RefTimeInFuture", refTime=ref_time, nowTime=ref_time - 1):
            vault.previewReport(inputs)
        set_next_timestamp(keel.rpc, ref_time - 1)
        with fails("RefTimeInFuture", refTime=ref_time, nowTime=ref_time - 1):
            apply(keel, inputs)
        set_next_timestamp(keel.rpc, ref_time)
        apply(keel, inputs)

    def test_may_skip_frames(self, keel: Keel, vault: StakingVault) -> None:
        change(keel, PROFIT_WEI, frames=5)
        assert vault.state() == 0


class TestWhatIsExpected:
    def test_counts_a_stake_until_the_second_of_the_slot(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """REP-2."""
        deposit(keel, keel.actors.depositor.address, 100 * ETHER)
        counted_wei = accounts_of(keel).consensus_wei
        ref_time = vault.newestRefTime() + keel.profile.frame_seconds
        for timestamp, first in ((ref_time, 100), (ref_time + 1, 101)):
            as_contract(keel.quick.registry)
            set_next_timestamp(keel.rpc, timestamp)
            assert stake(keel, 1, first).timestamp == timestamp
        base = vault.reportBase(ref_time)
        assert base.expectedWei == counted_wei + VALIDATOR_WEI
        assert base.stakedValidators == 31
        assert (base.mostConsensusWei, base.unvestedWei) == (2**256 - 1, 0)
        receipt = apply(keel, inputs_of(keel, ref_time))
        assert receipt.timestamp > ref_time
        after = accounts_of(keel)
        assert (after.consensus_wei, after.pending_wei) == (base.expectedWei, VALIDATOR_WEI)
        later = vault.reportBase(ref_time + keel.profile.frame_seconds)
        assert later.expectedWei == base.expectedWei + VALIDATOR_WEI
        assert later.stakedValidators == 32

    def test_stays_in_step_over_frames_without_reports(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """REP-2."""
        deposit(keel, keel.actors.depositor.address, 100 * ETHER)
        first_ref_time = next_reference_slot(keel)
        jump_to(keel.rpc, first_ref_time + 1)
        stake(keel, 1, 100)
        jump_to(keel.rpc, next_reference_slot(keel) + 1)
        stake(keel, 1, 101)
        ref_times = [first_ref_time + k * keel.profile.frame_seconds for k in range(3)]
        bases = [vault.reportBase(ref_time) for ref_time in ref_times]
        assert [base.stakedValidators for base in bases] == [30, 31, 32]
        expected = [960 * ETHER + k * VALIDATOR_WEI for k in range(3)]
        assert [base.expectedWei for base in bases] == expected


class TestFee:
    def test_goes_to_treasury_operators_and_insurance_to_the_share(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """REP-5."""
        change(keel, PROFIT_WEI)
        holders = (keel.actors.treasury.address, keel.quick.registry.address)
        wrapped, fund = keel.quick.wrapped, keel.quick.fund.address
        before = [*shares_of(keel, *holders, wrapped.address), units_of(keel, fund)]
        inputs = inputs_of(keel, next_reference_slot(keel), ETHER + 3)
        at = now(keel.rpc)
        outcome = predicted(keel, inputs, at)
        set_next_timestamp(keel.rpc, at)
        receipt = apply(keel, inputs)
        after = [*shares_of(keel, *holders, wrapped.address), units_of(keel, fund)]
        fee = outcome.fee_shares
        assert outcome.fee_wei == (ETHER + 3) * FEE_BPS // BPS
        assert fee.insurance % SHARES_PER_UNIT == 0 < fee.insurance
        gained = [now_held - held for held, now_held in zip(before, after, strict=True)]
        units = fee.insurance // SHARES_PER_UNIT
        assert gained == [fee.treasury, fee.operators, fee.insurance, units]
        assert accounts_of(keel) == outcome.accounts
        minted = [e.inputs for e in vault.events(receipt, "Transfer")]
        assert [m["from"] for m in minted] == [ZERO_ADDRESS] * 3
        assert [m["to"] for m in minted] == [*holders, wrapped.address]
        parts = (fee.treasury, fee.operators, fee.insurance)
        assert [m["value"] for m in minted] == [
            part * outcome.fee_wei // fee.total for part in parts
        ]

    @pytest.mark.parametrize("profit_wei", [ETHER + 7, 500 * ETHER])
    def test_of_false_growth_that_is_taken_back_is_owed(
        self, keel: Keel, vault: StakingVault, profit_wei: int
    ) -> None:
        """REP-5: the debt is what the fee was charged on, less cover, whatever the growth was."""
        fee_wei = earn(keel, profit_wei)
        assert fee_wei > 0
        charged_wei = -(-fee_wei * BPS // FEE_BPS)
        assert vault.lossCarryWei() == charged_wei - profit_wei
        (taken_back,) = vault.events(change(keel, -profit_wei), "LossAbsorbed")
        cover_wei = taken_back.inputs["coverWei"]  # by the fund's part of the fee
        assert 0 < cover_wei < fee_wei // 20
        assert vault.lossCarryWei() == charged_wei - cover_wei
        shares = vault.totalShares()
        change(keel, charged_wei - cover_wei)
        assert (vault.totalShares(), vault.lossCarryWei()) == (shares, 0)
        assert earn(keel, BPS) == FEE_BPS

    def test_is_a_part_of_the_profit_within_a_bound_of_what_is_on_record(
        self, keel_mainnet: Keel
    ) -> None:
        """REP-5, STR-5: the base is K, which the report's own profit lifts by the cap at most."""
        keel, vault = keel_mainnet, stake_most(keel_mainnet)
        ref_time = next_reference_slot(keel)
        part_wei, bound_wei = ETHER // 10, most_fee_wei(keel, 1, 400 * ETHER)
        for profit_wei, fee_wei in (
            (10 * part_wei // 4, part_wei // 4),
            (400 * ETHER, bound_wei),
            (2**86, bound_wei),
        ):
            preview = vault.function("previewReport")(inputs_of(keel, ref_time, profit_wei))
            assert preview.feeWei == fee_wei
        base_wei = 960 * ETHER + 960 * ETHER * 75 // 100_000
        assert bound_wei == base_wei * 5 // 100_000

    def test_counts_at_most_seven_frames(self, keel_mainnet: Keel) -> None:
        """REP-5."""
        keel, vault = keel_mainnet, stake_most(keel_mainnet)
        fees = []
        for _ in range(8):
            inputs = inputs_of(keel, next_reference_slot(keel), 400 * ETHER)
            fees.append(vault.function("previewReport")(inputs).feeWei)
        assert keel.profile.frame_seconds == DAY
        assert fees == [most_fee_wei(keel, min(n, 7), 400 * ETHER) for n in range(1, 9)]

    def test_waits_until_losses_are_made_good(self, keel: Keel, vault: StakingVault) -> None:
        """REP-5."""
        change(keel, -2 * ETHER)
        assert vault.lossCarryWei() == 2 * ETHER
        shares = vault.totalShares()
        change(keel, ETHER)
        assert vault.lossCarryWei() == ETHER
        change(keel, ETHER // 2)
        assert vault.lossCarryWei() == ETHER // 2
        assert vault.totalShares() == shares
        inputs = inputs_of(keel, next_reference_slot(keel), ETHER)
        fee_wei = vault.previewReport(inputs).feeWei
        assert fee_wei == ETHER // 2 * FEE_BPS // BPS
        apply(keel, inputs)
        assert vault.lossCarryWei() == 0


class TestPulling:
    def test_takes_what_was_named_from_both_vaults(self, keel: Keel, vault: StakingVault) -> None:
        sources = (keel.quick.withdrawal_vault, keel.quick.rewards_vault)
        for source in sources:
            set_balance_wei(keel.rpc, source.address, 10 * ETHER)
        held_wei = balance_wei(keel.rpc, vault.address)
        buffered_wei = vault.bufferedWei()
        change(keel, -6 * ETHER, withdrawalsWei=7 * ETHER, rewardsWei=2 * ETHER)
        left = [balance_wei(keel.rpc, source.address) for source in sources]
        assert left == [3 * ETHER, 8 * ETHER]
        assert balance_wei(keel.rpc, vault.address) == held_wei + 9 * ETHER
        assert vault.bufferedWei() == buffered_wei + 9 * ETHER

    @pytest.mark.usefixtures("vault")
    def test_fails_as_a_whole_when_less_is_there(self, keel: Keel) -> None:
        set_balance_wei(keel.rpc, keel.quick.rewards_vault.address, ETHER)
        inputs = inputs_of(keel, next_reference_slot(keel))
        with fails("InsufficientBalance", askedWei=ETHER + 1, balanceWei=ETHER):
            apply(keel, inputs | {"rewardsWei": ETHER + 1})
        apply(keel, inputs | {"rewardsWei": ETHER})


class TestMissingEther:
    @pytest.mark.usefixtures("vault")
    @pytest.mark.parametrize("source", ["withdrawal_vault", "rewards_vault"])
    def test_a_source_that_passes_nothing_on_stops_the_report(
        self, keel: Keel, source: str
    ) -> None:
        field = {"withdrawal_vault": "withdrawalsWei", "rewards_vault": "rewardsWei"}[source]
        holder = getattr(keel.quick, source).address
        set_balance_wei(keel.rpc, holder, 1)
        inputs = inputs_of(keel, next_reference_slot(keel), **{field: 1})
        with reverting(keel.rpc):
            set_runtime_code(keel.rpc, holder, b"\x00")  # STOP: answers every call, does nothing
            with fails("EtherMissing", source=holder, amountWei=1):
                apply(keel, inputs)
        apply(keel, inputs)
        assert balance_wei(keel.rpc, holder) == 0


class TestFinalising:
    def test_pays_the_tickets_of_before_the_slot_whatever_the_hint(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        queue, depositor = keel.quick.queue, keel.actors.depositor.address
        for _ in range(3):
            queue.request.send(10 * ETHER, depositor, sender=depositor)
        ref_time = next_reference_slot(keel)
        jump_to(keel.rpc, ref_time + 1)
        queue.request.send(10 * ETHER, depositor, sender=depositor)
        held_wei = balance_wei(keel.rpc, vault.address)
        outcomes = [
            vault.previewReport(inputs_of(keel, ref_time, lastTicketHint=hint))
            for hint in (0, 1, 3, 4, 2**200)
        ]
        assert {(o.lastTicket, o.finalisedWei) for o in outcomes} == {(3, 30 * ETHER)}
        apply(keel, inputs_of(keel, ref_time, lastTicketHint=2))
        assert queue.lastFinalised() == 3
        assert balance_wei(keel.rpc, vault.address) == held_wei - 30 * ETHER
        assert vault.bufferedWei() == held_wei - 30 * ETHER

    @pytest.mark.usefixtures("vault")
    def test_stops_at_the_first_ticket_that_cannot_be_paid(self, keel: Keel) -> None:
        queue, depositor = keel.quick.queue, keel.actors.depositor.address
        for amount_wei in (30 * ETHER, 11 * ETHER, ETHER):
            queue.request.send(amount_wei, depositor, sender=depositor)
        change(keel, 0)
        assert queue.lastFinalised() == 1
        change(keel, -ETHER, withdrawalsWei=0)
        assert queue.lastFinalised() == 1
        set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, 2 * ETHER)
        change(keel, -ETHER, withdrawalsWei=2 * ETHER)
        assert queue.lastFinalised() == 3


class TestPreview:
    @pytest.mark.parametrize("change_wei", [0, PROFIT_WEI, -ETHER, -300 * ETHER])
    def test_says_what_applying_does(
        self, keel: Keel, vault: StakingVault, change_wei: int
    ) -> None:
        depositor = keel.actors.depositor.address
        vault.depositWrapped.send(
            keel.quick.fund.address,
            ZERO_ADDRESS,
            sender=depositor,
            value_wei=20 * ETHER,
        )
        change(keel, ETHER)
        receipt = keel.quick.queue.request.send(9 * ETHER, depositor, sender=depositor)
        announce_if_large(keel, -change_wei)
        inputs = inputs_of(keel, next_reference_slot(keel), change_wei)
        at = now(keel.rpc)
        queue = queue_with((9 * ETHER, receipt.timestamp))
        model = predicted(keel, inputs, at, queue)
        before = vault.totals()
        preview = vault.previewReport(inputs)
        set_next_timestamp(keel.rpc, at)
        receipt = apply(keel, inputs)
        (rebased,) = vault.events(receipt, "Rebased")
        assert rebased.inputs == {
            "refTime": inputs["refTime"],
            "sharesBefore": before.shares,
            "visibleBeforeWei": before.assetsWei - before.unvestedWei,
            "sharesAfter": preview.sharesAfter,
            "assetsAfterWei": preview.assetsAfter,
            "unvestedAfterWei": preview.unvestedAfter,
            "streamSeconds": preview.streamSeconds,
            "feeShares": preview.feeShares,
            "operatorShares": preview.operatorShares,
            "aprBps": rebased.inputs["aprBps"],
        }
        assert model.accounts == accounts_of(keel)
        assert (max(0, change_wei), model.fee_wei) == (preview.profitWei, preview.feeWei)
        assert model.fee_shares.total == preview.feeShares
        assert model.fee_shares.operators == preview.operatorShares
        assert vault.totals() == (
            preview.sharesAfter,
            preview.assetsAfter,
            preview.unvestedAfter,
        )
        (finalised,) = keel.quick.queue.events(receipt, "TicketsFinalised")
        assert finalised.inputs["last"] == preview.lastTicket == 1
        assert finalised.inputs["amountWei"] == preview.finalisedWei == model.finalised_wei
        assert keel.quick.queue.pending().index == preview.ticketIndex == model.queue.index
        losses = [event.inputs for event in vault.events(receipt, "LossAbsorbed")]
        assert losses == ([loss_of(preview, inputs["refTime"])] if change_wei < 0 else [])

    def test_refuses_what_applying_refuses(self, keel: Keel, vault: StakingVault) -> None:
        last = accounts_of(keel).ref_time
        with fails("RefTimeTooEarly", refTime=last, laterThan=last):
            vault.previewReport(inputs_of(keel, last))


class TestAnnouncement:
    def test_closes_deposits_until_the_next_report_applies(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        depositor = keel.actors.depositor.address
        receipt = announce_loss(keel)
        (opened,) = vault.events(receipt)
        assert opened.name == "LossAnnouncementOpened"
        assert opened.inputs == {"announcedAt": receipt.timestamp, "lossWei": ETHER}
        assert vault.consensus().announcedAt == receipt.timestamp
        with fails("ActionClosed", action=0, state=State.ANNOUNCED):
            deposit(keel, depositor, ETHER)
        change(keel, 0)
        assert vault.consensus().announcedAt == 0
        deposit(keel, depositor, ETHER)


def loss_of(preview: object, ref_time: int) -> dict[str, int]:
    """What LossAbsorbed must say after this preview; its parts add up (LOS-3)."""
    names = {
        "lossWei": "lossWei",
        "bondWei": "bondWei",
        "unvestedWei": "unvestedLossWei",
        "coverWei": "coverWei",
        "holdersWei": "holdersLossWei",
        "ticketsWei": "ticketsLossWei",
        "bondShares": "bondShares",
        "coverShares": "coverShares",
    }
    said = {name: int(getattr(preview, field)) for name, field in names.items()}
    parts = ("bondWei", "unvestedWei", "coverWei", "holdersWei", "ticketsWei")
    assert said["lossWei"] == sum(said[part] for part in parts)
    return {"refTime": ref_time, **said}
