"""Holders of roles, each with what its role can do."""

from collections.abc import Sequence

import pytest

from keel.chain.clock import jump, jump_to, now
from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.deploy.roles import ROLE_BY_NAME, Role
from keel.model.constants import DAY, ETHER
from keel.model.frames import Action
from tests.causes import fails
from tests.deployment import Keel
from tests.trust.victims import JUST_BEFORE_SECONDS, Row, Victims
from tests.unit.contracts.test_access import arguments_of, contract_named
from tests.unit.contracts.validators import Validators
from tests.unit.contracts.vaults import VALIDATOR_WEI

KEY = b"\x11" * 48
OTHER_KEY = b"\x22" * 48


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


def consolidator(keel: Keel) -> Row:
    """Merges validators into foreign ones."""
    row = _refused(keel, ROLE_BY_NAME["CONSOLIDATOR"], "")
    vault, holder = keel.quick.withdrawal_vault, keel.holder_of("CONSOLIDATOR").address
    most = vault.consolidationsAvailable()
    pairs = ([KEY] * (most + 1), [OTHER_KEY] * (most + 1))
    data = vault.requestConsolidation.encode(*pairs)
    keel.quick.manager.schedule.send(vault.address, data, 0, sender=holder)
    jump(keel.rpc, keel.configuration.delay_seconds("CONSOLIDATOR"))
    with fails("LimitExceeded", amount=most + 1, available=most):
        vault.requestConsolidation.send(*pairs, sender=holder, value_wei=ETHER)
    return Row(
        row.actor,
        row.at_once_wei,
        row.day_wei,
        row.delay_wei,
        f"Gives {most} validators ({most * 32} ETH of 32 ETH each) to foreign ones at once, and as "
        "many each day.",
        "**Open until keys are proven.** LIM-3 bounds it a day; all tickets are paid before.",
    )


def exiter(keel: Keel) -> Row:
    """Asks all validators to exit, as often as a day allows."""
    vault, keeper = keel.quick.withdrawal_vault, keel.holder_of("EXITER").address
    start, asked = now(keel.rpc), []
    for moment in (start + 1, start + DAY - 1):
        jump_to(keel.rpc, moment)
        count = vault.exitsAvailable()
        vault.requestExit.send([KEY] * count, sender=keeper, value_wei=ETHER)
        asked.append((count - vault.exitsAvailable()) * VALIDATOR_WEI)
        with pytest.raises(Reverted, match="LimitExceeded"):
            vault.requestExit.send([KEY], sender=keeper, value_wei=ETHER)
    return Row(
        "EXITER",
        asked[0],
        sum(asked),
        None,
        "Takes nothing. So much earns nothing while it leaves; it comes back to WithdrawalVault.",
        "**Open until exits are proven.** LIM-3 bounds it a day.",
    )


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
    consolidator,
    exiter,
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
