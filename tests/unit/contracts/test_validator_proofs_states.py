"""Any states of the specification: the module shows what they hold, and nothing else."""

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.contract import Contract
from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.beacon.spec import State
from tests.unit.consensus.state_examples import NEVER, UINT64, spec_of
from tests.unit.contracts.proven_states import (
    CREDENTIALS,
    Row,
    Shown,
    errors_of,
    fresh_row,
    shown,
    state_of,
)

NAMES = ("effective_balance", "activation_epoch", "exit_epoch", "slashed")
EXAMPLES = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@st.composite
def nearly_fresh(draw: st.DrawFn) -> dict[str, Any]:
    """What differs from a fresh validator: nothing, or some fields."""
    changed: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=2)):
        changed[name] = draw(st.booleans() if name == "slashed" else UINT64)
    if draw(st.integers(0, 4)) == 0:
        changed["withdrawal_credentials"] = draw(st.binary(min_size=32, max_size=32))
    return changed


@st.composite
def drawn_rows(draw: st.DrawFn) -> list[Row]:
    drawn = draw(st.lists(nearly_fresh(), min_size=1, max_size=40))
    return [fresh_row(number, **changed) for number, changed in enumerate(drawn)]


@EXAMPLES
@given(data=st.data(), fork=st.sampled_from(FORKS), rows=drawn_rows())
def test_fresh_is_who_is_fresh(
    module: Contract, data: st.DataObject, fork: Fork, rows: list[Row]
) -> None:
    """PRF-4, for batches of any size and any of their members."""
    at = shown(module, state_of(rows, fork, data.draw(st.integers(0, 2**40))), fork)
    chosen = data.draw(
        st.lists(st.sets(st.integers(0, len(rows) - 1), min_size=1, max_size=6), max_size=12)
    )
    chosen += [{index} for index in range(len(rows))]
    calls = [at.module.function("requireFresh").encode(*at.fresh(*each)) for each in chosen]
    accepted = [error is None for error in errors_of(module, calls)]
    assert accepted == [all(_is_fresh(rows[index]) for index in each) for each in chosen]


@EXAMPLES
@given(data=st.data(), fork=st.sampled_from(FORKS), rows=drawn_rows())
def test_validators_and_balances_are_those_of_the_state(
    module: Contract, data: st.DataObject, fork: Fork, rows: list[Row]
) -> None:
    """PRF-3, PRF-5: each at its own index only, and in its own state only."""
    state = state_of(rows, fork)
    other = shown(module, state_of([*rows, fresh_row(99)], fork), fork)
    at = shown(module, state, fork)
    indices = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=8))
    _agree_with_the_specification(at, state, fork, indices)
    claims = data.draw(st.lists(st.integers(0, len(rows) + 2), min_size=1, max_size=8))
    calls, expected = [], []
    for index, claimed in zip(indices, claims, strict=False):
        block, _, validator, branch = at.validator(index)
        calls.append(module.function("requireValidator").encode(block, claimed, validator, branch))
        expected.append(claimed == index)
        calls.append(module.function("requireValidator").encode(block, *other.validator(index)[1:]))
        expected.append(False)
    assert [error is None for error in errors_of(module, calls)] == expected


def _agree_with_the_specification(
    at: Shown, state: State, fork: Fork, indices: Sequence[int]
) -> None:
    spec = spec_of(fork)
    for index in indices:
        block, place, validator, branch = at.validator(index)
        theirs = state.validators[index]
        root = bytes(spec.hash_tree_root(theirs.pubkey))
        fields = [getattr(theirs, name) for name in spec.Validator.model_fields]
        assert validator == (root, bytes(fields[1]), *map(int, fields[2:]))
        at.module.function("requireValidator")(block, place, validator, branch)
        balance_gwei = at.module.function("balanceGwei")(*at.balance(index))
        assert balance_gwei == int(state.balances[index])


def _is_fresh(row: Row) -> bool:
    return row[1:] == (CREDENTIALS, 10**9, False, NEVER, NEVER, NEVER, NEVER)
