"""Doors that proven slashings close, and what the fund pays because of them (STA-7, LOS-2)."""

import pytest

from keel.chain.clock import jump, jump_to, now, reverting, set_next_timestamp
from keel.deploy.contracts import StakingVault
from keel.model.constants import BPS, ETHER, GWEI
from keel.model.frames import State
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, as_contract, deposit, next_reference_slot
from tests.unit.contracts.vaults import (
    accounts_of,
    apply,
    change,
    covers_of,
    inputs_of,
    insure,
    note_slashing,
    predicted,
    stake_most,
    units_of,
)

LIMIT_WEI = ETHER
"""0.1 % of the 1,000 ETH of A + Q."""


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    """Of 1,000 ETH, 960 are staked, and a report counted them a minute ago."""
    stake_most(keel)
    jump(keel.rpc, 60)
    return keel.quick.vault


def next_slot(keel: Keel) -> int:
    """Let a minute pass after the next reference slot, as before every report; return its time."""
    ref_time = next_reference_slot(keel)
    jump(keel.rpc, 60)
    return ref_time


class TestDoors:
    def test_are_closed_by_a_gwei_above_a_thousandth(self, keel: Keel, vault: StakingVault) -> None:
        """STA-7: all slashings together; what a ticket took from A is in Q."""
        depositor = keel.actors.depositor.address
        keel.quick.queue.request.send(300 * ETHER, depositor, sender=depositor)
        receipt = note_slashing(keel, LIMIT_WEI - GWEI, now(keel.rpc))
        (noted,) = vault.events(receipt)
        assert noted.name == "SlashingNoted"
        assert noted.inputs["balanceWei"] == LIMIT_WEI - GWEI
        note_slashing(keel, GWEI, now(keel.rpc))
        assert (vault.slashedWei(), vault.state()) == (LIMIT_WEI, State.NORMAL)
        deposit(keel, depositor, 1)
        note_slashing(keel, 2 * GWEI, now(keel.rpc))
        assert vault.state() == State.SLASHED
        assert (vault.depositableWei(), vault.stakeableValidators()) == (0, 0)
        with fails("ActionClosed", action=0, state=State.SLASHED):
            deposit(keel, depositor, ETHER)

    def test_what_is_unvested_counts_in_a(self, keel: Keel, vault: StakingVault) -> None:
        change(keel, 30 * ETHER)
        jump(keel.rpc, 60)
        limit_wei = vault.totals().assetsWei // 1_000 // GWEI * GWEI
        assert limit_wei == 1_030 * ETHER // 1_000
        note_slashing(keel, limit_wei, now(keel.rpc))
        assert vault.state() == State.NORMAL
        note_slashing(keel, GWEI, now(keel.rpc))
        assert vault.state() == State.SLASHED

    def test_open_again_however_late_a_broken_verifier_says_it_was(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """STA-7: what is dated in a later frame counts in this one."""
        note_slashing(keel, LIMIT_WEI + GWEI, now(keel.rpc) + 10 * keel.profile.frame_seconds)
        assert (vault.slashedWei(), vault.state()) == (LIMIT_WEI + GWEI, State.SLASHED)
        change(keel, 0)
        assert (vault.slashedWei(), vault.state()) == (0, State.NORMAL)
        jump(keel.rpc, 10 * keel.profile.frame_seconds)
        assert vault.slashedWei() == 0

    def test_only_the_registry_closes_them(self, keel: Keel, vault: StakingVault) -> None:
        registry, oracle = keel.quick.registry.address, as_contract(keel.quick.oracle)
        for caller in (str(keel.actors.stranger.address), oracle):
            with fails("OnlyProtocol", caller=caller, expected=registry):
                vault.noteSlashing.send(32 * 10**9, now(keel.rpc), sender=caller)
        assert vault.state() == State.NORMAL

    @pytest.mark.parametrize("before", [0, 1, 86_400])
    def test_what_the_last_report_has_covered_counts_nothing(
        self, keel: Keel, vault: StakingVault, before: int
    ) -> None:
        """STA-7: in the second of the reference slot at the latest."""
        last = accounts_of(keel).ref_time
        receipt = note_slashing(keel, 32 * ETHER, last - before)
        assert vault.events(receipt) == []
        assert (vault.slashedWei(), vault.state()) == (0, State.NORMAL)
        note_slashing(keel, 32 * ETHER, last + 1)
        assert (vault.slashedWei(), vault.state()) == (32 * ETHER, State.SLASHED)

    @pytest.mark.parametrize(
        ("after_slot", "later_wei", "state"),
        [
            (0, 0, State.NORMAL),
            (1, 0, State.SLASHED),
            (0, LIMIT_WEI, State.NORMAL),
            (0, LIMIT_WEI + GWEI, State.SLASHED),
        ],
    )
    def test_the_report_that_covers_it_opens_them(
        self, keel: Keel, vault: StakingVault, after_slot: int, later_wei: int, state: State
    ) -> None:
        """STA-7: what was slashed after its slot counts alone."""
        ref_time = next_slot(keel)
        note_slashing(keel, 32 * ETHER, ref_time + after_slot)
        if later_wei:
            note_slashing(keel, later_wei, ref_time + 1)
        assert vault.state() == State.SLASHED
        apply(keel, inputs_of(keel, ref_time))
        assert vault.state() == state
        assert (vault.depositableWei() > 0) is (state is State.NORMAL)
        change(keel, 0)
        assert vault.state() == State.NORMAL
        deposit(keel, keel.actors.depositor.address, ETHER)

    def test_a_second_slashing_of_the_same_frame_keeps_them_closed_no_longer(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """A proof that comes after the report closes nothing."""
        slashed_by = accounts_of(keel).ref_time + 1
        note_slashing(keel, 32 * ETHER, slashed_by)
        note_slashing(keel, 32 * ETHER, slashed_by)
        assert vault.slashedWei() == 64 * ETHER
        change(keel, 0)
        note_slashing(keel, 32 * ETHER, slashed_by)
        assert (vault.slashedWei(), vault.state()) == (0, State.NORMAL)

    def test_the_other_reasons_come_first_and_go_alone(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """STA-2: an announcement hides it, and its end does not open the doors."""
        announce_loss(keel)
        jump(keel.rpc, 60)
        note_slashing(keel, 32 * ETHER, now(keel.rpc))
        assert vault.state() == State.ANNOUNCED
        ref_time = vault.newestRefTime()
        note_slashing(keel, 32 * ETHER, ref_time + 1)
        apply(keel, inputs_of(keel, ref_time))
        assert vault.state() == State.SLASHED
        frame = keel.profile.frame_seconds
        for frames, state in ((3, State.STALE), (14, State.DEAD)):
            jump_to(keel.rpc, ref_time + frames * frame - 1)
            assert vault.state() == (State.SLASHED if frames == 3 else State.STALE)
            jump_to(keel.rpc, ref_time + frames * frame)
            assert vault.state() == state

    def test_a_loss_beyond_the_bucket_and_a_slashing_each_close_deposits(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """STA-3: the report opens the one door; the other stays closed for its seven frames."""
        announce_loss(keel, 300 * ETHER)
        note_slashing(keel, 320 * ETHER, now(keel.rpc))
        apply(keel, inputs_of(keel, next_slot(keel), -300 * ETHER))
        assert vault.state() == State.NORMAL
        assert vault.depositableWei() == 0
        with fails("DepositsClosed", reopenAt=vault.depositsReopenAt()):
            deposit(keel, keel.actors.depositor.address, ETHER)


class TestFund:
    @pytest.mark.parametrize(
        ("is_new", "after_slot", "paid_bps"),
        [(False, 0, 500), (False, 1, 1_500), (True, 0, 1_500), (True, 1, 1_500)],
        ids=["reported", "first second", "last second", "later"],
    )
    def test_is_asked_for_what_is_proven_since_the_last_report(
        self, keel: Keel, vault: StakingVault, is_new: bool, after_slot: int, paid_bps: int
    ) -> None:
        """LOS-2: 3 of 20 ETH are lost and proven slashed; else 5 %.

        A slashing that is dated by a block after the reference slot counts too (PRF-8).
        """
        fund = keel.quick.fund.address
        units = insure(keel, 20 * ETHER)
        announce_loss(keel, 3 * ETHER)
        ref_time = next_slot(keel)
        slot_time = ref_time if is_new else vault.consensus().lastRefTime
        note_slashing(keel, 3 * ETHER, slot_time + after_slot)
        inputs = inputs_of(keel, ref_time, -3 * ETHER)
        preview = vault.previewReport(inputs)
        apply(keel, inputs)
        assert units - units_of(keel, fund) == units * paid_bps // BPS
        assert preview.coverWei == 20 * ETHER * paid_bps // BPS

    @pytest.mark.usefixtures("vault")
    def test_keeps_a_twentieth(self, keel: Keel) -> None:
        """LOS-2: whatever is proven."""
        units = insure(keel, 2 * ETHER)
        note_slashing(keel, 32 * ETHER, now(keel.rpc))
        change(keel, -2 * ETHER)
        assert units_of(keel, keel.quick.fund.address) == units // 20

    @pytest.mark.usefixtures("vault")
    @pytest.mark.parametrize(("ago", "counts"), [(13, True), (14, False)])
    def test_counts_the_last_fourteen_frames_for_a_late_report(
        self, keel: Keel, ago: int, counts: bool
    ) -> None:
        """LOS-2: as many as it takes until anyone may act without reports."""
        frame, last = keel.profile.frame_seconds, accounts_of(keel).ref_time
        units = insure(keel, 20 * ETHER)
        note_slashing(keel, 3 * ETHER, last + frame)  # the last second of the first frame
        as_contract(keel.quick.oracle)
        ref_time = last + (1 + ago) * frame
        jump_to(keel.rpc, ref_time)
        apply(keel, inputs_of(keel, ref_time, -2 * ETHER))
        paid = units - units_of(keel, keel.quick.fund.address)
        assert paid == (2 * ETHER if counts else ETHER)

    @pytest.mark.usefixtures("vault")
    @pytest.mark.parametrize("profit_wei", [0, 7 * ETHER])
    def test_rounds_what_is_proven_down_to_the_model(self, keel: Keel, profit_wei: int) -> None:
        """LOS-2: at a rate that is no round number, with a stream that bears first."""
        insure(keel, 20 * ETHER)
        if profit_wei:
            change(keel, profit_wei)
            jump(keel.rpc, keel.profile.frame_seconds // 3)
        announce_loss(keel, 9 * ETHER)
        ref_time = next_slot(keel)
        proven_wei = 3 * ETHER + 7 * GWEI
        note_slashing(keel, proven_wei, ref_time)
        inputs = inputs_of(keel, ref_time, -9 * ETHER)
        at = now(keel.rpc)
        model = predicted(keel, inputs, at, proven_wei=proven_wei)
        with reverting(keel.rpc):
            set_next_timestamp(keel.rpc, at)
            apply(keel, inputs)
            assert accounts_of(keel) == model.accounts
        without = predicted(keel, inputs, at)
        assert without.loss is not None
        assert model.loss is not None
        assert without.loss.cover_units < model.loss.cover_units
        assert covers_of(keel).fund_units > model.loss.cover_units
