"""Which beacon block a proof is of: timestamps of EIP-4788, older blocks, states of other forks."""

from dataclasses import replace

import pytest

from keel.chain.clock import now
from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.chain.state import set_runtime_code
from keel.chain.system_contracts import BEACON_ROOTS, set_beacon_root
from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.beacon.spec import State, list_of
from keel.consensus.state.errors import ProofError
from keel.deploy.artifacts import Artifacts
from tests.causes import fails
from tests.deployment import Actors
from tests.unit.contracts.proven_states import (
    SLOT,
    Numbers,
    Shown,
    deploy_module,
    error_of,
    fresh_row,
    old_row,
    proving,
    shown,
    state_of,
)

RING = 8191
"""How many entries EIP-4788 keeps, by the timestamp's remainder."""

BLOCK_ROOTS = 64
ROWS = [*[old_row(n) for n in range(5)], fresh_row(5)]
RETURNS_NOTHING, RETURNS_64_BYTES = bytes.fromhex("00"), bytes.fromhex("60405ff3")


@pytest.fixture
def at(module: Contract) -> Shown:
    return shown(module, state_of(ROWS))


def test_a_timestamp_without_a_block_names_none(at: Shown) -> None:
    """PRF-1: missed, before the first, of the future, zero, and what is no time at all."""
    timestamp = at.block.timestamp
    for wrong in (timestamp + 1, timestamp - 12, timestamp + 12, timestamp + RING, 0, 2**64 - 1):
        _unknown(at, wrong)


def test_a_timestamp_is_forgotten_when_the_ring_has_gone_round(at: Shown) -> None:
    """PRF-1: the next entry in its place is another block's."""
    timestamp, root = at.block.timestamp, b"\x11" * 32
    set_beacon_root(at.rpc, timestamp + RING - 1, root)
    set_beacon_root(at.rpc, timestamp + RING + 1, root)
    at.module.function("requireFresh")(*at.fresh(5))
    set_beacon_root(at.rpc, timestamp + RING, root)
    _unknown(at, timestamp)
    later = replace(at, block=at.block._replace(timestamp=timestamp + RING))
    with fails("ProofWrong", root=at.root, expected=root):
        at.module.function("requireValidator")(*later.validator(0))


def test_a_block_under_two_timestamps_has_one_slot(at: Shown) -> None:
    """PRF-1."""
    later = at.block.timestamp + 24
    set_beacon_root(at.rpc, later, at.root)
    for slot, accepted in ((SLOT, True), (SLOT + 1, False), (SLOT + 2, False)):
        block = at.block._replace(timestamp=later, slot=slot)
        arguments = replace(at, block=block).validator(0)
        if accepted:
            at.module.function("requireValidator")(*arguments)
        else:
            assert error_of(at.module, "requireValidator", *arguments).name == "ProofWrong"


@pytest.mark.parametrize("code", [b"", RETURNS_NOTHING, RETURNS_64_BYTES])
def test_without_the_contract_of_the_roots_nothing_is_shown(at: Shown, code: bytes) -> None:
    """PRF-1: a call of an account without code succeeds and says nothing."""
    set_runtime_code(at.rpc, BEACON_ROOTS, code)
    _unknown(at, at.block.timestamp)


@pytest.mark.parametrize("fork", FORKS)
@pytest.mark.parametrize("age", [1, 2, 63, 64])
def test_an_older_block_is_shown_by_a_newer_state(module: Contract, fork: Fork, age: int) -> None:
    """PRF-2: with the facts of the older state, which need not be those of the newer."""
    older = state_of(ROWS, fork, SLOT - age)
    at = _under(module, older, fork)
    module.function("requireFresh")(*at.fresh(5))
    module.function("requireValidator")(*at.validator(1))
    assert module.function("balanceGwei")(*at.balance(1)) == 10**9 + 7
    directly = replace(at, block=at.block._replace(older=()))
    with fails("ProofWrong", root=at.root, expected=_newer_root(at, older, fork)):
        module.function("requireFresh")(*directly.fresh(5))


def test_a_state_names_no_block_that_it_has_forgotten(module: Contract) -> None:
    """PRF-2: after 64 slots another root stands in its place."""
    prover = proving(state_of(ROWS, slot=SLOT - 65))
    newer = proving(_newer(state_of(ROWS, slot=SLOT - 1), SLOT)).tree
    timestamp = now(module.rpc)
    set_beacon_root(module.rpc, timestamp, newer.header_fields.root)
    with pytest.raises(ProofError, match="slot 935, 936 to 999 expected"):
        prover.older_block(newer, timestamp)
    branch = (*newer.block_root_branch((SLOT - 65) % 64), *newer.header_fields.branch(3))
    at = Shown(module, prover, prover.block(timestamp)._replace(older=branch))
    assert error_of(module, "requireFresh", *at.fresh(5)).name == "ProofWrong"


def test_the_slot_says_where_an_older_block_stands(module: Contract) -> None:
    """PRF-2: the root of one slot is not taken from the place of another."""
    at = _under(module, state_of(ROWS, slot=SLOT - 5), "fulu")
    for change in (1, -1, BLOCK_ROOTS, -BLOCK_ROOTS):
        block = at.block._replace(slot=at.block.slot + change)
        for name, arguments in (
            ("requireFresh", replace(at, block=block).fresh(5)),
            ("balanceGwei", replace(at, block=block).balance(0)),
        ):
            assert error_of(module, name, *arguments).name == "ProofWrong"


def test_the_branch_of_an_older_block_has_one_length(module: Contract) -> None:
    """PRF-2."""
    at = _under(module, state_of(ROWS, slot=SLOT - 5), "fulu")
    whole = at.block.older
    for wrong in (whole[1:], whole[:1], (*whole, bytes(32)), whole * 2):
        cut = replace(at, block=at.block._replace(older=wrong))
        with fails("BranchLength", length=len(wrong), least=15, most=15):
            module.function("requireFresh")(*cut.fresh(5))
    for place in range(len(whole)):
        wrong = (
            *whole[:place],
            bytes([whole[place][0] ^ 1]) + whole[place][1:],
            *whole[place + 1 :],
        )
        forged = replace(at, block=at.block._replace(older=wrong))
        assert error_of(module, "requireFresh", *forged.fresh(5)).name == "ProofWrong"


@pytest.mark.parametrize("number", [0, 3, 63, 65, 8191, 2**63 + 1])
def test_a_state_names_a_power_of_two_of_blocks(
    chain_rpc: RpcClient, artifacts: Artifacts, actors: Actors, number: int
) -> None:
    """PRF-2."""
    numbers = Numbers(slots_per_historical_root=number)
    with fails("NoPowerOfTwo", slotsPerHistoricalRoot=number):
        deploy_module(chain_rpc, artifacts, actors.deployer.address, numbers)


def _unknown(at: Shown, timestamp: int) -> None:
    wrong = replace(at, block=at.block._replace(timestamp=timestamp))
    for name, arguments in (
        ("requireFresh", wrong.fresh(5)),
        ("requireValidator", wrong.validator(0)),
        ("balanceGwei", wrong.balance(0)),
    ):
        with fails("RootUnknown", timestamp=timestamp):
            at.module.function(name)(*arguments)


def _under(module: Contract, older: State, fork: Fork) -> Shown:
    """An older state under one of SLOT, which EIP-4788 has."""
    prover, newer = proving(older, fork), proving(_newer(older, SLOT, fork), fork)
    timestamp = now(module.rpc)
    set_beacon_root(module.rpc, timestamp, newer.tree.header_fields.root)
    return Shown(module, prover, prover.older_block(newer.tree, timestamp))


def _newer(older: State, slot: int, fork: Fork = "fulu") -> State:
    """A state of a later slot with none of the older one's validators, which names its block."""
    newer = state_of([old_row(n) for n in range(40, 50)], fork, slot)
    roots = [bytes([1 + n]) * 32 for n in range(BLOCK_ROOTS)]
    roots[int(older.slot) % BLOCK_ROOTS] = proving(older, fork).tree.header_fields.root
    newer.block_roots = list_of(newer, "block_roots", roots)
    return newer


def _newer_root(at: Shown, older: State, fork: Fork) -> bytes:
    return proving(_newer(older, SLOT, fork), fork).tree.header_fields.root
