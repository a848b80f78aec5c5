"""Forfeited bonds bear a loss before anybody else, and the books stay true (LOS-1, BND-4)."""

import pytest
from ape.contracts import ContractContainer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, reverting
from keel.deploy.contracts import StakingVault
from keel.model.constants import ETHER, GWEI, SHARES_PER_UNIT
from keel.model.frames import State
from keel.model.queue import Queue
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, next_reference_slot
from tests.unit.contracts.losses import (
    Bearers,
    bearers,
    lose,
    provide,
    queue_now,
    require_true_books,
    ticket_beyond_buffer,
)
from tests.unit.contracts.replaced_fund import Conduct, replace_fund
from tests.unit.contracts.vaults import (
    MOST,
    apply,
    change,
    forfeit,
    inputs_of,
    insure,
    shares_of,
    units_of,
)


@pytest.fixture
def queue(keel: Keel) -> Queue:
    return ticket_beyond_buffer(keel)


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    return keel.quick.vault


class TestOrder:
    def test_bonds_bear_before_the_stream_and_the_fund(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        insure(keel, 50 * ETHER)
        change(keel, 5 * ETHER)
        forfeit(keel, 2, MOST)
        parts = lose(keel, queue, ETHER)
        assert parts["bondWei"] == ETHER
        assert (parts["unvestedWei"], parts["coverWei"]) == (0, 0)
        carry_wei = vault.lossCarryWei()
        parts = lose(keel, queue, 2 * ETHER)
        assert ETHER < parts["bondWei"] < ETHER + ETHER // 100  # two parts, grown with the rate
        assert parts["unvestedWei"] == 2 * ETHER - parts["bondWei"]
        assert vault.lossCarryWei() == carry_wei + parts["unvestedWei"]  # LOS-4
        assert keel.quick.bonds.forfeitUnits() == 0

    def test_what_a_loss_does_not_need_waits_for_the_next(self, keel: Keel, queue: Queue) -> None:
        """BND-4, to the wei."""
        forfeit(keel, 1, MOST)
        for _ in range(2):
            parts = lose(keel, queue, 1)
            assert (parts["bondWei"], parts["bondShares"]) == (1, SHARES_PER_UNIT)
        assert keel.quick.bonds.forfeitUnits() == ETHER - 2
        change(keel, ETHER)
        assert keel.quick.bonds.forfeitUnits() == ETHER - 2

    @pytest.mark.usefixtures("queue")
    def test_none_that_is_not_forfeit_is_asked_for(self, keel: Keel, vault: StakingVault) -> None:
        held = units_of(keel, keel.quick.bonds.address)
        receipt = change(keel, -2 * ETHER)
        assert units_of(keel, keel.quick.bonds.address) == held == MOST * ETHER
        assert vault.events(receipt, "CoverFailed") == []

    def test_they_draw_on_the_bucket_like_any_loss(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        """LIM-3: a bond that happens to be there changes no limit."""
        forfeit(keel, MOST, MOST)
        before_wei = vault.lossAllowanceWei()
        lose(keel, queue, 2 * ETHER)
        drawn_wei = before_wei - vault.lossAllowanceWei()
        assert 2 * ETHER - ETHER // 20 < drawn_wei <= 2 * ETHER + ETHER // 20


class TestHolders:
    def test_a_loss_that_bonds_bear_costs_nobody_a_wei(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        forfeit(keel, 3, MOST)
        depositor = keel.actors.depositor.address
        balance = vault.balanceOf(depositor)
        parts = lose(keel, queue, 3 * ETHER)
        assert (parts["holdersWei"], parts["ticketsWei"]) == (0, 0)
        assert vault.balanceOf(depositor) >= balance
        assert vault.lossCarryWei() == 0

    def test_everything_can_be_lost_with_all_bonds_forfeit(self, keel: Keel, queue: Queue) -> None:
        insure(keel, 10 * ETHER)
        forfeit(keel, MOST, MOST)
        parts = lose(keel, queue, 960 * ETHER, 960 * ETHER)
        assert parts["bondWei"] == 30 * ETHER
        assert parts["coverWei"] == 95 * ETHER // 10


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    bearers=bearers(),
    loss_wei=st.integers(1, 950 * ETHER) | st.integers(1, 40 * ETHER),
    slashed_gwei=st.just(0) | st.integers(1, 100 * 10**9),
    again_wei=st.integers(1, 5 * ETHER),
)
def test_all_bearers_together_equal_the_model_to_the_wei(
    *,
    keel: Keel,
    queue: Queue,
    bearers: Bearers,
    loss_wei: int,
    slashed_gwei: int,
    again_wei: int,
) -> None:
    """LOS-1, LOS-3, REP-9, ACC-1."""
    with reverting(keel.rpc):
        provide(keel, bearers)
        lose(keel, queue, loss_wei, slashed_gwei * GWEI)
        lose(keel, queue_now(keel, queue), again_wei)


class TestComingBack:
    @pytest.mark.parametrize("conduct", [Conduct.DEPOSITING, Conduct.REQUESTING])
    def test_books_are_read_again_after_bonds_and_fund(
        self,
        keel: Keel,
        vault: StakingVault,
        queue: Queue,
        test_contracts: dict[str, ContractContainer],
        conduct: Conduct,
    ) -> None:
        """LOS-2: the fund acts while the bonds' units are burned and S is not less yet."""
        fund = replace_fund(keel, test_contracts, conduct)
        depositor = keel.actors.depositor.address
        vault.transfer.send(fund.address, 2 * ETHER, sender=depositor)
        forfeit(keel, 1, MOST)
        assert keel.quick.queue.lastFinalised() == len(queue.tickets) - 1
        rate = (vault.totalSupply(), vault.totalShares())
        ref_time = next_reference_slot(keel)
        jump_to(keel.rpc, ref_time + 1)
        receipt = apply(keel, inputs_of(keel, ref_time, -2 * ETHER))
        (absorbed,) = vault.events(receipt, "LossAbsorbed")
        assert (absorbed.inputs["bondWei"], absorbed.inputs["coverWei"]) == (ETHER, ETHER)
        assert vault.events(receipt, "CoverFailed") == []
        assert vault.totalSupply() * rate[1] == rate[0] * vault.totalShares()
        require_true_books(keel)
        holders = (depositor, vault.address, fund.address, keel.quick.wrapped.address)
        assert sum(shares_of(keel, *holders)) == vault.totalShares()


class TestCoverIsTheVaults:
    @pytest.mark.usefixtures("queue")
    def test_nobody_else_takes_what_is_forfeit(self, keel: Keel, vault: StakingVault) -> None:
        forfeit(keel, 1, MOST)
        bonds = keel.quick.bonds
        for caller in (str(keel.actors.stranger.address), as_contract(keel.quick.fund)):
            with fails("OnlyVault", caller=caller):
                bonds.cover.send(SHARES_PER_UNIT, sender=caller)
        assert bonds.coverable(SHARES_PER_UNIT + 1) == 2
        assert bonds.coverable(2**255) == bonds.forfeitUnits() == ETHER
        assert vault.state() == State.NORMAL
