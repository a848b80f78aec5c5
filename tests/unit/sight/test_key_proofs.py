"""Keys are proven by the fewest gas, each once, in the order that the registry needs."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from keel.consensus.state.prover import Prover
from keel.consensus.state.tree import state_tree
from keel.sight.appearances import appearances
from keel.sight.key_proofs import LARGEST_BATCH, batches, key_proofs
from tests.unit.sight.state_examples import COMPOUNDING, OWN, STRANGER, KnownValidator, Scene
from tests.unit.sight.test_appearances import life, new

TIME = 1_800_000_012
FILLERS_OF_A_PROOF = 86
"""So many validators that only fill a batch cost as much as another proof."""


def span(group: tuple[int, ...]) -> int:
    """Size of the smallest aligned batch."""
    size = 1
    while group[0] // size != group[-1] // size:
        size *= 2
    return size


@given(st.sets(st.integers(0, 4 * LARGEST_BATCH)))
def test_every_index_is_in_one_batch_that_the_contract_takes(indices: set[int]) -> None:
    groups = batches(sorted(indices))
    assert sorted(index for group in groups for index in group) == sorted(indices)
    assert all(span(group) <= LARGEST_BATCH for group in groups)


@given(st.sets(st.integers(0, LARGEST_BATCH - 1), min_size=2))
def test_two_batches_are_made_only_where_one_had_more_to_fill(indices: set[int]) -> None:
    groups = batches(sorted(indices))
    for one, other in pairwise(groups):
        together = span((*one, *other))
        filling = together - span(one) - span(other)
        assert filling > FILLERS_OF_A_PROOF
    for group in groups:
        assert span(group) - len(group) < FILLERS_OF_A_PROOF * len(group)


def test_neighbours_share_a_proof_and_far_ones_do_not() -> None:
    assert batches([5, 6]) == [(5, 6)]
    assert batches([1, 60]) == [(1, 60)]
    assert batches([1, 200]) == [(1,), (200,)]
    assert batches([255, 256]) == [(255,), (256,)]


def test_one_foreign_key_of_each_operator_comes_first_and_all_others_last() -> None:
    foreign = [new(key, credentials=STRANGER) for key in range(4)]
    encoded = Scene((*foreign, new(4))).encoded()
    prover = Prover(encoded, state_tree(encoded))
    lives = [replace(life(key), operator_id=key // 2) for key in range(5)]
    seen = appearances(encoded, lives, OWN).appeared

    def order(frozen: set[int]) -> list[tuple[int, bool]]:
        proofs = key_proofs(prover, TIME, seen, frozen)
        return [(proof.keys[0].index, proof.is_spare) for proof in proofs]

    free, spare = False, True
    assert order(set()) == [(0, free), (2, free), (4, free), (1, spare), (3, spare)]
    assert order({1}) == [(0, free), (4, free), (1, spare), (2, spare), (3, spare)]
    assert order({0, 1}) == [(4, free), (0, spare), (1, spare), (2, spare), (3, spare)]


def test_fresh_keys_of_both_types_are_proven_apart() -> None:
    encoded = Scene((new(0), new(1, credentials=COMPOUNDING), new(2))).encoded()
    prover = Prover(encoded, state_tree(encoded))
    seen = appearances(encoded, [life(key) for key in range(3)], OWN).appeared
    plain, compounding = key_proofs(prover, TIME, seen)
    assert plain.arguments == (prover.block(TIME), *prover.fresh((0, 2)), False)
    assert compounding.arguments == (prover.block(TIME), *prover.fresh((1,)), True)


def test_foreign_keys_come_first_then_fresh_ones_together_then_the_others() -> None:
    validators = (
        new(1),
        new(0),
        new(2, credentials=STRANGER),
        KnownValidator(3, effective_gwei=2 * 10**9),
        new(4),
        new(5, slashed=True),
        new(6),
    )
    encoded = Scene(validators).encoded()
    lives = [life(key) for key in (0, 2, 3, 4, 5, 6)]
    prover = Prover(encoded, state_tree(encoded))
    proofs = list(key_proofs(prover, TIME, appearances(encoded, lives, OWN).appeared))
    told = [(proof.function, [one.index for one in proof.keys]) for proof in proofs]
    assert told == [("proveKey", [2]), ("proveFresh", [1, 4, 6]), ("proveKey", [3])]
    foreign, fresh, other = proofs
    assert foreign.arguments == (prover.block(TIME), *prover.validator(2))
    assert fresh.arguments == (prover.block(TIME), *prover.fresh((1, 4, 6)), False)
    assert other.arguments == (prover.block(TIME), *prover.validator(3))
    assert fresh.arguments[1:3] == (0, 0b1010010)
