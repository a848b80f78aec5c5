"""A vault that a loss made insolvent is wound down (ACC-3, ACC-4)."""

import pytest

from keel.chain.clock import jump_to, now, set_next_timestamp
from keel.chain.state import balance_wei, set_balance_wei
from keel.deploy.contracts import StakingVault
from keel.model.constants import (
    BPS,
    ETHER,
    MOST_SHARES,
    PREDEPOSIT_WEI,
    REOPENING_FRAMES,
    STREAM_FRAMES,
)
from keel.model.queue import Queue, Ticket
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit, next_reference_slot
from tests.unit.contracts.vaults import (
    FEE_BPS,
    VALIDATOR_WEI,
    accounts_of,
    apply,
    change,
    inputs_of,
    lay_bare,
    predicted,
    stake,
)

BOUND_WEI = 32 * ETHER // 10**6
"""What 32 ETH of shares are worth at a millionth of par."""


def fallen(keel: Keel, left_wei: int) -> StakingVault:
    """Lose all but this of 32 ETH that are staked, and wait until deposits would open again."""
    lay_bare(keel)
    change(keel, left_wei - VALIDATOR_WEI)
    change(keel, 0, frames=REOPENING_FRAMES + 1)
    return keel.quick.vault


def ask_for_all(keel: Keel, person: str, amount_wei: int) -> None:
    """Deposit, and ask for tickets for all that the depositor has."""
    deposit(keel, person, amount_wei)
    left_wei, most_wei = keel.quick.vault.balanceOf(person), keel.quick.queue.MAX_TICKET_WEI()
    amounts = [most_wei] * (left_wei // most_wei) + [left_wei % most_wei]
    keel.quick.queue.requestMany.send(amounts, person, sender=person)


def arrive(keel: Keel, amount_wei: int) -> None:
    """Let ether arrive in WithdrawalVault."""
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, amount_wei)


class TestForGood:
    def test_nothing_is_taken_in_or_staked_even_when_the_ether_is_back(self, keel: Keel) -> None:
        """AUDIT M2, M8."""
        vault, person = fallen(keel, BOUND_WEI - 1), keel.actors.depositor.address
        arrive(keel, 100 * ETHER)
        change(keel, 0, withdrawalsWei=100 * ETHER)
        change(keel, 0, frames=STREAM_FRAMES + 1)
        shares, visible_wei = vault.totalShares(), vault.totalSupply()
        assert visible_wei == 100 * ETHER + BOUND_WEI - 1
        assert (vault.isInsolvent(), vault.state()) == (True, 0)
        assert (vault.depositableWei(), vault.stakeableValidators()) == (0, 0)
        assert vault.freeWei() == 100 * ETHER
        worth = {"visibleWei": visible_wei, "shares": shares}
        with fails("Insolvent", **worth):
            deposit(keel, person, ETHER)
        with fails("Insolvent", **worth):
            stake(keel, 1, first=1)
        keel.quick.queue.request.send(ETHER, person, sender=person)  # leaving is open again

    def test_a_vault_at_the_bound_goes_on(self, keel: Keel) -> None:
        vault, person = fallen(keel, BOUND_WEI), keel.actors.depositor.address
        assert not vault.isInsolvent()
        deposit(keel, person, 64 * ETHER)
        stake(keel, 1, first=1)


class TestIncome:
    def test_counts_no_more_of_the_consensus_layer_than_was_expected(self, keel: Keel) -> None:
        vault = fallen(keel, BOUND_WEI - 1)
        ref_time = next_reference_slot(keel)
        base = vault.reportBase(ref_time)
        assert base.mostConsensusWei == base.expectedWei == BOUND_WEI - 1
        arrive(keel, 3 * ETHER)
        inputs = inputs_of(keel, ref_time, 10**6 * ETHER, withdrawalsWei=3 * ETHER)
        at = now(keel.rpc)
        model = predicted(keel, inputs, at)
        assert vault.previewReport(inputs).profitWei == 3 * ETHER
        set_next_timestamp(keel.rpc, at)
        apply(keel, inputs)
        after = accounts_of(keel)
        assert after == model.accounts
        assert (after.consensus_wei, after.insolvent) == (BOUND_WEI - 1, True)

    def test_of_a_vault_at_the_bound_counts_whole(self, keel: Keel) -> None:
        vault = fallen(keel, BOUND_WEI)
        ref_time = next_reference_slot(keel)
        assert vault.reportBase(ref_time).mostConsensusWei == 2**256 - 1
        inputs = inputs_of(keel, ref_time, 10**6 * ETHER)
        assert vault.previewReport(inputs).profitWei == 10**6 * ETHER

    @pytest.mark.parametrize(("frames", "vested_after"), [(1, 1), (10, 10), (40, STREAM_FRAMES)])
    def test_vests_in_the_time_covered_and_at_most_30_frames(
        self, keel: Keel, frames: int, vested_after: int
    ) -> None:
        """STR-3, AUDIT M8: without a cap, which would hold it back for years."""
        vault = fallen(keel, BOUND_WEI - 1)
        arrive(keel, 20 * ETHER)
        receipt = change(keel, 0, frames, withdrawalsWei=20 * ETHER)
        seconds = vested_after * keel.profile.frame_seconds
        unvested_wei = vault.stream().unvestedAtStartWei
        assert vault.stream() == (unvested_wei, receipt.timestamp + seconds, seconds)
        jump_to(keel.rpc, receipt.timestamp + seconds)
        assert vault.totalSupply() == vault.totals().assetsWei == 20 * ETHER + BOUND_WEI - 1

    def test_after_a_total_loss_reaches_tickets(self, keel: Keel) -> None:
        """AUDIT M8: after a total loss nothing ever entered; 32 ETH stayed out of reach."""
        vault, person = fallen(keel, 0), keel.actors.depositor.address
        arrive(keel, 32 * ETHER)
        change(keel, 0, withdrawalsWei=32 * ETHER)
        change(keel, 0, frames=STREAM_FRAMES + 1)
        held_wei = vault.balanceOf(person)
        assert held_wei == vault.totalSupply() * 30 // 32 == 30 * ETHER
        keel.quick.queue.request.send(held_wei, person, sender=person)
        change(keel, 0)
        before_wei = balance_wei(keel.rpc, person)
        keel.quick.queue.claim.send(1, sender=keel.actors.stranger.address)
        assert balance_wei(keel.rpc, person) == before_wei + held_wei


class TestManyTickets:
    @pytest.mark.parametrize("over_wei", [0, 1])
    def test_bear_what_holders_do_not_have(self, keel: Keel, over_wei: int) -> None:
        """LOS-1: from one wei above V the report stopped."""
        vault, queue = keel.quick.vault, keel.quick.queue
        person = lay_bare(keel)
        queue.request.send(queue.MIN_TICKET_WEI(), person, sender=person)
        left_wei = BOUND_WEI * 6 // 5 + 1_000_003  # so that no step of the index takes just V
        change(keel, left_wei - VALIDATOR_WEI)
        change(keel, 0, frames=REOPENING_FRAMES + 1)
        ref_time = next_reference_slot(keel)
        for _ in range(60):
            ask_for_all(keel, person, 1_500 * ETHER)
        visible_wei, (normalised, index) = vault.totalSupply(), queue.pending()
        assert queue.owedWei() > 10**10 * visible_wei
        inputs = inputs_of(keel, ref_time, -visible_wei - over_wei)
        at = now(keel.rpc)
        tickets = (Ticket(0, normalised, at),)
        model = predicted(keel, inputs, at, Queue(index, tickets))
        set_next_timestamp(keel.rpc, at)
        apply(keel, inputs)
        assert accounts_of(keel) == model.accounts
        assert queue.pending().index == model.queue.index
        assert (model.queue.index < index) is (over_wei > 0)


class TestManyShares:
    @pytest.mark.parametrize("over_wei", [0, 1, ETHER // 1_000])
    def test_a_fee_mints_what_s_has_room_for(self, keel: Keel, over_wei: int) -> None:
        """REP-5: at a millionth of par S has room for 1,329 ETH; the report stopped beyond."""
        vault, person = fallen(keel, BOUND_WEI), keel.actors.depositor.address
        room_wei, shares_per_wei = 10**12, 10**15
        bonds_wei = 32 * PREDEPOSIT_WEI
        left_wei = (MOST_SHARES - vault.totalShares()) // shares_per_wei - bonds_wei
        deposit(keel, person, left_wei - room_wei)
        stake(keel, 32, first=1)
        change(keel, 0)
        shares, fee_bps = vault.totalShares(), FEE_BPS
        room = MOST_SHARES - shares
        assert room // shares_per_wei == room_wei
        profit_wei = vault.lossCarryWei() + (room_wei + over_wei) * BPS // fee_bps
        inputs = inputs_of(keel, next_reference_slot(keel), profit_wei)
        at = now(keel.rpc)
        model = predicted(keel, inputs, at)
        set_next_timestamp(keel.rpc, at)
        apply(keel, inputs)
        after = accounts_of(keel)
        assert after == model.accounts
        assert (model.fee_wei, after.shares - shares) == (room_wei, room_wei * shares_per_wei)
        assert after.shares <= MOST_SHARES < after.shares + shares_per_wei
        assert after.loss_carry_wei == -over_wei * BPS // fee_bps
        change(keel, ETHER)  # reports go on, and fees with what S still has room for
        assert vault.totalShares() <= MOST_SHARES
