"""Forged proofs: each is refused by the named error that is predicted for it."""

from typing import Any

import pytest

from keel.chain.contract import Contract
from keel.chain.revert import BareRevert
from keel.consensus.state.merkle import ZERO_NODES, hash_pair
from tests.causes import fails
from tests.unit.contracts.proven_states import (
    CREDENTIALS,
    Shown,
    error_of,
    errors_of,
    fresh_row,
    old_row,
    shown,
    state_of,
)

FRESH, COUNT = range(8, 24), 24
"""Indices of the fresh ones among the validators."""

LEAST, RING = 9, 8191
LARGEST = 2**40 - 1


@pytest.fixture
def at(module: Contract) -> Shown:
    rows = [old_row(n) for n in range(8)] + [fresh_row(n) for n in FRESH]
    return shown(module, state_of(rows))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("name", ["requireFresh", "requireValidator", "balanceGwei"])
def test_every_byte_of_a_proof_counts(at: Shown, name: str, whole: bool) -> None:
    """PRF-3 to PRF-6, of the whole calldata but the place of the empty list of `older`.

    That may be pointed to anywhere. A balance's neighbour has the same proof.
    """
    arguments = _arguments(at, name)
    if whole:
        arguments = (*arguments[:-1], _whole(at, arguments[-1], name))
    data = at.module.function(name).encode(*arguments)
    at.module.function(name)(*arguments)
    pointer = 4 + int.from_bytes(data[4:36]) + 3 * 32
    places = [n for n in range(4, len(data)) if not pointer <= n < pointer + 32]
    flips = [(place, bit) for place in places for bit in (0x01, 0x80)]
    calls = [data[:n] + bytes([data[n] ^ bit]) + data[n + 1 :] for n, bit in flips]
    errors = errors_of(at.module, calls)
    accepted = [flip for flip, error in zip(flips, errors, strict=True) if error is None]
    assert accepted == ([(4 + 63, 0x01)] if name == "balanceGwei" else [])
    for error in errors:
        assert error in (None, BareRevert()) or getattr(error, "name", "") in NAMED


NAMED = (
    "BatchUnaligned",
    "BranchLength",
    "FreshOutsideBatch",
    "IndexTooLarge",
    "ProofWrong",
    "RootUnknown",
)
"""Or without data, where the calldata is none of the ABI's: an offset or a number too wide."""


@pytest.mark.parametrize("name", ["requireFresh", "requireValidator", "balanceGwei"])
def test_a_branch_has_the_length_of_its_path(at: Shown, name: str) -> None:
    """PRF-6: shorter or longer it is refused, and between the bounds it leads elsewhere."""
    *arguments, branch = _arguments(at, name)
    call = at.module.function(name)
    most = {"requireFresh": 47, "requireValidator": 49, "balanceGwei": 47}[name]
    whole = _whole(at, branch, name)
    assert len(whole) == most
    for wrong in ((), whole[:1], whole[-LEAST + 1 :], (*whole, bytes(32)), whole * 3):
        with fails("BranchLength", length=len(wrong), least=LEAST, most=most):
            call(*arguments, wrong)
    for wrong in (branch[1:], branch[:-1], (bytes(32), *branch), (*branch, branch[-1])):
        refused = error_of(at.module, name, *arguments, wrong)
        assert (refused.name, refused.inputs["expected"]) == ("ProofWrong", at.root)


@pytest.mark.parametrize("name", ["requireFresh", "requireValidator", "balanceGwei"])
def test_an_index_is_that_of_one_place(at: Shown, name: str) -> None:
    """PRF-3: bits above those of the branch, above the list, or of a neighbour are not ignored."""
    block, index, *rest = _arguments(at, name)
    assert error_of(at.module, name, block, index ^ 16, *rest).name == "ProofWrong"
    for bit in (5, 6, 19, 20, 21, 38, 39):
        refused = error_of(at.module, name, block, index | 1 << bit, *rest)
        assert (refused.name, refused.inputs["expected"]) == ("ProofWrong", at.root)
    for far in (1 << 40, 1 << 41, 1 << 64, 1 << 255):
        with fails("IndexTooLarge", index=index | far, most=LARGEST):
            at.module.function(name)(block, index | far, *rest)


@pytest.mark.parametrize("height", range(1, 8))
def test_an_inner_node_is_no_leaf(at: Shown, height: int) -> None:
    """PRF-4, PRF-5: a branch from a node above the leaves leads to the root only at its height."""
    tree, prover = at.prover.tree, at.prover
    branch = _whole(at, prover.validator(8).branch, "requireValidator")[height:]
    inner = tree.validators.chunks.node(height, 8 >> height)
    aside = tree.validators.chunks.node(height, 8 >> height ^ 1)
    assert _accepts_node(at, inner, 8 >> height, branch)
    for index in (8, 8 >> height):
        forged = (at.block, index & ~1, 1 << (index & 1), _pair(index, inner, aside), CREDENTIALS)
        for shift in (0, 1):
            assert error_of(at.module, "requireFresh", *forged, branch[shift:]).name == "ProofWrong"
    balances = tree.balances.chunks
    short = _whole(at, prover.balance(8).branch, "balanceGwei")[height:]
    chunk = balances.node(height, 2 >> height)
    for index in (8, 8 >> height):
        arguments = (at.block, index, chunk, short)
        assert error_of(at.module, "balanceGwei", *arguments).name == "ProofWrong"


def test_the_length_of_a_list_is_no_leaf(at: Shown) -> None:
    """PRF-5: it stands beside the list, where an index of 2^38 chunks would lead."""
    length = COUNT.to_bytes(32, "little")
    beside = _whole(at, at.prover.balance(0).branch, "balanceGwei")
    root = at.prover.tree.balances.chunks.root
    for index in (4 << 38, (4 << 38) - 4, 0):
        for branch in ((root, *beside[-8:]), (root, *beside[-9:])):
            refused = error_of(at.module, "balanceGwei", at.block, index, length, branch)
            assert refused.name in ("IndexTooLarge", "ProofWrong", "BranchLength")
            assert (refused.name == "IndexTooLarge") == (index == 4 << 38)


@pytest.mark.parametrize(
    ("first", "size"), [(8, 0), (8, 3), (9, 2), (10, 4), (12, 8), (8, 6), (0, 512), (0, 257)]
)
def test_a_batch_is_aligned(at: Shown, first: int, size: int) -> None:
    """PRF-4."""
    leaves = [at.prover.pubkey_root(8)] * size
    branch = at.prover.fresh([8]).branch
    with fails("BatchUnaligned", firstIndex=first, size=size):
        at.module.function("requireFresh")(at.block, first, 1, leaves, CREDENTIALS, branch)


@pytest.mark.parametrize("marks", [0, 1 << 4, 0b10001, 1 << 255])
def test_a_batch_shows_some_of_its_own(at: Shown, marks: int) -> None:
    """PRF-4."""
    block, first, _, *rest = at.fresh(8, 11)
    with fails("FreshOutsideBatch", fresh=marks, size=4):
        at.module.function("requireFresh")(block, first, marks, *rest)


def test_the_largest_batch_has_256(module: Contract) -> None:
    """PRF-4."""
    rows = [fresh_row(n) for n in range(300)]
    at = shown(module, state_of(rows))
    module.function("requireFresh")(*at.fresh(*range(256)))
    block, first, marks, leaves, *rest = at.fresh(*range(256))
    wrong = (*leaves[:255], bytes(32))
    assert error_of(module, "requireFresh", block, first, marks, wrong, *rest).name == "ProofWrong"


def test_leaves_have_their_own_places_and_kinds(at: Shown) -> None:
    """PRF-4: doubled, swapped, or said to be what they are not."""
    block, first, marks, leaves, *rest = at.fresh(8, 9, 10)
    assert marks == 0b0111
    a, b, c, d = leaves
    roots = [at.prover.tree.validators.chunks.node(0, index) for index in range(8, 12)]
    at.module.function("requireFresh")(block, first, 0b0001, (a, *roots[1:]), *rest)
    for wrong in ((a, a, c, d), (b, a, c, d), (a, b, d, c), (roots[0], b, c, d), (a, b, c, a)):
        forged = (block, first, marks, wrong, *rest)
        assert error_of(at.module, "requireFresh", *forged).name == "ProofWrong"
    for other in (0b1111, 0b0011, 0b0001):
        forged = (block, first, other, leaves, *rest)
        assert error_of(at.module, "requireFresh", *forged).name == "ProofWrong"


def test_who_is_not_in_the_list_is_not_fresh(at: Shown) -> None:
    """PRF-4: beyond the last validator the tree has zeros, which no container hashes to."""
    block, _, _, leaves, *rest = at.fresh(20)
    beyond = (block, COUNT, 1, leaves, *rest)
    assert error_of(at.module, "requireFresh", *beyond).name == "ProofWrong"
    tree = at.prover.tree.validators.chunks
    branch = (bytes(32), *[tree.node(level, (24 >> level) ^ 1) for level in range(1, 5)])
    whole = (*branch, *rest[-1][-LEAST:])
    assert _accepts_node(at, bytes(32), COUNT, _filled(whole, 40))
    for leaf in (leaves[0], bytes(32), at.prover.pubkey_root(0)):
        forged = (block, COUNT, 1, (leaf,), CREDENTIALS, whole)
        assert error_of(at.module, "requireFresh", *forged).name == "ProofWrong"


def _arguments(at: Shown, name: str) -> tuple[Any, ...]:
    arguments = {"requireFresh": at.fresh(8, 9, 11), "requireValidator": at.validator(8)}
    return arguments.get(name) or at.balance(8)


def _pair(index: int, inner: bytes, aside: bytes) -> tuple[bytes, bytes]:
    return (aside, inner) if index & 1 else (inner, aside)


def _whole(at: Shown, branch: tuple[bytes, ...], name: str) -> tuple[bytes, ...]:
    """The branch with the empty subtrees that may be left out."""
    most = {"requireFresh": 38, "requireValidator": 40, "balanceGwei": 38}[name]
    start = 40 - most if name == "requireFresh" else 0
    return _filled(branch, most, start)


def _filled(branch: tuple[bytes, ...], levels: int, start: int = 0) -> tuple[bytes, ...]:
    given = len(branch) - LEAST
    empty = ZERO_NODES[start + given : start + levels]
    return (*branch[:given], *empty, *branch[given:])


def _accepts_node(at: Shown, node: bytes, position: int, branch: tuple[bytes, ...]) -> bool:
    """Whether a whole branch leads from a node of the list of validators to the block's root."""
    for sibling in branch[:-LEAST]:
        node = hash_pair(sibling, node) if position & 1 else hash_pair(node, sibling)
        position >>= 1
    return node == at.prover.tree.validators.chunks.root
