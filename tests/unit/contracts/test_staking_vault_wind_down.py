"""The end without a committee: all validators are paid out, anyone brings all ether in (STA-8)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump, jump_to, now, reverting
from keel.chain.state import balance_wei
from keel.deploy.contracts import StakingVault
from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from keel.model.queue import Queue
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit
from tests.unit.contracts.losses import (
    TICKETS_WEI,
    Bearers,
    bearers,
    provide,
    queue_now,
    ticket_beyond_buffer,
)
from tests.unit.contracts.vaults import (
    MOST,
    accounts_of,
    apply,
    change,
    forfeit,
    inputs_of,
    insure,
    note_slashing,
    shares_of,
    stake,
    units_of,
)
from tests.unit.contracts.wind_downs import (
    STAKED_WEI,
    compare,
    die,
    die_at_last,
    hold,
    wind_down,
)


@pytest.fixture
def queue(keel: Keel) -> Queue:
    return ticket_beyond_buffer(keel)


@pytest.fixture
def vault(keel: Keel, queue: Queue) -> StakingVault:
    assert queue.tickets
    return keel.quick.vault


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
        die_at_last(keel, STAKED_WEI - missing_wei)
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
        die_at_last(keel, STAKED_WEI - 30 * ETHER)
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
        change(keel, 300 * ETHER)
        end = vault.stream().streamEnd
        at = die_at_last(keel, STAKED_WEI + 299 * ETHER)
        assert vault.totals().unvestedWei > ETHER
        assert at < end
        compare(keel, queue, STAKED_WEI + 299 * ETHER, 0)
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
        die_at_last(keel, 400 * ETHER)
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
            die_at_last(keel, withdrawn_wei, rewards_wei)
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
