"""Losses run down the waterfall: stream, insurance, holders and tickets alike (LOS)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, now, reverting
from keel.chain.state import balance_wei
from keel.deploy.contracts import StakingVault
from keel.model.constants import ETHER, RAY, SHARES_PER_UNIT
from keel.model.queue import Queue
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit, next_reference_slot
from tests.unit.contracts.losses import (
    TICKETS_WEI,
    Bearers,
    bearers,
    lose,
    provide,
    queue_now,
    ticket_beyond_buffer,
)
from tests.unit.contracts.vaults import (
    ZERO_ADDRESS,
    accounts_of,
    apply,
    change,
    inputs_of,
    insure,
    shares_of,
    stake,
    units_of,
)


@pytest.fixture
def queue(keel: Keel) -> Queue:
    return ticket_beyond_buffer(keel)


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    return keel.quick.vault


class TestWhoBears:
    def test_the_stream_alone_what_it_can(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        """LOS-1, LOS-4."""
        insure(keel, 50 * ETHER)
        change(keel, 5 * ETHER)
        carry_wei = vault.lossCarryWei()
        assert carry_wei < 0  # most of the profit bore no fee
        parts = lose(keel, queue, ETHER)
        assert parts["unvestedWei"] == ETHER
        assert vault.lossCarryWei() == carry_wei + ETHER
        assert vault.depositsReopenAt() == 0

    def test_the_insurance_the_rest_when_it_has_enough(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        """LOS-1, LOS-4."""
        insure(keel, 50 * ETHER)
        balance_wei = vault.balanceOf(keel.actors.depositor.address)
        parts = lose(keel, queue, 2 * ETHER)
        assert (parts["coverWei"], parts["holdersWei"], parts["ticketsWei"]) == (2 * ETHER, 0, 0)
        assert vault.balanceOf(keel.actors.depositor.address) == balance_wei
        assert keel.quick.queue.pending().index == RAY
        assert vault.lossCarryWei() == 0

    def test_all_alike_what_is_left_when_it_has_too_little(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        units = insure(keel, 20 * ETHER)
        visible_before_wei = vault.totalSupply()
        parts = lose(keel, queue, 41 * ETHER)
        assert parts["coverWei"] == units * 5 // 100
        assert parts["holdersWei"] + parts["ticketsWei"] == 40 * ETHER
        whole_wei = visible_before_wei - parts["coverWei"] + TICKETS_WEI
        exact_wei = 40 * ETHER * TICKETS_WEI // whole_wei
        assert abs(parts["ticketsWei"] - exact_wei) <= 1
        assert vault.lossCarryWei() == 40 * ETHER

    @pytest.mark.usefixtures("vault")
    def test_all_alike_everything_without_insurance(self, keel: Keel, queue: Queue) -> None:
        parts = lose(keel, queue, 96 * ETHER)
        assert (parts["coverWei"], parts["coverShares"]) == (0, 0)
        assert (parts["holdersWei"], parts["ticketsWei"]) == (864 * ETHER // 10, 96 * ETHER // 10)

    def test_holders_alone_when_nobody_has_a_ticket(self, keel: Keel, vault: StakingVault) -> None:
        deposit(keel, keel.actors.depositor.address, 96 * ETHER)
        stake(keel, 3)
        change(keel, 0)
        parts = lose(keel, Queue(), 96 * ETHER)
        assert parts["holdersWei"] == 96 * ETHER
        assert vault.totalSupply() == 4 * ETHER

    def test_everything_that_is_staked_can_be_lost(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        insure(keel, 10 * ETHER)
        lose(keel, queue, 960 * ETHER)
        balances = (vault.address, keel.quick.queue.address)
        assert sum(balance_wei(keel.rpc, holder) for holder in balances) == 50 * ETHER
        assert vault.bufferedWei() == balance_wei(keel.rpc, vault.address)

    @pytest.mark.usefixtures("vault")
    def test_a_wei_at_a_time_adds_up(self, keel: Keel, queue: Queue) -> None:
        insure(keel, ETHER)
        for _ in range(3):
            now_owed = keel.quick.queue.owedWei()
            parts = lose(keel, queue, 1)
            assert parts["coverWei"] == 1
            assert keel.quick.queue.owedWei() == now_owed


class TestCover:
    @pytest.mark.usefixtures("queue")
    def test_burns_what_was_handed_over_from_both_tokens(
        self, keel: Keel, vault: StakingVault
    ) -> None:
        wrapped = keel.quick.wrapped
        insure(keel, 50 * ETHER)
        shares, supply = vault.totalShares(), wrapped.totalSupply()
        inputs = inputs_of(keel, next_reference_slot(keel), -2 * ETHER)
        receipt = apply(keel, inputs)
        burned = 2 * ETHER * SHARES_PER_UNIT
        assert vault.totalShares() == shares - burned
        assert wrapped.totalSupply() == supply - 2 * ETHER
        assert shares_of(keel, wrapped.address) == [supply * SHARES_PER_UNIT - burned]
        assert units_of(keel, vault.address) == 0
        (burn,) = vault.events(receipt, "Transfer")
        assert burn.inputs == {
            "from": wrapped.address,
            "to": ZERO_ADDRESS,
            "value": 2 * ETHER,
        }
        handed_over, unit_burn = [event.inputs for event in wrapped.events(receipt, "Transfer")]
        assert handed_over["to"] == unit_burn["from"] == vault.address
        assert handed_over["value"] == unit_burn["value"] == 2 * ETHER

    def test_is_at_most_5_percent_of_the_fund(self, keel: Keel, queue: Queue) -> None:
        """LOS-2, AUDIT M5: what the fund would hand over, 95 %, is not asked for."""
        fund = keel.quick.fund
        units = insure(keel, 20 * ETHER)
        assert fund.coverable(2**255) == units * 95 // 100
        lose(keel, queue, ETHER)
        assert units_of(keel, fund.address) == units - ETHER
        parts = lose(keel, queue, ETHER)
        assert parts["coverWei"] == 19 * ETHER * 5 // 100
        assert parts["holdersWei"] + parts["ticketsWei"] == ETHER // 20

    @pytest.mark.usefixtures("queue")
    def test_a_profit_asks_for_none(self, keel: Keel) -> None:
        units = insure(keel, 20 * ETHER)
        receipt = change(keel, 0)
        assert keel.quick.vault.events(receipt, "LossAbsorbed") == []
        assert units_of(keel, keel.quick.fund.address) == units


class TestProperties:
    @settings(
        max_examples=40,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(
        bearers=bearers(most_parts=0),
        loss_wei=st.integers(1, 980 * ETHER),
        again_wei=st.integers(1, ETHER),
    )
    def test_two_losses_equal_the_model_to_the_wei(
        self,
        *,
        keel: Keel,
        queue: Queue,
        bearers: Bearers,
        loss_wei: int,
        again_wei: int,
    ) -> None:
        with reverting(keel.rpc):
            provide(keel, bearers)
            staked_wei = accounts_of(keel).consensus_wei
            first_wei = min(loss_wei, staked_wei - again_wei)
            lose(keel, queue, first_wei)
            later = queue_now(keel, queue)  # a ticket worth little enough was paid
            lose(keel, later, again_wei)


def test_what_tickets_lost_is_gone_from_their_claims(keel: Keel, queue: Queue) -> None:
    lose(keel, queue, 96 * ETHER)
    as_contract(keel.quick.oracle)
    worth_wei = keel.quick.queue.ticket(1).worthWei
    assert worth_wei == TICKETS_WEI * 904 // 1_000
    jump_to(keel.rpc, now(keel.rpc) + 1)
    assert keel.quick.queue.owedWei() == worth_wei
