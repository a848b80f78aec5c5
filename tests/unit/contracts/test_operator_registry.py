"""OperatorRegistry: operators, and who may change them."""

from typing import Any

import pytest

from keel.chain.clock import jump, jump_to, now, reverting
from keel.chain.contract import deploy
from keel.model.constants import BPS
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.validators import Validators

ZERO_ADDRESS = "0x" + "0" * 40
ROOT = b"\x01" * 32
KEY_BYTES = 176


@pytest.fixture
def validators(keel: Keel) -> Validators:
    return Validators(keel)


@pytest.fixture
def council(keel: Keel) -> str:
    return str(keel.holder_of("OPERATORS").address)


@pytest.fixture
def attacker(keel: Keel) -> str:
    return str(keel.actors.attacker.address)


def test_an_operator_is_what_it_was_admitted_as(validators: Validators, council: str) -> None:
    registry, actors = validators.registry, validators.keel.actors
    manager, rewards = actors.operator_manager_2.address, actors.holder.address
    receipt = registry.addOperator.send(
        "Lighthouse", manager, rewards, 7, 2_500, 700, sender=council
    )
    assert registry.operatorCount() == 1
    assert registry.operator(0) == (
        "Lighthouse",
        manager,
        rewards,
        7,
        0,
        0,
        2_500,
        True,
        False,
        700,
    )
    added, terms, commission = registry.events(receipt)
    assert (added.name, terms.name, commission.name) == (
        "OperatorAdded",
        "OperatorSet",
        "CommissionSet",
    )
    assert tuple(added.inputs.values()) == (0, "Lighthouse", manager, rewards)
    assert tuple(terms.inputs.values()) == (0, 7, 2_500, True)
    since = now(validators.keel.rpc)
    assert tuple(commission.inputs.values()) == (0, 700, since)
    assert validators.add_operator() == 1


@pytest.mark.parametrize("length", [1, 64])
def test_a_name_has_one_to_64_bytes(validators: Validators, council: str, length: int) -> None:
    terms = (validators.manager, validators.manager, 1, 1, 500)
    validators.registry.addOperator.send("n" * length, *terms, sender=council)
    assert validators.registry.operator(0).name == "n" * length


@pytest.mark.parametrize("length", [0, 65])
def test_no_other_name_is_taken(validators: Validators, council: str, length: int) -> None:
    terms = (validators.manager, validators.manager, 1, 1, 500)
    with fails("NameLength", length=length, max=64):
        validators.registry.addOperator.send("n" * length, *terms, sender=council)


def test_a_target_is_a_share_of_all(validators: Validators) -> None:
    operator_id = validators.add_operator(target_bps=BPS)
    above = {"what": "targetBps", "value": BPS + 1, "bound": BPS}
    with fails("ParameterOutOfBounds", **above):
        validators.add_operator(target_bps=BPS + 1)
    change = (operator_id, 1, BPS + 1, True)
    with fails("ParameterOutOfBounds", **above):
        validators.keel.call_as_role(validators.registry, "setOperator", *change)


@pytest.mark.parametrize("what", ["manager", "rewardAddress"])
def test_an_operator_has_a_manager_and_a_reward_address(
    validators: Validators, council: str, what: str
) -> None:
    people = {"manager": validators.manager, "rewardAddress": validators.manager}
    manager, reward_address = {**people, what: ZERO_ADDRESS}.values()
    with fails("ZeroAddress", what=what):
        validators.registry.addOperator.send(
            "Harbour", manager, reward_address, 1, 1, 500, sender=council
        )
    operator_id = validators.add_operator()
    with fails("ZeroAddress", what=what):
        if what == "manager":
            change = (operator_id, ZERO_ADDRESS)
            validators.keel.call_as_role(validators.registry, "setManager", *change)
        else:
            arguments = (operator_id, ZERO_ADDRESS)
            validators.registry.setRewardAddress.send(*arguments, sender=validators.manager)


def test_terms_of_an_operator_change_and_its_validators_stay(validators: Validators) -> None:
    operator_id = validators.add_operator(limit=5)
    change = (operator_id, 0, 1, False)
    receipt = validators.keel.call_as_role(validators.registry, "setOperator", *change)
    (event,) = validators.registry.events(receipt)
    assert event.name == "OperatorSet"
    assert tuple(event.inputs.values()) == (operator_id, 0, 1, False)
    operator = validators.registry.operator(operator_id)
    assert (operator.limit, operator.targetBps, operator.active) == (0, 1, False)
    assert (operator.name, operator.manager) == ("Harbour", validators.manager)


def test_the_sum_of_targets_is_that_of_active_operators(validators: Validators) -> None:
    """Exits compares an operator's part with it."""
    registry, call = validators.registry, validators.keel.call_as_role
    sums = []
    validators.add_operator(target_bps=7_000)
    validators.add_operator(target_bps=2_500)
    sums.append(registry.totals().targetBps)
    for change in (
        (0, 9, 6_000, True),
        (0, 9, 6_000, False),
        (0, 9, 1_000, False),
        (0, 9, 50, True),
    ):
        call(registry, "setOperator", *change)
        sums.append(registry.totals().targetBps)
    assert sums == [9_500, 8_500, 2_500, 2_500, 2_550]


def test_a_new_manager_takes_over_from_the_old(validators: Validators) -> None:
    operator_id = validators.add_operator()
    registry, new = validators.registry, validators.keel.actors.operator_manager_2.address
    receipt = validators.keel.call_as_role(registry, "setManager", operator_id, new)
    (event,) = registry.events(receipt)
    assert (event.name, *event.inputs.values()) == ("ManagerSet", operator_id, new)
    with fails("OnlyManager", operatorId=operator_id, caller=validators.manager):
        registry.setRewardAddress.send(operator_id, new, sender=validators.manager)
    receipt = registry.setRewardAddress.send(operator_id, new, sender=new)
    (event,) = registry.events(receipt)
    since = receipt.timestamp + 14 * validators.keel.profile.frame_seconds
    assert (event.name, *event.inputs.values()) == ("RewardAddressSet", operator_id, new, since)
    assert registry.nextRewardAddress(operator_id) == (new, since)


def test_a_new_reward_address_waits(validators: Validators) -> None:
    """OPR-6: at its second it is in force, and another one waits behind it."""
    registry, rpc = validators.registry, validators.keel.rpc
    operator_id, old = validators.add_operator(), validators.manager
    first, second = "0x" + "11" * 20, "0x" + "22" * 20
    change = (operator_id, first)
    receipt = registry.setRewardAddress.send(*change, sender=validators.manager)
    since = receipt.timestamp + 14 * validators.keel.profile.frame_seconds
    jump_to(rpc, since - 1)
    assert registry.operator(operator_id).rewardAddress == old
    jump_to(rpc, since)
    assert registry.operator(operator_id).rewardAddress == first
    assert registry.nextRewardAddress(operator_id) == (ZERO_ADDRESS, 0)
    registry.setRewardAddress.send(operator_id, second, sender=validators.manager)
    assert registry.operator(operator_id).rewardAddress == first


def test_a_stolen_manager_key_takes_no_rewards_before_it_is_replaced(
    validators: Validators, attacker: str
) -> None:
    registry, keel = validators.registry, validators.keel
    operator_id, old = validators.add_operator(), validators.manager
    registry.setRewardAddress.send(operator_id, attacker, sender=validators.manager)
    keel.call_as_role(registry, "setManager", operator_id, keel.actors.operator_manager_2.address)
    jump(keel.rpc, 14 * keel.profile.frame_seconds)
    assert registry.operator(operator_id).rewardAddress == old
    assert registry.nextRewardAddress(operator_id) == (ZERO_ADDRESS, 0)


RESTRICTED: list[tuple[str, tuple[Any, ...]]] = [
    ("addOperator", ("Harbour", ZERO_ADDRESS, ZERO_ADDRESS, 1, 1, 500)),
    ("setOperator", (0, 1, 1, True)),
    ("setManager", (0, ZERO_ADDRESS)),
    ("unfreeze", (0,)),
]
NO_BLOCK: tuple[object, ...] = (0, 0, 0, [])
NO_VALIDATOR = (ROOT, ROOT, 0, False, 0, 0, 0, 0)
OF_MANAGERS: list[tuple[str, tuple[Any, ...]]] = [
    ("setRewardAddress", (0, "0x" + "11" * 20)),
    ("setCommission", (0, 500)),
    ("predeposit", (0, bytes(KEY_BYTES), False)),
    ("dropKeys", (0, [ROOT])),
    ("stakeMore", (bytes(48), 1, NO_BLOCK, 0, NO_VALIDATOR, [])),  # of a key that is not known
]


@pytest.mark.parametrize(("function", "arguments"), RESTRICTED)
def test_a_stranger_has_no_role(
    validators: Validators, attacker: str, function: str, arguments: tuple[Any, ...]
) -> None:
    validators.add_operator()
    for caller in (attacker, validators.manager):
        with fails("AccessManagedUnauthorized", caller=caller):
            validators.registry.function(function).send(*arguments, sender=caller)


@pytest.mark.parametrize(("function", "arguments"), OF_MANAGERS)
def test_only_the_manager_acts_for_an_operator(
    validators: Validators,
    attacker: str,
    council: str,
    function: str,
    arguments: tuple[Any, ...],
) -> None:
    validators.add_operator()
    for caller in (attacker, council):
        with fails("OnlyManager", operatorId=0, caller=caller):
            validators.registry.function(function).send(*arguments, sender=caller)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [("setOperator", (0, 1, 1, True)), ("setManager", (0, "0x" + "11" * 20))],
)
def test_no_role_changes_an_operator_that_is_not_there(
    validators: Validators, function: str, arguments: tuple[Any, ...]
) -> None:
    with reverting(validators.keel.rpc), fails("NoSuchOperator", operatorId=0):
        validators.keel.call_as_role(validators.registry, function, *arguments)
    validators.add_operator()
    validators.keel.call_as_role(validators.registry, function, *arguments)


@pytest.mark.parametrize(
    ("function", "arguments"), [*OF_MANAGERS, ("operator", (0,)), ("mayStakeNext", (0,))]
)
def test_nobody_is_an_operator_that_is_not_there(
    validators: Validators, function: str, arguments: tuple[Any, ...]
) -> None:
    with fails("NoSuchOperator", operatorId=0):
        validators.registry.function(function)(*arguments, sender=validators.manager)


@pytest.mark.parametrize("what", ["authority", "vault", "exits"])
def test_a_registry_knows_its_contracts(keel: Keel, what: str) -> None:
    artifact = keel.artifacts["OperatorRegistry"]
    arguments = {**keel.plan.step("OperatorRegistry").arguments, what: ZERO_ADDRESS}.values()
    sender = keel.actors.stranger.address
    with fails("ZeroAddress", what=what):
        deploy(keel.rpc, artifact.abi, artifact.creation_code, *arguments, sender=sender)
