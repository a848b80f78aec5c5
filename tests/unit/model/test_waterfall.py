"""LOS: every wei of a loss has one bearer."""

from dataclasses import dataclass, replace

from hypothesis import example, given
from hypothesis import strategies as st

from keel.model.constants import CLAIM_SCALE, RAY, SHARES_PER_UNIT
from keel.model.queue import owed_up
from keel.model.waterfall import LossShared, cover_units, share_loss, units_worth
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
    forfeit_units: int = 0
    proven: int = 0
    winds_down: bool = False

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
            forfeit_units=self.forfeit_units,
            proven_wei=self.proven,
            winds_down=self.winds_down,
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
    others = shares // SHARES_PER_UNIT - units  # all covers together are part of S
    forfeit = draw(st.just(0) | up_to(others // draw(st.sampled_from([1, 1_000]))))
    proven = draw(st.just(0) | up_to(2 * loss))
    winds_down = draw(st.booleans())
    return Case(
        shares, visible, unvested, normalised, index, units, loss, forfeit, proven, winds_down
    )


@given(cases())
def test_the_parts_are_whole_and_add_up(case: Case) -> None:
    """LOS-1."""
    shared = case.run()
    assert shared.sum_wei == case.loss
    assert min(shared.holders_loss_wei, shared.tickets_loss_wei, shared.visible_after_wei) >= 0
    assert shared.unvested_loss_wei == min(case.loss - shared.bond_wei, case.unvested)
    parts = (shared.bond_wei, shared.unvested_loss_wei, shared.cover_wei)
    assert all(0 <= part <= case.loss for part in parts)


@given(cases())
def test_the_index_never_rises_and_holds_unless_tickets_bear_a_part(case: Case) -> None:
    shared = case.run()
    assert 0 <= shared.index_after <= case.index
    left = case.loss - shared.bond_wei - shared.unvested_loss_wei - shared.cover_wei
    assert shared.index_after == case.index or left > 0


@given(cases())
def test_the_fund_pays_for_no_more_than_is_left_and_is_proven_or_a_twentieth(case: Case) -> None:
    """LOS-2."""
    shared = case.run()
    assert 20 * shared.cover_units <= 19 * case.fund_units
    burned = shared.cover_units * SHARES_PER_UNIT
    if not case.winds_down:
        proven = burned * case.visible <= case.proven * case.shares
        assert proven or 20 * shared.cover_units <= case.fund_units
    assert shared.cover_wei <= case.loss - shared.bond_wei - shared.unvested_loss_wei
    assert shared.cover_wei * case.shares <= burned * case.visible
    wanted = (case.loss - shared.bond_wei - shared.unvested_loss_wei) * case.shares
    assert (burned - SHARES_PER_UNIT) * case.visible < wanted or not burned


@given(cases())
def test_forfeited_bonds_bear_all_that_they_can_before_anybody_else(case: Case) -> None:
    """LOS-1."""
    shared = case.run()
    assert shared.bond_units <= case.forfeit_units
    burned = shared.bond_units * SHARES_PER_UNIT
    assert shared.bond_wei == min(case.loss, burned * case.visible // case.shares)
    assert shared.bond_units == case.forfeit_units or shared.bond_wei == case.loss
    assert (burned - SHARES_PER_UNIT) * case.visible < case.loss * case.shares or not burned


@given(cases())
def test_a_cover_makes_nobody_bear_more(case: Case) -> None:
    """LOS-1: but for a wei by rounding, holders' shares keep more with bonds than without."""
    bare = replace(case, forfeit_units=0, fund_units=0).run()
    shared = case.run()
    assert shared.tickets_loss_wei <= bare.tickets_loss_wei + case.normalised // CLAIM_SCALE + 2
    burned = (shared.bond_units + shared.cover_units) * SHARES_PER_UNIT
    before, after = bare.visible_after_wei, shared.visible_after_wei
    floored = case.normalised // CLAIM_SCALE + 2
    assert (after + floored) * case.shares >= before * (case.shares - burned)


@given(cases())
def test_holders_and_tickets_keep_the_same_part(case: Case) -> None:
    """LOS-1."""
    shared = case.run()
    claims_before = case.visible - shared.bond_wei - shared.cover_wei
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
    bonded = Case(10**27, 10**18, 500, 10**27, RAY, 10**18, 500, forfeit_units=200).run()
    assert (bonded.bond_wei, bonded.unvested_loss_wei, bonded.cover_units) == (200, 300, 0)
    one_more = Case(10**27, 10**18, 500, 10**27, RAY, 10**18, 501).run()
    assert (one_more.unvested_loss_wei, one_more.cover_wei, one_more.cover_units) == (500, 1, 1)


def test_the_fund_rounds_the_asked_up_and_its_limit_down() -> None:
    assert [units_worth(wei, 10**27, 10**18) for wei in (0, 1, 2)] == [0, 1, 2]
    assert [units_worth(wei, 10**27 + 1, 10**18) for wei in (1, 10**18 - 1)] == [2, 10**18]
    assert units_worth(1, 10**27, 0) == 0
    assert [cover_units(needed, 100) for needed in (1, 5, 6)] == [1, 5, 5]
    assert cover_units(10**20, 59) == 2


def test_what_is_proven_slashed_lifts_what_the_fund_is_asked_for() -> None:
    """LOS-2: to the wei of what is proven, and never beyond 95 %."""
    assert [cover_units(100, 100, proven) for proven in (4, 5, 6, 94, 95, 96)] == [
        *(5, 5, 6, 94, 95, 95)
    ]
    assert cover_units(30, 100, 96) == 30
    assert [cover_units(n, 100, winds_down=True) for n in (6, 95, 96)] == [6, 95, 95]


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
