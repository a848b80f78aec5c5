"""Exits and registry: what a consolidation does to the parts of two keys (KEY-11, REQ-2)."""

import pytest

from keel.consensus.deposit_data import DepositDataEntry
from keel.model.constants import BPS
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.exiting import PART_GWEI, Exiting, with_operators
from tests.unit.contracts.test_exits_managers import consolidate, root_of

type Pair = tuple[DepositDataEntry, DepositDataEntry]


@pytest.fixture
def exiting(keel: Keel) -> Exiting:
    """One operator."""
    return with_operators(keel, BPS)


@pytest.fixture
def pair(exiting: Exiting) -> Pair:
    """Source and target of a consolidation that was asked for."""
    source, target = exiting.active(0, 2)
    consolidate(exiting, [source], [target])
    return source, target


def parts_of(exiting: Exiting, entry: DepositDataEntry) -> int:
    """How many times 32 ETH the registry has for a key."""
    return int(exiting.registry.keyOf(root_of(entry)).parts)


def bond_of(exiting: Exiting) -> tuple[int, int]:
    """Units and parts."""
    units, parts = exiting.keel.quick.bonds.bondOf(0)
    return units, parts


def test_a_merge_moves_the_parts_when_the_source_is_paid_out(exiting: Exiting, pair: Pair) -> None:
    source, target = pair
    bond = bond_of(exiting)
    assert (parts_of(exiting, source), parts_of(exiting, target)) == (1, 1)
    receipt = exiting.withdraw(source)
    (merged,) = exiting.registry.events(receipt, "KeysMerged")
    assert tuple(merged.inputs.values()) == (0, root_of(source), root_of(target))
    assert (parts_of(exiting, source), parts_of(exiting, target)) == (0, 2)
    assert bond_of(exiting) == bond
    assert exiting.registry.operator(0).withdrawn == 0
    exiting.withdraw(target)
    assert bond_of(exiting) == (0, 0)
    assert exiting.registry.operator(0).withdrawn == 2


def test_a_merge_that_the_chain_ignored_frees_no_bond(exiting: Exiting, pair: Pair) -> None:
    """The target leaves by itself with its own part; the source keeps its own."""
    source, target = pair
    units, _ = bond_of(exiting)
    exiting.withdraw(target)
    assert bond_of(exiting) == (units - units // 2, 1)
    exiting.withdraw(source)
    assert bond_of(exiting) == (0, 0)


def test_a_merge_saves_no_bond_of_a_source_that_is_slashed(exiting: Exiting, pair: Pair) -> None:
    """Nor when it is paid out afterwards: the chain moves nothing of it."""
    source, target = pair
    units, _ = bond_of(exiting)
    exiting.slash(source)
    assert exiting.keel.quick.bonds.forfeitUnits() == units // 2
    exiting.withdraw(source)
    assert parts_of(exiting, target) == 1


def test_a_merge_follows_a_target_that_merged_in_turn(exiting: Exiting, pair: Pair) -> None:
    """Whichever payment is proven first."""
    source, target = pair
    (last,) = exiting.active(0)
    consolidate(exiting, [target], [last])
    exiting.withdraw(target)
    exiting.withdraw(source)
    assert parts_of(exiting, last) == 3
    assert bond_of(exiting)[1] == 3


def test_a_merge_counts_for_nothing_under_way(exiting: Exiting, pair: Pair) -> None:
    """REQ-2: nobody makes ether out to be on its way that goes to another validator."""
    source, target = pair
    exiting.ask(source, exiting.manager)
    assert exiting.leaving(source) == (0, 0, True)
    assert exiting.exits.leavingGwei() == 0
    exiting.ask(target, exiting.manager)
    assert exiting.leaving(target) == (PART_GWEI, 1, True)
    exiting.withdraw(source)
    assert exiting.exits.standing(0)[0] == 1
    exiting.withdraw(target)
    exiting.end(source, target)
    assert exiting.exits.standing(0)[0] == 0
    assert exiting.exits.leavingGwei() == 0


def test_a_merge_is_for_exits_alone(exiting: Exiting) -> None:
    """Not for the manager past it."""
    source, target = exiting.active(0, 2)
    with fails("OnlyExits", caller=exiting.manager):
        exiting.registry.merge.send(root_of(source), root_of(target), sender=exiting.manager)
