"""Holders of roles, each with what its role can do."""

from collections.abc import Sequence

import pytest

from keel.chain.clock import jump, jump_to, now
from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.deploy.roles import ROLE_BY_NAME, Role
from keel.model.constants import DAY
from keel.model.frames import Action
from tests.causes import fails
from tests.deployment import Keel
from tests.trust.victims import JUST_BEFORE_SECONDS, Row, Victims
from tests.unit.contracts.test_access import arguments_of, contract_named
from tests.unit.contracts.validators import Validators


def admin(keel: Keel) -> Row:
    """Grants itself another role."""
    return _refused(keel, ROLE_BY_NAME["ADMIN"], "Grants and maps roles; a new holder waits.")


def modules(keel: Keel) -> Row:
    """Replaces what can be replaced."""
    return _refused(
        keel,
        ROLE_BY_NAME["MODULES"],
        "Replaces oracle, fund, verifier of proofs, or the code of WithdrawalVault.",
    )


def committee(keel: Keel) -> Row:
    """Puts in members of its own."""
    return _refused(keel, ROLE_BY_NAME["COMMITTEE"], "Replaces the oracle's members.")


def terms(keel: Keel) -> Row:
    """Sets fees and limits."""
    return _refused(
        keel, ROLE_BY_NAME["TERMS"], "Sets fees and limits: at most 20 % of income, no principal."
    )


def operators(keel: Keel) -> Row:
    """Replaces a manager, then the reward address."""
    row = _refused(
        keel,
        ROLE_BY_NAME["OPERATORS"],
        "Sends rewards of operators elsewhere 14 frames later (OPR-6): those earned from then on, "
        "since anyone claims earlier ones for the old address.",
    )
    validators, attacker = Validators(keel), keel.actors.attacker.address
    operator_id, registry = validators.add_operator(), validators.registry
    old = registry.operator(operator_id).rewardAddress
    keel.call_as_role(registry, "setManager", operator_id, attacker)
    registry.setRewardAddress.send(operator_id, attacker, sender=attacker)
    jump(keel.rpc, 14 * keel.profile.frame_seconds - JUST_BEFORE_SECONDS)
    assert registry.operator(operator_id).rewardAddress == old
    jump(keel.rpc, JUST_BEFORE_SECONDS)
    assert registry.operator(operator_id).rewardAddress == attacker
    return row


def admission(keel: Keel) -> Row:
    """Admits an operator of its own, which predeposits with its own ether and proves nothing."""
    victims, validators = Victims.of_liquid_ether(keel), Validators(keel)

    def attempt() -> None:
        entries = validators.new_entries(1)
        validators.predeposit(validators.add_operator(), entries)
        with fails("NothingToStake"):
            validators.stake(entries)

    at_once, day, _ = victims.missing_over_time(attempt, DAY)
    means = (
        "Admits operators. Each validator of theirs is proven to pay Keel, and costs them 1 ETH."
    )
    return Row("ADMISSION", at_once, day, None, means)


def guardian(keel: Keel) -> Row:
    """Pauses all that can be paused, as long as it can."""
    victims, longest = Victims.of_liquid_ether(keel), keel.profile.max_pause_seconds
    vault, instant = keel.quick.vault, keel.quick.instant
    who, start, missing = keel.holder_of("GUARDIAN").address, now(keel.rpc), []
    for action in (Action.DEPOSIT, Action.STAKING):
        vault.pause.send(action, longest, sender=who)
    instant.pause.send(longest, sender=who)
    for seconds in (1, DAY):
        jump_to(keel.rpc, max(now(keel.rpc), start + seconds) + 1)
        missing.append(victims.missing_wei())
    jump(keel.rpc, longest)
    with pytest.raises(Reverted, match="PauseTooSoon"):
        vault.pause.send(Action.DEPOSIT, 1, sender=who)
    with pytest.raises(Reverted, match="PauseTooSoon"):
        instant.pause.send(1, sender=who)
    return Row(
        "GUARDIAN",
        missing[0],
        missing[1],
        None,
        "Closes deposits, staking and instant redemption half of the time at most; tickets stay "
        "open. Delays a change once (ROL-3), its own replacement never.",
    )


ROLES = (
    admin,
    modules,
    committee,
    terms,
    operators,
    admission,
    guardian,
)


def _refused(keel: Keel, role: Role, means: str) -> Row:
    """Nothing of the role is done before its delay ends, while all tickets stay open."""
    victims, manager = Victims.of_liquid_ether(keel), keel.quick.manager
    holder = keel.holder_of(role.name).address
    Validators(keel).add_operator()
    calls = _calls_of(keel, role, holder)
    for contract, data in calls:
        manager.schedule.send(contract.address, data, 0, sender=holder)

    def attempt() -> None:
        for contract, data in calls:
            with pytest.raises(Reverted, match="AccessManagerNotReady"):
                manager.execute.send(contract.address, data, sender=holder)

    delay = keel.configuration.delay_seconds(role.name)
    at_once, day, before_end = victims.missing_over_time(attempt, delay)
    for contract, data in calls:
        manager.cancel.send(holder, contract.address, data, sender=holder)
    return Row(role.name, at_once, day, before_end, means)


def _calls_of(keel: Keel, role: Role, holder: str) -> Sequence[tuple[Contract, bytes]]:
    calls = []
    for name, functions in role.functions:
        contract = contract_named(keel, name)
        for function in functions:
            arguments = arguments_of(keel, name, function)
            calls.append((contract, contract.function(function).encode(*arguments)))
    if not calls:
        manager = keel.quick.manager
        calls.append((manager, manager.grantRole.encode(1, holder, 0)))
    return calls
