"""The operators' ether: how it becomes bonds, and how bonds leave (KEY-6, BND-1 to BND-3)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model import keys as key_rules
from keel.model import protocol as keel
from keel.model.allocation import Operator
from keel.model.bonds import Bond, release
from keel.model.constants import ETHER
from keel.model.errors import DepositsClosed, NothingToStake, StateNotNormal
from keel.model.frames import Action
from keel.model.key_stage import Stage
from keel.model.keys import Registry
from keel.model.protocol import BONDS, Protocol
from keel.model.registry_errors import BondLeaving, NothingToPay, NothingToRelease
from keel.model.stream import Stream
from tests.unit.model.worlds import NOW, PARAMETERS, odd_world

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
    assert [world.bonds[i].units for i in (0, 1)] == [2 * units, units]
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


def test_a_bond_leaves_after_the_exit_the_cooldown_and_in_the_normal_state() -> None:
    """BND-2, BND-3."""
    world, _ = keel.stake_keys(with_keys(odd_world(), 4), NOW, ROOTS[:4])
    held = world.bonds[0].units
    with pytest.raises(NothingToRelease):
        keel.release_bond(world, NOW, 0, 0)
    with pytest.raises(NothingToPay):
        keel.pay_bond(world, NOW, 0, "operator")
    world = keel.release_bond(world, NOW, 0, 1)
    payable_at = NOW + PARAMETERS.bond_cooldown_seconds
    assert world.bonds[0] == Bond(held - held // 4, held // 4, 1, payable_at)
    fresh = replace(world, accounts=replace(world.accounts, ref_time=payable_at - 60))
    with pytest.raises(BondLeaving):
        keel.pay_bond(fresh, payable_at - 1, 0, "operator")
    with pytest.raises(StateNotNormal):
        keel.pay_bond(world, payable_at, 0, "operator")
    paid, units = keel.pay_bond(fresh, payable_at, 0, "operator")
    assert (units, paid.units_of["operator"]) == (held // 4, held // 4)
    assert paid.units_of[BONDS] == held - held // 4
    with pytest.raises(NothingToPay):
        keel.pay_bond(paid, payable_at, 0, "operator")


@given(st.integers(1, 12), st.lists(st.integers(1, 12), max_size=12), st.integers(10**9, 10**19))
def test_all_of_a_bond_leaves_with_the_last_validator(
    staked: int, steps: list[int], units: int
) -> None:
    """BND-1, BND-2: in whatever portions, no validator's part is taken with another's."""
    bond = Bond(units=units)
    for exited in sorted({min(step, staked) for step in steps} | {staked}):
        before = bond
        bond = release(bond, 0, exited, staked, now=5, cooldown_seconds=100)
        left, of = staked - exited, staked - before.released
        assert bond.units * of >= before.units * left
        assert bond.units + bond.leaving_units == units
        with pytest.raises(NothingToRelease):
            release(bond, 0, exited, staked, now=6, cooldown_seconds=100)
    assert (bond.units, bond.leaving_units) == (0, units)


@given(st.integers(1, 10**19), st.integers(0, 200), st.integers(1, 11))
def test_a_release_delays_what_leaves_already_by_its_own_part_only(
    leaving: int, left_seconds: int, exited: int
) -> None:
    """BND-2: the units' seconds to wait add up, so whoever releases delays nobody for nothing."""
    now = 1_000
    before = Bond(12 * ETHER, leaving, 0, now + left_seconds)
    after = release(before, 0, exited, 12, now=now, cooldown_seconds=100)
    wait = after.payable_at - now
    sum_before = leaving * left_seconds + exited * ETHER * 100
    assert sum_before <= wait * after.leaving_units < sum_before + after.leaving_units
