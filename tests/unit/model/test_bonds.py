"""The operators' ether: how it becomes bonds, and how bonds leave (KEY-6, KEY-10, BND)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model import keys as key_rules
from keel.model import protocol as keel
from keel.model.allocation import Operator
from keel.model.bonds import Bond, Leaving, take
from keel.model.constants import ETHER, SHARES_PER_WEI
from keel.model.errors import DepositsClosed, InsufficientLiquidity, NothingToStake, StateNotNormal
from keel.model.frames import Action
from keel.model.key_stage import Stage
from keel.model.keys import Registry, ShownValidator
from keel.model.protocol import BONDS, Protocol
from keel.model.registry_errors import BondLeaving, NothingToPay, WrongStage
from keel.model.stream import Stream
from tests.unit.model.worlds import FRAME, NOW, PARAMETERS, odd_world

ROOTS = [bytes([n]) * 32 for n in range(1, 41)]


def with_keys(world: Protocol, *counts: int) -> Protocol:
    """So many proven keys of each operator."""
    registry = Registry(tuple(Operator(i, True, 99, 10_000) for i in range(len(counts))))
    first = 0
    for operator_id, count in enumerate(counts):
        roots = ROOTS[first : first + count]
        registry = key_rules.predeposit(registry, operator_id, roots, count * ETHER)
        first += count
    registry = key_rules.prove_fresh(registry, {root: n for n, root in enumerate(ROOTS[:first])})
    return replace(world, registry=registry)


def test_a_stake_moves_31_32_and_1_and_no_rate() -> None:
    """KEY-6."""
    before = with_keys(odd_world(), 2, 1)
    world, choice = keel.stake_keys(before, NOW, ROOTS[:3])
    assert choice.taken == tuple(ROOTS[:3])
    assert before.buffered_wei - world.buffered_wei == 3 * 31 * ETHER
    assert world.accounts.pending_wei - before.accounts.pending_wei == 3 * 32 * ETHER
    assert world.accounts.backing_wei - before.accounts.backing_wei == 3 * ETHER
    units = keel.deposit_wrapped(before, NOW, "holder", ETHER)[1]
    assert world.bonds == {0: Bond(2 * units, 2), 1: Bond(units, 1)}
    assert world.units_of[BONDS] == 3 * units < 3 * ETHER
    assert world.registry.key(ROOTS[0]).stage is Stage.STAKED
    worth = (world.accounts.visible_wei(NOW), before.accounts.visible_wei(NOW))
    assert worth[0] * before.accounts.shares >= worth[1] * world.accounts.shares


def test_ether_and_limit_leave_keys_and_a_pause_takes_none() -> None:
    """KEY-6, LIM-3, STA-4."""
    world = with_keys(odd_world(), 40)
    assert keel.stakeable_validators(world, NOW) == 22
    after, choice = keel.stake_keys(world, NOW, ROOTS)
    assert (choice.taken, choice.skipped) == (tuple(ROOTS[:22]), ())
    paused = keel.pause(world, NOW, Action.STAKING, 60)
    for closed in (paused, after):
        with pytest.raises(NothingToStake):
            keel.stake_keys(closed, NOW, ROOTS)


def test_bonds_buy_nothing_that_deposits_are_kept_from() -> None:
    """KEY-6, STA-3, LIM-4: after a loss that was false, and while it comes back."""
    world = odd_world()
    closed = replace(world, deposits_open_from=NOW + 1)
    assert [keel.stakeable_validators(closed, now) for now in (NOW, NOW + 1)] == [0, 22]
    with pytest.raises(DepositsClosed):
        keel.stake(closed, NOW, 1)
    keel.stake(closed, NOW + 1, 1)
    accounts = world.accounts
    back = Stream(accounts.backing_wei * 9 // 10, NOW + 10**6, 10**6)
    fallen = replace(accounts, shares=accounts.backing_wei * 2 * 10**9, stream=back)
    units = keel.bond_units(replace(world, accounts=fallen), NOW)
    assert units == 2 * ETHER  # A is half of par; by V alone it would be 20
    risen = replace(fallen, shares=accounts.backing_wei * 10**9 // 2)
    assert keel.bond_units(replace(world, accounts=risen), NOW) == ETHER
    gift = replace(fallen, shares=accounts.backing_wei * 10**9 // 20)
    by_visible = keel.bond_units(replace(world, accounts=gift), NOW)
    assert by_visible == gift.to_shares_down(ETHER, NOW) // 10**9
    assert ETHER // 2 - 10 <= by_visible <= ETHER // 2


@given(st.integers(1, 10**21), st.integers(10**18, 10**22), st.integers(10**8, 10**14))
def test_a_stake_takes_of_no_holder_and_of_nothing_unvested(
    unvested: int, visible: int, per_wei: int
) -> None:
    """KEY-6: the rate V / S does not fall to the last wei, nor does A / S while it is below par."""
    before = odd_world()
    backing = unvested + visible + 40 * ETHER
    stream = Stream(unvested, NOW + 10**6, 10**6)
    accounts = replace(
        before.accounts, shares=backing * per_wei, backing_wei=backing, stream=stream
    )
    was = replace(before, accounts=accounts)
    after = keel.stake(was, NOW, 1).accounts
    assert after.visible_wei(NOW) * accounts.shares >= accounts.visible_wei(NOW) * after.shares
    if accounts.shares >= backing * SHARES_PER_WEI:
        assert after.backing_wei * accounts.shares >= accounts.backing_wei * after.shares


@given(st.integers(0, 2**87))
def test_growth_that_is_claimed_takes_nothing_of_a_bond(claimed_wei: int) -> None:
    """KEY-6: whatever a report says has been earned, a bond gets what 1 ETH buys, or par."""
    world = odd_world()
    accounts = world.accounts
    stream = Stream(claimed_wei, NOW + 10**6, 10**6)
    claimed = replace(accounts, backing_wei=accounts.backing_wei + claimed_wei, stream=stream)
    by_visible = accounts.to_shares_down(ETHER, NOW) // 10**9
    units = keel.bond_units(replace(world, accounts=claimed), NOW)
    assert min(by_visible, ETHER) <= units <= by_visible


def test_a_bond_leaves_after_the_payout_the_cooldown_and_while_no_report_is_due() -> None:
    """BND-2, BND-3."""
    world, _ = keel.stake_keys(with_keys(odd_world(), 4), NOW, ROOTS[:4])
    held = world.bonds[0].units
    with pytest.raises(NothingToPay):
        keel.pay_bond(world, NOW, ROOTS[0], "operator")
    world = keel.prove_withdrawn(world, NOW, ROOTS[0])
    with pytest.raises(WrongStage):
        keel.prove_withdrawn(world, NOW, ROOTS[0])
    payable_at = NOW + PARAMETERS.bond_cooldown_seconds
    assert world.bonds[0] == Bond(held - held // 4, 3)
    assert world.leaving_bonds[ROOTS[0]] == Leaving(held // 4, 0, payable_at)
    fresh = replace(world, accounts=replace(world.accounts, ref_time=payable_at - 60))
    with pytest.raises(BondLeaving):
        keel.pay_bond(fresh, payable_at - 1, ROOTS[0], "operator")
    for ref_time in (payable_at - FRAME, payable_at - 14 * FRAME + 1):
        due = replace(world, accounts=replace(world.accounts, ref_time=ref_time))
        with pytest.raises(StateNotNormal):
            keel.pay_bond(due, payable_at, ROOTS[0], "operator")
    with pytest.raises(StateNotNormal):
        keel.pay_bond(replace(fresh, slashed=True), payable_at, ROOTS[0], "operator")
    dead = replace(world, accounts=replace(world.accounts, ref_time=payable_at - 14 * FRAME))
    for payable in (fresh, dead, replace(dead, slashed=True)):
        paid, units = keel.pay_bond(payable, payable_at, ROOTS[0], "operator")
        assert (units, paid.units_of["operator"]) == (held // 4, held // 4)
        assert paid.units_of[BONDS] == held - held // 4
        with pytest.raises(NothingToPay):
            keel.pay_bond(paid, payable_at, ROOTS[0], "operator")


def test_a_slashed_part_is_forfeit_for_good() -> None:
    """BND-4: what is paid out later releases nothing, and nobody can have it paid."""
    world, _ = keel.stake_keys(with_keys(odd_world(), 3, 1), NOW, ROOTS[:4])
    held = world.bonds[0].units
    slashed = keel.prove_slashed(world, NOW, ROOTS[0], 32 * 10**9, NOW)
    assert slashed.bonds == {0: Bond(held - held // 3, 2), 1: world.bonds[1]}
    assert slashed.forfeit_units == held // 3
    assert slashed.units_of[BONDS] == world.units_of[BONDS]
    unseen = keel.prove_withdrawn(world, NOW, ROOTS[0], slashed=True)
    assert (unseen.bonds, unseen.forfeit_units) == (slashed.bonds, slashed.forfeit_units)
    assert not unseen.leaving_bonds
    with pytest.raises(WrongStage):
        keel.prove_slashed(slashed, NOW, ROOTS[0], 32 * 10**9, NOW)
    out = keel.prove_withdrawn(slashed, NOW, ROOTS[0])
    assert (out.bonds, out.forfeit_units) == (slashed.bonds, slashed.forfeit_units)
    with pytest.raises(NothingToPay):
        keel.pay_bond(out, NOW, ROOTS[0], "operator")


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.integers(0, 10**19))
def test_all_of_a_bond_leaves_with_the_last_part(portions: list[int], units: int) -> None:
    """BND-1: in whatever portions, no part is taken with another's."""
    bond, taken = Bond(units, sum(portions)), 0
    for parts in portions:
        before = bond
        bond, took = take(before, parts)
        taken += took
        assert took * before.parts <= before.units * parts < (took + 1) * before.parts
    assert (bond, taken) == (Bond(0, 0), units)


def test_more_stake_is_bonded_and_bounded_like_any() -> None:
    """KEY-10."""
    world, _ = keel.stake_keys(with_keys(odd_world(), 2), NOW, ROOTS[:2])
    shown = ShownValidator(0, ROOTS[0], is_ours=True, compounding=True)
    units = keel.bond_units(world, NOW)
    more = keel.stake_more(world, NOW, ROOTS[0], 3, value_wei=3 * ETHER, shown=shown)
    assert world.buffered_wei - more.buffered_wei == 3 * 31 * ETHER
    assert more.accounts.pending_wei - world.accounts.pending_wei == 3 * 32 * ETHER
    assert more.bonds[0] == Bond(world.bonds[0].units + 3 * units, 5)
    assert more.registry.key(ROOTS[0]).parts == 4
    out = keel.prove_slashed(more, NOW, ROOTS[0], 128 * 10**9, NOW)
    assert out.bonds[0].parts == 1
    with pytest.raises(InsufficientLiquidity):
        keel.stake_more(world, NOW, ROOTS[0], 21, value_wei=21 * ETHER, shown=shown)
