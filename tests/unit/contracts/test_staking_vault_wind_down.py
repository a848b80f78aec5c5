"""The end without a committee: all validators are paid out, anyone brings all ether in (STA-8)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump, jump_to, now, reverting, set_next_timestamp
from keel.chain.state import balance_wei, set_balance_wei
from keel.chain.transaction import Receipt
from keel.deploy.contracts import StakingVault
from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from keel.model.queue import Queue
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit
from tests.unit.contracts.losses import (
    TICKETS_WEI,
    Bearers,
    bearers,
    provide,
    queue_now,
    require_true_books,
    ticket_beyond_buffer,
)
from tests.unit.contracts.vaults import (
    MOST,
    Inputs,
    accounts_of,
    apply,
    change,
    forfeit,
    inputs_of,
    insure,
    note_slashing,
    predicted,
    shares_of,
    stake,
    units_of,
)

STAKED_WEI = 960 * ETHER


@pytest.fixture
def queue(keel: Keel) -> Queue:
    return ticket_beyond_buffer(keel)


@pytest.fixture
def vault(keel: Keel, queue: Queue) -> StakingVault:
    assert queue.tickets
    return keel.quick.vault


def die(keel: Keel, withdrawals_wei: int = 0, rewards_wei: int = 0) -> int:
    """Go to the dead state with so much ether in the two vaults; return the time."""
    hold(keel, withdrawals_wei, rewards_wei)
    dead_at = accounts_of(keel).ref_time + 14 * keel.profile.frame_seconds
    jump_to(keel.rpc, max(dead_at, now(keel.rpc)))
    assert keel.quick.vault.state() == State.DEAD
    return now(keel.rpc)


def hold(keel: Keel, withdrawals_wei: int, rewards_wei: int) -> None:
    """Put ether into the two vaults, as the beacon chain and proposers do."""
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, withdrawals_wei)
    set_balance_wei(keel.rpc, keel.quick.rewards_vault.address, rewards_wei)


def wind_down(keel: Keel, hint: int = 0) -> Receipt:
    """Call it as anyone."""
    return keel.quick.vault.windDown.send(hint, sender=keel.actors.stranger.address)


def compare(keel: Keel, queue: Queue, withdrawals_wei: int, rewards_wei: int) -> Receipt:
    """Wind down; books, queue and balances are the model's to the wei."""
    vault, at = keel.quick.vault, now(keel.rpc) + 1
    before = accounts_of(keel)
    expected_wei = before.consensus_wei + before.pending_wei
    gross_wei = withdrawals_wei + rewards_wei
    inputs: Inputs = {
        "refTime": at,
        "consensusBalanceWei": 0,
        "withdrawalsWei": withdrawals_wei,
        "rewardsWei": rewards_wei,
    }
    model = predicted(keel, inputs, at, queue, winds_down=True)
    held_wei, bonds = balance_wei(keel.rpc, vault.address), keel.quick.bonds.forfeitUnits()
    fund = units_of(keel, keel.quick.fund.address)
    set_next_timestamp(keel.rpc, at)
    receipt = wind_down(keel, hint=7)
    after = accounts_of(keel)
    assert after.ref_time == before.ref_time
    assert after == model.accounts.__class__(
        **(vars(model.accounts) | {"ref_time": before.ref_time})
    )
    assert (after.consensus_wei, after.pending_wei, after.record_wei) == (0, 0, 0)
    pending = keel.quick.queue.pending()
    assert (pending.normalised, pending.index) == (model.queue.normalised, model.queue.index)
    shared = model.loss
    assert bonds - keel.quick.bonds.forfeitUnits() == (shared.bond_units if shared else 0)
    paid = fund - units_of(keel, keel.quick.fund.address)
    assert paid == (shared.cover_units if shared else 0)
    assert balance_wei(keel.rpc, vault.address) == held_wei + gross_wei - model.finalised_wei
    for source in (keel.quick.withdrawal_vault, keel.quick.rewards_vault):
        assert balance_wei(keel.rpc, source.address) == 0
    require_true_books(keel)
    (wound,) = vault.events(receipt, "WoundDown")
    loss_wei = max(0, expected_wei - gross_wei)
    assert wound.inputs == {
        "withdrawalsWei": withdrawals_wei,
        "rewardsWei": rewards_wei,
        "lossWei": loss_wei,
    }
    assert len(vault.events(receipt, "LossAbsorbed")) == (loss_wei > 0)
    return receipt


class TestWhen:
    def test_only_once_dead_and_while_no_key_is_live(self, keel: Keel, vault: StakingVault) -> None:
        hold(keel, STAKED_WEI, 0)
        dead_at = accounts_of(keel).ref_time + 14 * keel.profile.frame_seconds
        jump_to(keel.rpc, dead_at - 2)
        set_next_timestamp(keel.rpc, dead_at - 1)
        with fails("StateNotDead", state=State.STALE):
            wind_down(keel)
        set_next_timestamp(keel.rpc, dead_at)
        wind_down(keel)
        assert vault.state() == State.DEAD

    def test_again_only_for_ether_that_came_and_two_frames_later(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """STA-8: so nobody keeps a report off by winding down again and again."""
        die(keel, STAKED_WEI)
        receipt = wind_down(keel)
        frame = keel.profile.frame_seconds
        with fails("NothingToDo"):
            wind_down(keel)
        hold(keel, 1, 1)
        possible_at = receipt.timestamp + 2 * frame
        jump_to(keel.rpc, possible_at - 2)
        set_next_timestamp(keel.rpc, possible_at - 1)
        with fails("SweepTooEarly", possibleAt=possible_at, nowTime=possible_at - 1):
            wind_down(keel)
        set_next_timestamp(keel.rpc, possible_at)
        receipt = wind_down(keel)
        (wound,) = vault.events(receipt, "WoundDown")
        assert wound.inputs == {"withdrawalsWei": 1, "rewardsWei": 1, "lossWei": 0}
        as_contract(keel.quick.oracle)
        early = vault.newestRefTime()
        with fails("RefTimeTooEarly", refTime=early, laterThan=receipt.timestamp):
            apply(keel, inputs_of(keel, early))

    def test_no_sweep_puts_the_first_one_off(self, keel: Keel, vault: StakingVault) -> None:
        """STA-8: a stranger who sweeps a wei whenever it can keeps nobody's ether."""
        die(keel, 1)
        stranger = keel.actors.stranger.address
        swept = vault.sweepWithdrawals.send(sender=stranger)
        receipt = wind_down(keel)
        (wound,) = vault.events(receipt, "WoundDown")
        assert wound.inputs["lossWei"] == STAKED_WEI - 1
        hold(keel, ETHER, 0)
        possible_at = swept.timestamp + 2 * keel.profile.frame_seconds
        for call in (wind_down, lambda _: vault.sweepWithdrawals.send(sender=stranger)):
            with reverting(keel.rpc):
                set_next_timestamp(keel.rpc, at := receipt.timestamp + 9)
                with fails("SweepTooEarly", possibleAt=possible_at, nowTime=at):
                    call(keel)
        jump_to(keel.rpc, possible_at)
        with fails("NothingToDo"):
            vault.sweepWithdrawals.send(sender=stranger)
        wind_down(keel)


class TestBooks:
    @pytest.mark.usefixtures("vault")
    def test_what_is_more_vests_within_thirty_frames_without_a_fee(
        self, keel: Keel, queue: Queue
    ) -> None:
        die(keel, STAKED_WEI + 3 * ETHER, 2 * ETHER)
        treasury = str(keel.quick.vault.terms().treasury)
        minted = shares_of(keel, treasury)
        receipt = compare(keel, queue, STAKED_WEI + 3 * ETHER, 2 * ETHER)
        (rebased,) = keel.quick.vault.events(receipt, "Rebased")
        assert rebased.inputs["unvestedAfterWei"] == 5 * ETHER
        assert 0 < rebased.inputs["streamSeconds"] <= 30 * keel.profile.frame_seconds
        assert (rebased.inputs["feeShares"], shares_of(keel, treasury)) == (0, minted)
        assert keel.quick.queue.lastFinalised() == 1

    @pytest.mark.parametrize("missing_wei", [1, 30 * ETHER, 500 * ETHER, STAKED_WEI])
    def test_what_is_missing_is_a_loss_however_large(
        self, keel: Keel, vault: StakingVault, queue: Queue, missing_wei: int
    ) -> None:
        """STA-8: no bucket, no announcement, no wait after it."""
        forfeit(keel, 2, MOST)
        insure(keel, 10 * ETHER)
        die(keel, STAKED_WEI - missing_wei)
        limits = (vault.lossAllowanceWei(), vault.depositsReopenAt())
        compare(keel, queue, STAKED_WEI - missing_wei, 0)
        allowance_wei, reopen_at = vault.lossAllowanceWei(), vault.depositsReopenAt()
        assert reopen_at == limits[1] == 0
        assert allowance_wei <= limits[0]

    def test_the_whole_fund_but_a_twentieth_is_asked(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        """LOS-2."""
        units = insure(keel, 20 * ETHER)
        die(keel, STAKED_WEI - 30 * ETHER)
        receipt = compare(keel, queue, STAKED_WEI - 30 * ETHER, 0)
        (absorbed,) = vault.events(receipt, "LossAbsorbed")
        assert absorbed.inputs["coverWei"] == 19 * ETHER
        assert units_of(keel, keel.quick.fund.address) == units // 20

    def test_what_was_staked_after_the_last_report_is_settled_too(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        deposit(keel, keel.actors.holder.address, 100 * ETHER)
        stake(keel, 1, first=100)
        assert accounts_of(keel).pending_wei == 32 * ETHER
        die(keel, STAKED_WEI + 32 * ETHER)
        compare(keel, queue, STAKED_WEI + 32 * ETHER, 0)
        assert vault.bufferedWei() + keel.quick.queue.owedWei() > STAKED_WEI

    def test_a_stream_bears_first_and_keeps_its_end(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        """LOS-1, STR-4."""
        change(keel, 30 * ETHER)
        end = vault.stream().streamEnd
        at = die(keel, STAKED_WEI + 29 * ETHER)
        assert vault.totals().unvestedWei > ETHER
        assert at < end
        compare(keel, queue, STAKED_WEI + 29 * ETHER, 0)
        assert vault.stream().streamEnd == end
        jump_to(keel.rpc, now(keel.rpc) + 2 * keel.profile.frame_seconds)
        hold(keel, 0, 1)
        receipt = wind_down(keel)
        bound = receipt.timestamp + 30 * keel.profile.frame_seconds
        assert vault.stream().streamEnd <= bound

    @pytest.mark.usefixtures("vault")
    def test_twice_with_losses_between_sweeps_equals_the_model(
        self, keel: Keel, queue: Queue
    ) -> None:
        """The sweep takes from C first; the rest is the loss of the wind-down."""
        die(keel, 400 * ETHER)
        keel.quick.vault.sweepWithdrawals.send(sender=keel.actors.stranger.address)
        hold(keel, 500 * ETHER, 0)
        compare(keel, queue, 500 * ETHER, 0)
        jump_to(keel.rpc, now(keel.rpc) + 2 * keel.profile.frame_seconds)
        hold(keel, 60 * ETHER, ETHER)
        compare(keel, queue_now(keel, queue), 60 * ETHER, ETHER)

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        bearers=bearers(),
        withdrawn_wei=st.integers(0, 2 * STAKED_WEI) | st.integers(0, 10**9),
        rewards_wei=st.integers(0, ETHER),
    )
    def test_equals_the_model_to_the_wei(
        self,
        *,
        keel: Keel,
        queue: Queue,
        bearers: Bearers,
        withdrawn_wei: int,
        rewards_wei: int,
    ) -> None:
        """STA-8, LOS, ACC-1."""
        with reverting(keel.rpc):
            provide(keel, bearers)
            die(keel, withdrawn_wei, rewards_wei)
            compare(keel, queue, withdrawn_wei, rewards_wei)


class TestAfterwards:
    def test_all_ether_of_holders_leaves(self, keel: Keel, vault: StakingVault) -> None:
        """STA-8: what stays is the vault's own first ether and roundings."""
        depositor = keel.actors.depositor.address
        die(keel, STAKED_WEI)
        wind_down(keel, hint=1)
        keel.quick.queue.claim.send(1, sender=depositor)
        left_wei = vault.balanceOf(depositor)
        keel.quick.queue.request.send(left_wei, depositor, sender=depositor)
        vault.finaliseWithoutReport.send(2, sender=keel.actors.stranger.address)
        keel.quick.queue.claim.send(2, sender=depositor)
        bonds_wei = MOST * ETHER
        assert left_wei == 969 * ETHER - TICKETS_WEI
        assert balance_wei(keel.rpc, vault.address) == ETHER + bonds_wei
        assert balance_wei(keel.rpc, keel.quick.queue.address) == 0

    def test_a_committee_that_comes_back_expects_nothing(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        """What it says is there without having been staked vests never (STR-3)."""
        die(keel, STAKED_WEI)
        wind_down(keel)
        worth_wei = vault.totalSupply()
        as_contract(keel.quick.oracle)
        ref_time = vault.newestRefTime() + keel.profile.frame_seconds
        jump_to(keel.rpc, ref_time)
        assert vault.reportBase(ref_time).expectedWei == 0
        apply(keel, inputs_of(keel, ref_time, STAKED_WEI))
        assert (vault.state(), vault.recordWei()) == (State.NORMAL, 0)
        assert vault.stream().streamSeconds == 2**47
        jump_to(keel.rpc, ref_time + 365 * keel.profile.frame_seconds)
        assert vault.totalSupply() - worth_wei < GWEI * 10**6

    def test_a_slashing_that_it_settled_closes_nothing_later(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        jump(keel.rpc, 60)  # so that no report covers it
        note_slashing(keel, 32 * ETHER, now(keel.rpc))
        assert vault.state() == State.SLASHED
        die(keel, STAKED_WEI)
        wind_down(keel)
        assert vault.state() == State.DEAD
        as_contract(keel.quick.oracle)
        ref_time = vault.newestRefTime() + keel.profile.frame_seconds
        jump_to(keel.rpc, ref_time)
        apply(keel, inputs_of(keel, ref_time))
        assert vault.state() == State.NORMAL
