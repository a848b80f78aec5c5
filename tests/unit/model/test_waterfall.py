"""LOS: every wei of a loss has one bearer."""

from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from keel.model.constants import CLAIM_SCALE, RAY, SHARES_PER_UNIT
from keel.model.queue import owed_up
from keel.model.waterfall import LossShared, cover_units, share_loss
from tests.unit.model.worlds import rates, up_to


@dataclass(frozen=True)
class Case:
    shares: int
    visible: int
    unvested: int
    normalised: int
    index: int
    fund_units: int
    loss: int

    @property
    def owed(self) -> int:
        return owed_up(self.normalised, self.index)

    def run(self) -> LossShared:
        return share_loss(
            self.loss,
            total_shares=self.shares,
            visible_wei=self.visible,
            unvested_wei=self.unvested,
            normalised=self.normalised,
            index=self.index,
            fund_units=self.fund_units,
        )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    shares, visible = draw(rates())
    index = draw(st.integers(RAY // 10**6, RAY))
    unvested = draw(up_to(visible // 10))
    normalised = draw(st.just(0) | up_to(visible * CLAIM_SCALE // index))
    most = visible + unvested + owed_up(normalised, index)
    loss = draw(up_to(most, least=1))
    units = draw(st.just(0) | up_to(shares // SHARES_PER_UNIT // draw(st.sampled_from([1, 20]))))
    return Case(shares, visible, unvested, normalised, index, units, loss)


@given(cases())
def test_the_parts_are_whole_and_add_up(case: Case) -> None:
    """LOS-1."""
    shared = case.run()
    assert shared.sum_wei == case.loss
    assert min(shared.holders_loss_wei, shared.tickets_loss_wei, shared.visible_after_wei) >= 0
    assert shared.unvested_loss_wei == min(case.loss, case.unvested)


@given(cases())
def test_the_index_never_rises_and_holds_unless_tickets_bear_a_part(case: Case) -> None:
    shared = case.run()
    assert 0 <= shared.index_after <= case.index
    left = case.loss - shared.unvested_loss_wei - shared.cover_wei
    assert shared.index_after == case.index or left > 0


@given(cases())
def test_the_fund_pays_for_no_more_than_is_left_and_a_twentieth(case: Case) -> None:
    """LOS-2."""
    shared = case.run()
    assert 20 * shared.cover_units <= case.fund_units
    burned = shared.cover_units * SHARES_PER_UNIT
    assert shared.cover_wei <= case.loss - shared.unvested_loss_wei
    assert shared.cover_wei * case.shares <= burned * case.visible
    wanted = (case.loss - shared.unvested_loss_wei) * case.shares
    assert (burned - SHARES_PER_UNIT) * case.visible < wanted


@given(cases())
def test_holders_and_tickets_keep_the_same_part(case: Case) -> None:
    """LOS-1."""
    shared = case.run()
    claims_before = case.visible - shared.cover_wei
    owed_after = owed_up(case.normalised, shared.index_after)
    total_before, total_after = claims_before + case.owed, shared.visible_after_wei + owed_after
    error = shared.visible_after_wei * total_before - claims_before * total_after
    # One wei by rounding Q up before and after, and what flooring the index takes from the claims.
    floored = case.normalised // CLAIM_SCALE + 2
    assert -total_before < error <= floored * total_before


@given(st.integers(10**12, 10**14), st.integers(10**21, 2**87), st.integers(1, 10**17))
@example(10**12, 10**25, 10**12 + 1)
def test_tickets_bear_what_holders_do_not_have(visible: int, owed: int, loss: int) -> None:
    """LOS-1: near a millionth of par, where an index can say hundreds of wei and no less."""
    index = RAY // 10**6
    case = Case(10**27, visible, 0, owed * CLAIM_SCALE // index, index, 0, loss)
    shared = case.run()
    assert shared.sum_wei == loss
    assert min(shared.holders_loss_wei, shared.visible_after_wei) >= 0
    assert 0 <= shared.tickets_loss_wei <= loss
    if loss > visible:
        assert (
            shared.holders_loss_wei <= case.normalised // CLAIM_SCALE + 2 + loss * visible // owed
        )


def test_a_loss_within_the_stream_touches_nobody_else() -> None:
    shared = Case(10**27, 10**18, 500, 10**27, RAY, 10**18, 500).run()
    assert (shared.unvested_loss_wei, shared.cover_units) == (500, 0)
    one_more = Case(10**27, 10**18, 500, 10**27, RAY, 10**18, 501).run()
    assert (one_more.unvested_loss_wei, one_more.cover_wei, one_more.cover_units) == (500, 1, 1)


def test_the_fund_rounds_the_asked_up_and_its_limit_down() -> None:
    assert cover_units(1, 100) == 1
    assert cover_units(10**9 + 1, 100) == 2
    assert cover_units(10**20, 59) == 2


def test_without_tickets_the_index_stays_even_after_a_total_loss() -> None:
    shared = Case(10**27, 10**18, 0, 0, RAY, 0, 10**18).run()
    assert (shared.visible_after_wei, shared.index_after) == (0, RAY)
    with_one = Case(10**27, 10**18, 0, 10**27, RAY, 0, 10**18 + 10**18).run()
    assert (with_one.visible_after_wei, with_one.index_after) == (0, 0)


def test_holders_bear_a_few_wei_that_no_index_can_take() -> None:
    """LOS-1: by floor alone, the index would take 5 wei of a loss of 4 from the tickets."""
    index = 968162347337377666538654348
    shared = share_loss(
        4,
        total_shares=10**27,
        visible_wei=1000000000571955441,
        unvested_wei=0,
        normalised=103288462183040030628616163752953,
        index=index,
        fund_units=0,
    )
    assert (shared.holders_loss_wei, shared.tickets_loss_wei) == (4, 0)
    assert shared.index_after == index
