"""Every restricted function, from the table of roles, tried by strangers and by its holder."""

from collections.abc import Callable
from typing import Any

import pytest

from keel.chain.clock import jump
from keel.chain.contract import Contract
from keel.chain.transaction import Receipt
from keel.deploy.bindings import CONTRACT_NAMES
from keel.deploy.plan import IMPLEMENTATION
from keel.deploy.roles import GRANTED_LATE, ROLE_BY_NAME, ROLES, Role, role_of
from keel.model.constants import ETHER, GWEI
from keel.model.key_stage import Stage
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deposit, next_reference_slot
from tests.unit.contracts.validators import Validators, bring_to
from tests.unit.contracts.vaults import (
    ZERO_ADDRESS,
    accounts_of,
    change,
    code_hashes,
    inputs_of,
    insure,
    pubkeys_of,
    replace_modules,
    stake,
)

RESTRICTED = [
    (contract, function)
    for role in ROLES
    for contract, functions in role.functions
    for function in functions
]
CALLER_OF = {
    "applyReport": "oracle",
    "announceLoss": "oracle",
    "fundValidators": "registry",
    "burnForTicket": "queue",
    "redeemFor": "instant",
    "wrapAmount": "wrapped",
    "wrapUnits": "wrapped",
    "unwrapWholeUnits": "wrapped",
    "receiveWithdrawals": "withdrawal_vault",
    "receiveRewards": "rewards_vault",
}
"""Functions of the vault that one other contract of Keel may call."""

ONLY_VAULT = (
    ("wrapped", "mintBacked", (ZERO_ADDRESS, 1)),
    ("wrapped", "burnCover", (1,)),
    ("queue", "settle", (10**27, 0)),
    ("fund", "cover", (1,)),
    ("withdrawal_vault", "passOn", (0,)),
    ("rewards_vault", "passOn", (0,)),
)


def contract_named(keel: Keel, name: str) -> Contract:
    field = next(field for field, known in CONTRACT_NAMES.items() if known == name)
    contract: Contract = getattr(keel.quick, field)
    return contract


def arguments_of(keel: Keel, contract: str, function: str) -> tuple[Any, ...]:
    """Arguments with which the holder of the role succeeds."""
    quick, people = keel.quick, keel.actors
    implementation = keel.plan.addresses[IMPLEMENTATION]
    by_name: dict[tuple[str, str], Callable[[], tuple[Any, ...]]] = {
        ("StakingVault", "setModules"): lambda: same_modules(keel),
        ("StakingVault", "setTerms"): lambda: (quick.vault.terms(),),
        ("StakingVault", "pause"): lambda: (0, 10),
        ("WithdrawalVault", "upgradeToCode"): lambda: (
            implementation,
            *code_hashes(keel.rpc, [implementation]),
            b"",
        ),
        ("AccountingOracle", "setMembers"): lambda: ([people.stranger.address], [], 4),
        ("InstantRedemption", "setTerms"): lambda: (quick.instant.terms(),),
        ("InstantRedemption", "pause"): lambda: (10,),
        ("OperatorRegistry", "addOperator"): lambda: operator(keel),
        ("OperatorRegistry", "setOperator"): lambda: (0, 5, 10_000, True),
        ("OperatorRegistry", "setManager"): lambda: (0, people.stranger.address),
        ("OperatorRegistry", "unfreeze"): lambda: (0,),
    }
    return by_name[contract, function]()


def same_modules(keel: Keel) -> tuple[Any, ...]:
    modules = keel.quick.vault.modules()
    return (modules, code_hashes(keel.rpc, modules))


def operator(keel: Keel) -> tuple[Any, ...]:
    manager = keel.actors.operator_managers[0].address
    return ("Harbour", manager, manager, 10, 10_000, 600)


@pytest.fixture
def ready(keel: Keel) -> Keel:
    """A frozen operator and ether to stake are there."""
    deposit(keel, keel.actors.depositor.address, 99 * ETHER)
    validators = Validators(keel)
    bring_to(validators, validators.add_operator(), validators.new_entries(1)[0], Stage.FOREIGN)
    return keel


class TestRestricted:
    @pytest.mark.parametrize(("contract", "function"), RESTRICTED)
    def test_only_the_holder_of_the_role_may(
        self, ready: Keel, contract: str, function: str
    ) -> None:
        keel, role = ready, role_of(contract, function)
        target = contract_named(keel, contract)
        arguments = arguments_of(keel, contract, function)
        holder = keel.holder_of(role.name).address
        others = {keel.holder_of(other.name).address for other in ROLES} - {holder}
        strangers = [keel.actors.stranger.address, keel.actors.deployer.address, *others]
        for stranger in strangers:
            with fails("AccessManagedUnauthorized", caller=stranger):
                target.function(function).send(*arguments, sender=stranger)
        if role.is_delayed:
            self.check_delay(keel, target, function, arguments, holder)
        else:
            target.function(function).send(*arguments, sender=holder)

    def check_delay(
        self, keel: Keel, target: Contract, function: str, arguments: tuple[Any, ...], holder: str
    ) -> None:
        """Its holder may not at once, and may when the delay is over."""
        data = target.function(function).encode(*arguments)
        operation = keel.quick.manager.hashOperation(holder, target.address, data)
        with fails("AccessManagerNotScheduled", operationId=operation):
            target.function(function).send(*arguments, sender=holder)
        keel.call_as_role(target, function, *arguments)

    def test_the_table_names_every_restricted_function(self, keel: Keel) -> None:
        """A function that no role is named for would be open to nobody but ADMIN."""
        manager = keel.quick.manager
        for field, name in CONTRACT_NAMES.items():
            if name == "AccessManager":
                continue
            contract: Contract = getattr(keel.quick, field)
            known = {function for target, function in RESTRICTED if target == name}
            for overloads in contract.abi.functions.values():
                for signature, function in overloads.items():
                    selector = function.inputs.selector
                    role = manager.getTargetFunctionRole(contract.address, selector)
                    named = signature.partition("(")[0]
                    expected = role_of(name, named).id if named in known else 0
                    assert role == expected, (name, signature)

    def test_a_guardian_may_cancel_what_is_scheduled(self, keel: Keel) -> None:
        vault, manager = keel.quick.vault, keel.quick.manager
        holder, guardian = keel.holder_of("MODULES").address, keel.holder_of("GUARDIAN").address
        data = vault.setModules.encode(*same_modules(keel))
        manager.schedule.send(vault.address, data, 0, sender=holder)
        stranger = keel.actors.stranger.address
        refused = {
            "msgsender": stranger,
            "caller": holder,
            "target": vault.address,
            "selector": data[:4],
        }
        with fails("AccessManagerUnauthorizedCancel", **refused):
            manager.cancel.send(holder, vault.address, data, sender=stranger)
        manager.cancel.send(holder, vault.address, data, sender=guardian)
        operation = manager.hashOperation(holder, vault.address, data)
        with fails("AccessManagerNotScheduled", operationId=operation):
            manager.execute.send(vault.address, data, sender=holder)

    def test_a_guardian_cancels_the_same_change_once(self, keel: Keel) -> None:
        """ROL-3: it delays a new committee, and cannot stop it."""
        oracle, manager = keel.quick.oracle, keel.quick.manager
        holder, guardian = keel.holder_of("COMMITTEE").address, keel.holder_of("GUARDIAN").address
        data = oracle.setMembers.encode([keel.actors.stranger.address], [], 4)
        operation = manager.hashOperation(holder, oracle.address, data)
        manager.schedule.send(oracle.address, data, 0, sender=holder)
        manager.cancel.send(holder, oracle.address, data, sender=guardian)
        assert manager.wasCancelled(operation)
        manager.schedule.send(oracle.address, data, 0, sender=holder)
        for canceller in (guardian, keel.holder_of("ADMIN").address):
            with fails("CancelledBefore", operationId=operation):
                manager.cancel.send(holder, oracle.address, data, sender=canceller)
        jump(keel.rpc, keel.configuration.delay_seconds("COMMITTEE"))
        manager.execute.send(oracle.address, data, sender=holder)
        assert oracle.isMember(keel.actors.stranger.address)

    def test_whoever_scheduled_a_change_may_drop_it_again_and_again(self, keel: Keel) -> None:
        oracle, manager = keel.quick.oracle, keel.quick.manager
        holder = keel.holder_of("COMMITTEE").address
        data = oracle.setMembers.encode([keel.actors.stranger.address], [], 4)
        for _ in range(2):
            manager.schedule.send(oracle.address, data, 0, sender=holder)
            manager.cancel.send(holder, oracle.address, data, sender=holder)

    def test_a_guardian_does_not_stop_its_own_replacement(self, keel: Keel) -> None:
        manager, governance = keel.quick.manager, keel.holder_of("ADMIN").address
        guardian, role = keel.holder_of("GUARDIAN").address, ROLE_BY_NAME["GUARDIAN"]
        data = manager.revokeRole.encode(role.id, guardian)
        manager.schedule.send(manager.address, data, 0, sender=governance)
        refused = {
            "msgsender": guardian,
            "caller": governance,
            "target": manager.address,
            "selector": data[:4],
        }
        with fails("AccessManagerUnauthorizedCancel", **refused):
            manager.cancel.send(governance, manager.address, data, sender=guardian)
        jump(keel.rpc, keel.configuration.delay_seconds("ADMIN"))
        manager.execute.send(manager.address, data, sender=governance)
        assert manager.hasRole(role.id, guardian) == (False, 0)

    @pytest.mark.parametrize("role", GRANTED_LATE, ids=lambda role: role.name)
    def test_a_granted_role_waits_before_it_acts(self, keel: Keel, role: Role) -> None:
        """ROL-4: ADMIN hands out, without delay, what nobody can then use at once."""
        manager, governance = keel.quick.manager, keel.holder_of("ADMIN").address
        accomplice = keel.actors.attacker.address
        data = manager.grantRole.encode(role.id, accomplice, 0)
        manager.schedule.send(manager.address, data, 0, sender=governance)
        jump(keel.rpc, keel.configuration.delay_seconds("ADMIN"))
        manager.execute.send(manager.address, data, sender=governance)
        assert manager.hasRole(role.id, accomplice)[0] is False
        jump(keel.rpc, keel.configuration.delay_seconds(role.name) - 10)
        assert manager.hasRole(role.id, accomplice)[0] is False
        jump(keel.rpc, 10)
        assert manager.hasRole(role.id, accomplice)[0] is True

    def test_the_deployer_keeps_no_role(self, keel: Keel) -> None:
        deployer, manager = keel.actors.deployer.address, keel.quick.manager
        for role in ROLE_BY_NAME.values():
            is_member, _ = manager.hasRole(role.id, deployer)
            assert is_member is False


class TestInTheProtocol:
    @pytest.mark.parametrize("function", CALLER_OF)
    def test_only_one_contract_may(self, ready: Keel, function: str) -> None:
        """The vault's side of every such call; each is allowed in the tests of its own story."""
        keel, vault = ready, ready.quick.vault
        expected = getattr(keel.quick, CALLER_OF[function])
        arguments = vault_arguments(keel, function)
        contracts = [as_contract(c) for c in keel.quick if c.address != expected.address]
        for caller in (keel.actors.stranger.address, *contracts):
            with fails("OnlyProtocol", caller=caller, expected=expected.address):
                vault.function(function).send(*arguments, sender=caller)
        vault.function(function).send(*arguments, sender=as_contract(expected))

    @pytest.mark.parametrize(("field", "function", "arguments"), ONLY_VAULT)
    def test_only_the_vault_may(
        self, ready: Keel, field: str, function: str, arguments: tuple[Any, ...]
    ) -> None:
        keel, target = ready, getattr(ready.quick, field)
        vault = keel.quick.vault.address
        contracts = [as_contract(c) for c in keel.quick if c.address != vault]
        for caller in (keel.actors.stranger.address, *contracts):
            with fails("OnlyVault", caller=caller):
                target.function(function).send(*arguments, sender=caller)


class TestMinting:
    def test_only_deposits_bonds_and_the_fee_of_a_report_mint_shares(self, ready: Keel) -> None:
        keel, vault, person = ready, ready.quick.vault, ready.actors.depositor.address
        quick, other = ready.quick, ready.actors.holder.address
        stake(keel, 2)
        insure(keel, 2 * ETHER)
        mints: dict[str, Callable[[], Receipt]] = {
            "deposit": lambda: vault.deposit.send(person, other, sender=person, value_wei=ETHER),
            "depositWrapped": lambda: vault.depositWrapped.send(
                person, other, sender=person, value_wei=ETHER
            ),
            "stake": lambda: stake(keel, 1, first=50),
            "fee": lambda: change(keel, ETHER // 10),
        }
        others: dict[str, Callable[[], Receipt]] = {
            "transfer": lambda: vault.transfer.send(other, ETHER, sender=person),
            "wrapAmount": lambda: quick.wrapped.deposit.send(ETHER, person, sender=person),
            "unwrapWholeUnits": lambda: quick.wrapped.redeem.send(5, person, person, sender=person),
            "loss": lambda: change(keel, -9 * ETHER),
            "growth that makes it good": lambda: change(keel, ETHER),
            "request": lambda: quick.queue.request.send(ETHER, person, sender=person),
            "finalise": lambda: change(keel, 0),
            "claim": lambda: quick.queue.claim.send(1, sender=other),
            "instant": lambda: quick.instant.redeem.send(ETHER * 10**9, person, 0, sender=person),
            "pause": lambda: keel.call_as_role(vault, "pause", 1, 10),
            "setTerms": lambda: keel.call_as_role(vault, "setTerms", vault.terms()),
            "setModules": lambda: replace_modules(keel),
            "addOperator": lambda: keel.call_as_role(
                quick.registry, "addOperator", *operator(keel)
            ),
        }
        for what, act in {**mints, **others}.items():
            before = accounts_of(keel).shares
            act()
            grown = accounts_of(keel).shares > before
            assert grown is (what in mints), what


def vault_arguments(keel: Keel, function: str) -> tuple[Any, ...]:
    """Arguments with which the one contract that may call succeeds."""
    person = keel.actors.depositor.address
    if function == "unwrapWholeUnits":
        keel.quick.wrapped.deposit.send(ETHER, person, sender=person)
    if function == "applyReport":
        return (inputs_of(keel, next_reference_slot(keel)),)
    if function == "announceLoss":
        return (next_reference_slot(keel), ETHER)
    return {
        "fundValidators": (pubkeys_of(1),),
        "burnForTicket": (person, GWEI),
        "redeemFor": (person, 10**18, GWEI // 10, person),
        "wrapAmount": (person, ETHER),
        "wrapUnits": (person, ETHER),
        "unwrapWholeUnits": (person, ETHER),
        "receiveWithdrawals": (),
        "receiveRewards": (),
    }[function]
