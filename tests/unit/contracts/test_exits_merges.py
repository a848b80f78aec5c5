"""Exits and registry: what a consolidation does to the parts of two keys (KEY-11, REQ-2)."""

import pytest

from keel.consensus.deposit_data import DepositDataEntry
from keel.model import exits as rules
from keel.model.constants import BPS, ETHER
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


def test_a_source_counts_once_its_exit_is_asked_for(exiting: Exiting) -> None:
    """REQ-3: a little that tickets lack takes one validator, not all that wait for their merges."""
    first, second, target = exiting.active(0, 3)
    consolidate(exiting, [first, second], [target, target])
    exiting.request_ticket(exiting.keel.quick.vault.bufferedWei() + ETHER)
    exiting.ask(first)
    assert exiting.leaving(first) == (PART_GWEI, 1, True)
    assert exiting.exits.missingWei() == 0
    assert exiting.exits.standing(0)[0] == 2
    with fails("NothingMissing"):
        exiting.ask(second)


def test_an_exit_of_a_source_that_nobody_asked_for_counts_for_nothing(
    exiting: Exiting, pair: Pair
) -> None:
    """REQ-2: nobody makes ether out to be on its way that goes to another validator."""
    for entry in pair:
        exiting.leave(entry)
        exiting.note(entry)
    source, target = pair
    assert exiting.leaving(source) == (0, 0, False)
    assert exiting.leaving(target) == (PART_GWEI, 1, False)
    assert exiting.exits.leavingGwei() == PART_GWEI
    assert exiting.exits.standing(0)[0] == 1


def test_a_source_that_merged_after_all_is_taken_back(exiting: Exiting, pair: Pair) -> None:
    """Its ether did not come, and its part is the target's, which stays."""
    source, target = pair
    exiting.ask(source, exiting.manager)
    exiting.withdraw(source)
    assert parts_of(exiting, target) == 2
    exiting.end(source)
    assert exiting.leaving(source) == (0, 0, True)
    assert exiting.exits.leavingGwei() == 0
    assert exiting.exits.standing(0)[0] == 2
    with fails("NothingToEnd"):
        exiting.end(source)
    exiting.ask(target, exiting.manager)
    assert exiting.leaving(target) == (PART_GWEI, 2, True)
    assert exiting.exits.standing(0)[0] == 0


def test_a_source_whose_merge_was_ignored_counts_to_its_end(exiting: Exiting, pair: Pair) -> None:
    """The target left first; the source keeps its part and is gone with it."""
    source, target = pair
    exiting.withdraw(target)
    exiting.ask(source, exiting.manager)
    exiting.withdraw(source)
    exiting.end(source)
    assert exiting.leaving(source) == (0, 1, True)
    assert exiting.exits.standing(0)[0] == 1
    exiting.end(target)
    assert exiting.exits.standing(0)[0] == 0


@pytest.mark.parametrize("is_source_first", [True, False])
def test_the_order_in_which_a_merge_is_ended_does_not_matter(
    exiting: Exiting, pair: Pair, is_source_first: bool
) -> None:
    """Parts that count with both keys for a while leave the operator none, not less."""
    source, target = pair
    exiting.active(0)
    for entry in pair:
        exiting.ask(entry, exiting.manager)
    for entry in pair:
        exiting.withdraw(entry)
    assert exiting.exits.standing(0)[0] == 1
    first, last = (source, target) if is_source_first else (target, source)
    exiting.end(first)
    assert exiting.exits.standing(0)[0] == (2 if is_source_first else 0)
    exiting.end(last)
    assert exiting.exits.standing(0) == (1, rules.least_live(BPS, BPS, 1))
    assert exiting.exits.leavingGwei() == 0


def test_parts_that_count_twice_take_no_standing_away(exiting: Exiting, pair: Pair) -> None:
    """All of an operator's are gone, and those that merged count with both keys."""
    for entry in pair:
        exiting.ask(entry, exiting.manager)
    for entry in pair:
        exiting.withdraw(entry)
    source, target = pair
    exiting.end(target)
    assert exiting.exits.standing(0) == (0, 0)
    exiting.end(source)
    assert exiting.exits.standing(0) == (0, 0)


def test_a_merge_is_for_exits_alone(exiting: Exiting) -> None:
    """Not for the manager past it."""
    source, target = exiting.active(0, 2)
    with fails("OnlyExits", caller=exiting.manager):
        exiting.registry.merge.send(root_of(source), root_of(target), sender=exiting.manager)
