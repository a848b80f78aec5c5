"""What ValidatorProofs reads from one validator: slashed by when, exitable, withdrawn (PRF-8)."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.beacon.spec import State, list_of, spec_of_states
from keel.deploy.artifacts import Artifacts
from tests.causes import fails
from tests.deployment import Actors
from tests.unit.consensus.state_examples import NEVER, UINT64, spec_of
from tests.unit.contracts.proven_states import (
    GENESIS_TIME,
    Numbers,
    Row,
    deploy_module,
    error_of,
    errors_of,
    fresh_row,
    numbers_of,
    shown,
    state_of,
)

MINIMAL, MAINNET = Numbers(), numbers_of(spec_of_states("fulu", "mainnet"))
VECTOR = MINIMAL.epochs_per_slashings_vector
OWNER = b"\x4b" * 20
FACTS = ("slashedBy", "requireExitable", "requireWithdrawn")
EXAMPLES = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="session")
def mainnet_module(chain_rpc: RpcClient, artifacts: Artifacts, actors: Actors) -> Contract:
    return deploy_module(chain_rpc, artifacts, actors.deployer.address, MAINNET)


@EXAMPLES
@given(
    fork=st.sampled_from(FORKS),
    slot=st.integers(0, 2**30),
    later=st.integers(0, 2 * VECTOR * MINIMAL.slots_per_epoch),
    leaving_for=st.none() | st.integers(1, 2 * VECTOR),
)
def test_a_slashing_is_dated_by_the_specification(
    module: Contract, fork: Fork, slot: int, later: int, leaving_for: int | None
) -> None:
    """Never before it happened; by the end of its epoch, unless the validator was leaving for
    longer than a slashed one waits, and then by the end of the epoch that is shown.
    """
    spec, epoch = spec_of(fork), slot // MINIMAL.slots_per_epoch
    row = active_row(2)
    if leaving_for is not None:
        withdrawable = epoch + leaving_for
        row = active_row(2, exit_epoch=withdrawable - 1, withdrawable_epoch=withdrawable)
    state = state_of([active_row(1), row], fork, slot)
    spec.slash_validator(state, spec.ValidatorIndex(1))
    at = shown(module, _shown_later(state, fork, later), fork)

    time = module.function("slashedBy")(*at.validator(1))
    shown_epoch = (slot + later) // MINIMAL.slots_per_epoch
    waits_longer = leaving_for is not None and leaving_for > VECTOR
    by = min(shown_epoch, epoch + leaving_for - VECTOR) if waits_longer else epoch  # type: ignore[operator]
    assert time == _end_of(by)
    assert module.function("timeOf")(slot) <= time <= _end_of(shown_epoch)
    with fails("NotSlashed", index=0):
        module.function("slashedBy")(*at.validator(0))


@EXAMPLES
@given(
    fork=st.sampled_from(FORKS),
    slot=st.integers(0, 400),
    age=st.integers(-1, 3) | st.none(),
    exit_epoch=st.just(NEVER) | st.integers(0, 60) | st.just(NEVER),
)
@example(fork="fulu", slot=80, age=0, exit_epoch=NEVER)
@example(fork="fulu", slot=80, age=1, exit_epoch=NEVER)  # SHARD_COMMITTEE_PERIOD, to the epoch
def test_who_can_exit_is_who_the_specification_lets_exit(
    module: Contract, fork: Fork, slot: int, age: int | None, exit_epoch: int
) -> None:
    """A request of EIP-7002 gives an exit epoch to these and to no others."""
    spec, epoch = spec_of(fork), slot // MINIMAL.slots_per_epoch
    activation = NEVER if age is None else max(0, epoch - age)
    row = active_row(1, activation_epoch=activation, exit_epoch=exit_epoch)
    state = state_of([row, active_row(2)], fork, slot)
    at = shown(module, state, fork)
    asked = state.copy()
    request = spec.WithdrawalRequest(
        source_address=OWNER, validator_pubkey=row[0], amount=spec.Gwei(0)
    )
    spec.process_withdrawal_request(asked, request)
    exits = int(asked.validators[0].exit_epoch) != exit_epoch
    refused = fails(
        "NotExitable",
        index=0,
        activationEpoch=activation,
        exitEpoch=exit_epoch,
        epoch=epoch,
    )
    with nullcontext() if exits else refused:
        module.function("requireExitable")(*at.validator(0))


def test_on_mainnet_a_validator_can_exit_after_256_epochs(mainnet_module: Contract) -> None:
    """SHARD_COMMITTEE_PERIOD, to the slot."""
    activation = 100
    first = (activation + 256) * 32
    for slot, is_exitable in ((first - 1, False), (first, True), (first + 1, True)):
        at = shown(
            mainnet_module, state_of([active_row(1, activation_epoch=activation)], slot=slot)
        )
        (error,) = errors_of(
            mainnet_module,
            [mainnet_module.function("requireExitable").encode(*at.validator(0))],
        )
        assert (error is None) is is_exitable


@EXAMPLES
@given(
    slot=st.integers(0, 2**30),
    effective_gwei=st.sampled_from([0, 0, 1, 10**9, 32 * 10**9]),
    withdrawable=st.integers(-2, 2) | st.just(None) | st.just(0),
    slashed=st.booleans(),
)
def test_withdrawn_is_who_holds_nothing_and_may_have_been_paid(
    module: Contract, slot: int, effective_gwei: int, withdrawable: int | None, slashed: bool
) -> None:
    """Slashed or not; an empty validator that is not withdrawable may have a deposit coming."""
    epoch = slot // MINIMAL.slots_per_epoch
    due = NEVER if withdrawable is None else max(0, epoch + withdrawable)
    row = active_row(
        1, effective_balance=effective_gwei, withdrawable_epoch=due, slashed=slashed, exit_epoch=0
    )
    at = shown(module, state_of([row], slot=slot))
    refused = fails(
        "NotWithdrawn",
        index=0,
        effectiveBalanceGwei=effective_gwei,
        withdrawableEpoch=due,
        epoch=epoch,
    )
    with nullcontext() if effective_gwei == 0 and due <= epoch else refused:
        module.function("requireWithdrawn")(*at.validator(0))


@EXAMPLES
@given(data=st.data(), place=st.integers(2, 7))
def test_no_fact_is_read_from_what_the_state_does_not_have(
    module: Contract, data: st.DataObject, place: int
) -> None:
    """Each field of the container is proven before it is read, and so is the block's slot."""
    rows = [fact_row(name, number) for number, name in enumerate(FACTS)]
    at = shown(module, state_of(rows))
    for index, name in enumerate(FACTS):
        block, _, fields, branch = at.validator(index)
        module.function(name)(block, index, fields, branch)
        old = fields[place]
        new = data.draw(st.just(not old) if isinstance(old, bool) else UINT64.filter(old.__ne__))
        forged = (*fields[:place], new, *fields[place + 1 :])
        assert _error(module, name, block, index, forged, branch) == "ProofWrong"
        later = replace(at, block=block._replace(slot=block.slot + data.draw(st.integers(1, 99))))
        assert _error(module, name, *later.validator(index)) == "ProofWrong"
        assert _error(module, name, block, (index + 1) % 3, fields, branch) == "ProofWrong"


def test_the_time_of_a_slot_is_the_network_s(module: Contract, mainnet_module: Contract) -> None:
    for made in (module, mainnet_module):
        for slot in (0, 1, 1_000, 2**40):
            assert made.function("timeOf")(slot) == GENESIS_TIME + 12 * slot


@pytest.mark.parametrize("name", ["seconds_per_slot", "slots_per_epoch"])
def test_a_network_has_slots_and_epochs(
    chain_rpc: RpcClient, artifacts: Artifacts, actors: Actors, name: str
) -> None:
    written = {"seconds_per_slot": "secondsPerSlot", "slots_per_epoch": "slotsPerEpoch"}[name]
    with fails("ParameterOutOfBounds", what=written, value=0, bound=1):
        deploy_module(chain_rpc, artifacts, actors.deployer.address, MINIMAL._replace(**{name: 0}))
    one = MINIMAL._replace(**{name: 1})
    made = deploy_module(chain_rpc, artifacts, actors.deployer.address, one)
    getters = ("SECONDS_PER_SLOT", "SLOTS_PER_EPOCH")
    assert tuple(made.function(getter)() for getter in getters) == one[1:3]


def active_row(number: int, **changed: Any) -> Row:
    """A validator of ours that has been active since the first epoch."""
    active = {
        "effective_balance": 32 * 10**9,
        "activation_eligibility_epoch": 0,
        "activation_epoch": 0,
    }
    return fresh_row(number, **active | changed)


def fact_row(name: str, number: int) -> Row:
    """One of which this is true at slot 1000 and later."""
    if name == "slashedBy":
        return active_row(number, slashed=True, exit_epoch=60, withdrawable_epoch=50 + VECTOR)
    if name == "requireWithdrawn":
        return active_row(number, effective_balance=0, exit_epoch=9, withdrawable_epoch=10)
    return active_row(number)


def _shown_later(state: State, fork: Fork, slots: int) -> State:
    """The same validators in a state of a later slot."""
    fields = [
        tuple(
            value if isinstance(value, bytes) else int(value)
            for value in (getattr(v, name) for name in spec_of(fork).Validator.model_fields)
        )
        for v in state.validators
    ]
    later = state_of([_row(values) for values in fields], fork, int(state.slot) + slots)
    later.balances = list_of(later, "balances", list(state.balances))
    return later


def _row(values: tuple[Any, ...]) -> Row:
    pubkey, credentials, effective, slashed, *epochs = values
    return (bytes(pubkey), bytes(credentials), effective, bool(slashed), *epochs)


def _end_of(epoch: int) -> int:
    return GENESIS_TIME + ((epoch + 1) * MINIMAL.slots_per_epoch - 1) * MINIMAL.seconds_per_slot


def _error(module: Contract, name: str, *arguments: Any) -> str:
    return error_of(module, name, *arguments).name
