"""Forfeited bonds bear a loss before anybody else, and the books stay true (LOS-1, BND-4)."""

import pytest
from ape.contracts import ContractContainer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, now, reverting, set_next_timestamp
from keel.chain.state import balance_wei
from keel.deploy.contracts import StakingVault
from keel.model.constants import ETHER, GWEI, SHARES_PER_UNIT
from keel.model.frames import State
from keel.model.queue import Queue
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit, next_reference_slot
from tests.unit.contracts.test_staking_vault_funds import Conduct
from tests.unit.contracts.vaults import (
    ZERO_ADDRESS,
    accounts_of,
    announce_if_large,
    apply,
    change,
    covers_of,
    deploy_test_contract,
    forfeit,
    inputs_of,
    insure,
    note_slashing,
    predicted,
    queue_with,
    replace_modules,
    shares_of,
    stake,
    units_of,
)

TICKETS_WEI = 100 * ETHER
STAKED = 30


@pytest.fixture
def queue(keel: Keel) -> Queue:
    """Of 1,000 ETH, 960 are staked and 100 belong to a ticket that B cannot pay."""
    depositor = keel.actors.depositor.address
    deposit(keel, depositor, 969 * ETHER)
    stake(keel, STAKED)
    change(keel, 0)
    receipt = keel.quick.queue.request.send(TICKETS_WEI, depositor, sender=depositor)
    return queue_with((TICKETS_WEI, receipt.timestamp))


@pytest.fixture
def vault(keel: Keel) -> StakingVault:
    return keel.quick.vault


def lose(keel: Keel, queue: Queue, loss_wei: int, slashed_wei: int = 0) -> dict[str, int]:
    """Report a loss; view, event, books and balances are the model's to the wei."""
    vault, bonds = keel.quick.vault, keel.quick.bonds
    announce_if_large(keel, loss_wei)
    ref_time = next_reference_slot(keel)
    if slashed_wei:
        note_slashing(keel, slashed_wei, ref_time)
    inputs, at = inputs_of(keel, ref_time, -loss_wei), now(keel.rpc)
    before = covers_of(keel)
    model = predicted(keel, inputs, at, queue, proven_wei=slashed_wei)
    preview = vault.previewReport(inputs)
    set_next_timestamp(keel.rpc, at)
    receipt = apply(keel, inputs)
    shared = model.loss
    assert shared is not None
    (absorbed,) = vault.events(receipt, "LossAbsorbed")
    parts = dict(absorbed.inputs)
    assert parts == {
        "refTime": ref_time,
        "lossWei": loss_wei,
        "bondWei": shared.bond_wei,
        "unvestedWei": shared.unvested_loss_wei,
        "coverWei": shared.cover_wei,
        "holdersWei": shared.holders_loss_wei,
        "ticketsWei": shared.tickets_loss_wei,
        "bondShares": shared.bond_units * SHARES_PER_UNIT,
        "coverShares": shared.cover_units * SHARES_PER_UNIT,
    }
    assert (preview.bondWei, preview.bondShares) == (parts["bondWei"], parts["bondShares"])
    assert (preview.coverWei, preview.coverShares) == (parts["coverWei"], parts["coverShares"])
    assert vault.totals() == (preview.sharesAfter, preview.assetsAfter, preview.unvestedAfter)
    assert accounts_of(keel) == model.accounts
    after = covers_of(keel)
    assert before.forfeit_units - after.forfeit_units == shared.bond_units
    assert before.fund_units - after.fund_units == shared.cover_units
    assert units_of(keel, bonds.address) >= after.forfeit_units
    require_true_books(keel)
    return parts


def require_true_books(keel: Keel) -> None:
    """ACC-1 by real ether, and every share at a holder."""
    vault, owed_wei = keel.quick.vault, keel.quick.queue.owedWei()
    accounts = accounts_of(keel)
    held_wei = balance_wei(keel.rpc, vault.address)
    assert held_wei == vault.bufferedWei() == accounts.buffered_wei(owed_wei)
    wrapped = keel.quick.wrapped
    (in_units,) = shares_of(keel, wrapped.address)
    assert in_units == wrapped.totalSupply() * SHARES_PER_UNIT


class TestOrder:
    def test_bonds_bear_before_the_stream_and_the_fund(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        insure(keel, 50 * ETHER)
        change(keel, 5 * ETHER)
        forfeit(keel, 2, STAKED)
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
        forfeit(keel, 1, STAKED)
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
        assert units_of(keel, keel.quick.bonds.address) == held == STAKED * ETHER
        assert vault.events(receipt, "CoverFailed") == []

    def test_they_draw_on_the_bucket_like_any_loss(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        """LIM-3: a bond that happens to be there changes no limit."""
        forfeit(keel, STAKED, STAKED)
        before_wei = vault.lossAllowanceWei()
        lose(keel, queue, 2 * ETHER)
        drawn_wei = before_wei - vault.lossAllowanceWei()
        assert 2 * ETHER - ETHER // 20 < drawn_wei <= 2 * ETHER + ETHER // 20


class TestHolders:
    def test_a_loss_that_bonds_bear_costs_nobody_a_wei(
        self, keel: Keel, vault: StakingVault, queue: Queue
    ) -> None:
        forfeit(keel, 3, STAKED)
        depositor = keel.actors.depositor.address
        balance = vault.balanceOf(depositor)
        parts = lose(keel, queue, 3 * ETHER)
        assert (parts["holdersWei"], parts["ticketsWei"]) == (0, 0)
        assert vault.balanceOf(depositor) >= balance
        assert vault.lossCarryWei() == 0

    def test_everything_can_be_lost_with_all_bonds_forfeit(self, keel: Keel, queue: Queue) -> None:
        insure(keel, 10 * ETHER)
        forfeit(keel, STAKED, STAKED)
        parts = lose(keel, queue, 960 * ETHER, 960 * ETHER)
        assert parts["bondWei"] == 30 * ETHER
        assert parts["coverWei"] == 95 * ETHER // 10


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    profit_wei=st.just(0) | st.integers(1, 20 * ETHER),
    insured_wei=st.just(0) | st.integers(10**9, 59 * ETHER),
    parts=st.integers(0, STAKED),
    loss_wei=st.integers(1, 950 * ETHER) | st.integers(1, 40 * ETHER),
    slashed_gwei=st.just(0) | st.integers(1, 100 * 10**9),
    again_wei=st.integers(1, 5 * ETHER),
)
def test_all_bearers_together_equal_the_model_to_the_wei(
    *,
    keel: Keel,
    queue: Queue,
    profit_wei: int,
    insured_wei: int,
    parts: int,
    loss_wei: int,
    slashed_gwei: int,
    again_wei: int,
) -> None:
    """LOS-1, LOS-3, REP-9, ACC-1."""
    with reverting(keel.rpc):
        if insured_wei:
            insure(keel, insured_wei)
        if parts:
            forfeit(keel, parts, STAKED)
        change(keel, profit_wei)
        lose(keel, queue, loss_wei, slashed_gwei * GWEI)
        pending, paid = keel.quick.queue.pending(), keel.quick.queue.lastFinalised()
        later = Queue(pending.index, queue.tickets, paid)
        lose(keel, later, again_wei)


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
        places = (vault.address, keel.quick.queue.address, keel.quick.wrapped.address)
        fund = deploy_test_contract(
            keel, test_contracts, "TestFund", *places, conduct, value_wei=ETHER
        )
        depositor = keel.actors.depositor.address
        arguments = (fund.address, ZERO_ADDRESS)
        vault.depositWrapped.send(*arguments, sender=depositor, value_wei=50 * ETHER)
        vault.transfer.send(fund.address, 2 * ETHER, sender=depositor)
        replace_modules(keel, fund=fund.address)
        change(keel, 0)
        forfeit(keel, 1, STAKED)
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
        forfeit(keel, 1, STAKED)
        bonds = keel.quick.bonds
        for caller in (str(keel.actors.stranger.address), as_contract(keel.quick.fund)):
            with fails("OnlyVault", caller=caller):
                bonds.cover.send(SHARES_PER_UNIT, sender=caller)
        assert bonds.coverable(SHARES_PER_UNIT + 1) == 2
        assert bonds.coverable(2**255) == bonds.forfeitUnits() == ETHER
        assert vault.state() == State.NORMAL
