"""Small states of each fork with every list filled, made by the specification alone."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from keel.consensus.beacon.config import ChainConfig, Fork
from keel.consensus.beacon.spec import Spec, State, list_of, load_spec

NEVER = 2**64 - 1
UINT64 = st.integers(0, NEVER)


@cache
def spec_of(fork: Fork) -> Spec:
    return load_spec(ChainConfig(fork=fork))


def small_state(fork: Fork, validators: int, slot: int = 7) -> State:
    """Validators that differ in everything; the latest block is that of the state's slot."""
    drawn = [
        (bytes([n + 1]) * 48, bytes([1 + n % 2, n]) * 16, n * 10**9, n % 5 == 0, n, n, NEVER, n)
        for n in range(validators)
    ]
    return state_with(fork, drawn, [32 * 10**9 + n for n in range(validators)], slot)


def state_with(
    fork: Fork, validators: list[tuple[Any, ...]], balances: list[int], slot: int
) -> State:
    spec = spec_of(fork)
    count = len(validators)
    state = spec.BeaconState(
        slot=spec.Slot(slot),
        latest_block_header=spec.BeaconBlockHeader(
            slot=spec.Slot(slot), proposer_index=spec.ValidatorIndex(3), body_root=b"\x22" * 32
        ),
    )
    names = tuple(spec.Validator.model_fields)
    state.validators = list_of(
        state,
        "validators",
        [spec.Validator(**dict(zip(names, fields, strict=True))) for fields in validators],
    )
    state.balances = list_of(state, "balances", balances)
    state.previous_epoch_participation = list_of(state, "previous_epoch_participation", [7] * count)
    state.current_epoch_participation = list_of(state, "current_epoch_participation", [3] * count)
    state.inactivity_scores = list_of(state, "inactivity_scores", range(count))
    state.historical_roots = list_of(state, "historical_roots", [b"\x05" * 32])
    state.pending_deposits = list_of(
        state, "pending_deposits", [spec.PendingDeposit(amount=spec.Gwei(n)) for n in range(3)]
    )
    return state


@st.composite
def states(draw: st.DrawFn, fork: Fork) -> State:
    """Any validators and balances; 0 to 40 of them, so that trees are seldom full."""
    validator = st.tuples(
        st.binary(min_size=48, max_size=48),
        st.binary(min_size=32, max_size=32),
        UINT64,
        st.booleans(),
        *[UINT64] * 4,
    )
    pairs = draw(st.lists(st.tuples(validator, UINT64), max_size=40))
    return state_with(
        fork, [pair[0] for pair in pairs], [pair[1] for pair in pairs], draw(st.integers(0, 2**40))
    )
