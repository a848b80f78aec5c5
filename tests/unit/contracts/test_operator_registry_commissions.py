"""The registry's commissions are the model's, whoever calls when (COM-1)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump, now, reverting
from keel.model.commission import Commission, set_commission
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.validators import Validators


@pytest.fixture
def validators(keel: Keel) -> Validators:
    """One operator that asks for 600."""
    made = Validators(keel)
    made.add_operator(commission_bps=600)
    return made


def present_and_next(validators: Validators) -> tuple[int, int, int]:
    """In force, and what waits, with its time; zeros for nothing."""
    registry = validators.registry
    return (registry.operator(0).commissionBps, *registry.nextCommission(0))


def choose(validators: Validators, bps: int) -> tuple[int, int]:
    """Set it and return the event's commission and time."""
    sent = validators.registry.setCommission.send(0, bps, sender=validators.manager)
    (event,) = validators.registry.events(sent)
    assert (event.name, event.inputs["operatorId"]) == ("CommissionSet", 0)
    return event.inputs["commissionBps"], event.inputs["since"]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(500, 1_400), st.integers(1, 20)), min_size=1, max_size=4),
)
def test_each_change_is_as_in_the_model(
    validators: Validators, changes: list[tuple[int, int]]
) -> None:
    rpc, frame = validators.keel.rpc, validators.keel.profile.frame_seconds
    with reverting(rpc):
        model = Commission(600, 600, 0)
        for bps, frames in changes:
            event = choose(validators, bps)
            at = now(rpc)
            model = set_commission(model, at, bps, frame)
            assert event == (bps, model.since)
            jump(rpc, frames * frame)
            waits = now(rpc) < model.since
            following = (model.next_bps, model.since) if waits else (0, 0)
            assert present_and_next(validators) == (model.at(now(rpc)), *following)


def test_a_rise_is_in_force_in_the_second_in_which_it_is_due(validators: Validators) -> None:
    _, since = choose(validators, 1_400)
    rpc = validators.keel.rpc
    jump(rpc, since - now(rpc) - 1)
    assert present_and_next(validators) == (600, 1_400, since)
    jump(rpc, 1)
    assert present_and_next(validators) == (1_400, 0, 0)


def test_a_new_manager_takes_back_what_a_thief_set(validators: Validators) -> None:
    """OPERATORS has replaced the manager before the rise is in force."""
    keel, registry = validators.keel, validators.registry
    choose(validators, 1_400)
    other = keel.actors.operator_manager_2.address
    keel.call_as_role(registry, "setManager", 0, other)
    with fails("OnlyManager", operatorId=0, caller=validators.manager):
        registry.setCommission.send(0, 1_400, sender=validators.manager)
    registry.setCommission.send(0, 600, sender=other)
    jump(keel.rpc, 15 * keel.profile.frame_seconds)
    assert present_and_next(validators) == (600, 0, 0)


@pytest.mark.parametrize("bps", [0, 499, 1_401, 2**16 - 1])
def test_none_beyond_the_bounds_is_taken(validators: Validators, bps: int) -> None:
    values = {"commissionBps": bps, "leastBps": 500, "mostBps": 1_400}
    with fails("CommissionOutOfBounds", **values):
        validators.registry.setCommission.send(0, bps, sender=validators.manager)
    with fails("CommissionOutOfBounds", **values):
        validators.add_operator(commission_bps=bps)
    assert present_and_next(validators) == (600, 0, 0)
