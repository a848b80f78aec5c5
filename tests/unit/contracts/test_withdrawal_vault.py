"""WithdrawalVault: ether in, ether on to the vault, requests to the system contracts, upgrades."""

from collections.abc import Callable
from typing import Any

import pytest
from ape.contracts import ContractContainer
from eth_utils.crypto import keccak

from keel.chain.clock import jump
from keel.chain.contract import Contract, deploy
from keel.chain.state import balance_wei, runtime_code, set_balance_wei, set_runtime_code
from keel.chain.system_contracts import (
    CONSOLIDATION_REQUESTS,
    WITHDRAWAL_REQUESTS,
    ConsolidationRequest,
    WithdrawalRequest,
    dequeue_consolidation_requests,
    dequeue_withdrawal_requests,
    withdrawal_request_fee_wei,
)
from keel.chain.transaction import send_transaction
from keel.deploy.contracts import WithdrawalVault
from keel.deploy.plan import IMPLEMENTATION
from keel.model.constants import DAY, ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deploy_test_contract, deposit, grant
from tests.unit.contracts.vaults import change, stake

NOBODY = "0x" + "0" * 40
GENEROUS_WEI = 1_000
KEYS = [bytes([number]) * 48 for number in range(1, 5)]
REQUESTS: dict[str, tuple[Any, ...]] = {
    "requestExit": ([KEYS[0]],),
    "requestPartialWithdrawal": ([KEYS[0]], [1]),
    "requestConsolidation": ([KEYS[0]], [KEYS[1]]),
}
TELLS_FEE_AND_REFUSES = bytes.fromhex("3660085760205ff35b5f5ffd")
"""Returns 32 zero bytes for empty calldata, reverts otherwise."""
VERSION = {
    "type": "function",
    "name": "VERSION",
    "inputs": [],
    "outputs": [{"name": "", "type": "uint256"}],
}
SYSTEM_OF = {
    "requestExit": WITHDRAWAL_REQUESTS,
    "requestPartialWithdrawal": WITHDRAWAL_REQUESTS,
    "requestConsolidation": CONSOLIDATION_REQUESTS,
}


@pytest.fixture
def vault(keel: Keel) -> WithdrawalVault:
    """The contract under test, with ether of its own that no request may touch."""
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, 7 * ETHER)
    return keel.quick.withdrawal_vault


@pytest.fixture
def exiter(keel: Keel) -> str:
    """Asks for exits and partial withdrawals."""
    return str(keel.holder_of("EXITER").address)


@pytest.fixture
def entitled(keel: Keel) -> Callable[[str], str]:
    """Who may call a function at once; consolidations lose their delay for the test's sake."""

    def holder_for(function: str) -> str:
        if function != "requestConsolidation":
            return str(keel.holder_of("EXITER").address)
        holder = keel.actors.keeper.address
        grant(keel, "CONSOLIDATOR", holder)
        return str(holder)

    return holder_for


def upgrade(keel: Keel, implementation: str) -> None:
    """Name an implementation by its code, as governance does, and wait."""
    code_hash = keccak(runtime_code(keel.rpc, implementation))
    vault = keel.quick.withdrawal_vault
    keel.call_as_role(vault, "upgradeToCode", implementation, code_hash, b"")


class TestRequests:
    def test_for_exits_reach_the_system_contract(
        self, keel: Keel, vault: WithdrawalVault, exiter: str
    ) -> None:
        receipt = vault.requestExit.send(KEYS[:3], sender=exiter, value_wei=GENEROUS_WEI)
        asked = [event.inputs for event in vault.events(receipt, "ExitRequested")]
        assert asked == [{"pubkey": key} for key in KEYS[:3]]
        expected = [WithdrawalRequest(vault.address, key, 0) for key in KEYS[:3]]
        assert dequeue_withdrawal_requests(keel.rpc) == expected

    def test_for_partial_withdrawals_carry_their_amounts(
        self, keel: Keel, vault: WithdrawalVault, exiter: str
    ) -> None:
        amounts_gwei = [1, 2**64 - 1]
        arguments = (KEYS[:2], amounts_gwei)
        receipt = vault.requestPartialWithdrawal.send(
            *arguments, sender=exiter, value_wei=GENEROUS_WEI
        )
        pairs = list(zip(KEYS[:2], amounts_gwei, strict=True))
        asked = vault.events(receipt, "PartialWithdrawalRequested")
        assert [tuple(event.inputs.values()) for event in asked] == pairs
        expected = [WithdrawalRequest(vault.address, key, gwei) for key, gwei in pairs]
        assert dequeue_withdrawal_requests(keel.rpc) == expected

    def test_for_consolidations_carry_both_keys(
        self, keel: Keel, vault: WithdrawalVault, entitled: Callable[[str], str]
    ) -> None:
        arguments = (KEYS[:2], [KEYS[2], KEYS[1]])  # the second switches its own credentials
        receipt = vault.requestConsolidation.send(
            *arguments,
            sender=entitled("requestConsolidation"),
            value_wei=GENEROUS_WEI,
        )
        pairs = list(zip(*arguments, strict=True))
        asked = vault.events(receipt, "ConsolidationRequested")
        assert [tuple(event.inputs.values()) for event in asked] == pairs
        expected = [ConsolidationRequest(vault.address, *pair) for pair in pairs]
        assert dequeue_consolidation_requests(keel.rpc) == expected

    @pytest.mark.parametrize("function", REQUESTS)
    def test_are_the_roles_alone(self, keel: Keel, vault: WithdrawalVault, function: str) -> None:
        for actor in ("stranger", "guardian", "depositor"):
            caller = keel.actors[actor].address
            with fails("AccessManagedUnauthorized", caller=caller):
                vault.function(function).send(
                    *REQUESTS[function], sender=caller, value_wei=GENEROUS_WEI
                )

    def test_for_consolidations_wait_for_their_delay(
        self, keel: Keel, vault: WithdrawalVault
    ) -> None:
        governance = keel.holder_of("CONSOLIDATOR").address
        arguments = REQUESTS["requestConsolidation"]
        data = vault.requestConsolidation.encode(*arguments)
        operation = keel.quick.manager.hashOperation(governance, vault.address, data)
        with fails("AccessManagerNotScheduled", operationId=operation):
            vault.requestConsolidation.send(*arguments, sender=governance, value_wei=1)

    @pytest.mark.parametrize("length", [0, 47, 49])
    def test_refuse_keys_of_another_length(
        self, vault: WithdrawalVault, entitled: Callable[[str], str], length: int
    ) -> None:
        bad = bytes(length)
        cases: list[tuple[str, tuple[Any, ...]]] = [
            ("requestExit", ([KEYS[0], bad],)),
            ("requestPartialWithdrawal", ([bad], [1])),
            ("requestConsolidation", ([bad], [KEYS[0]])),
            ("requestConsolidation", ([KEYS[0]], [bad])),
        ]
        for function, arguments in cases:
            with fails("PubkeyLength", length=length, expected=48):
                vault.function(function).send(
                    *arguments, sender=entitled(function), value_wei=GENEROUS_WEI
                )

    @pytest.mark.parametrize("function", REQUESTS)
    def test_refuse_nothing(
        self, vault: WithdrawalVault, entitled: Callable[[str], str], function: str
    ) -> None:
        arguments: list[list[Any]] = [[] for _ in REQUESTS[function]]
        with fails("NothingRequested"):
            vault.function(function).send(
                *arguments, sender=entitled(function), value_wei=GENEROUS_WEI
            )

    @pytest.mark.parametrize("function", ["requestPartialWithdrawal", "requestConsolidation"])
    def test_refuse_lists_of_different_lengths(
        self, vault: WithdrawalVault, entitled: Callable[[str], str], function: str
    ) -> None:
        first, second = REQUESTS[function]
        with fails("LengthsDiffer", left=2, right=1):
            vault.function(function).send(first * 2, second, sender=entitled(function))

    def test_refuse_a_partial_withdrawal_that_would_be_an_exit(
        self, vault: WithdrawalVault, exiter: str
    ) -> None:
        with fails("ZeroAmount", position=1):
            vault.requestPartialWithdrawal.send(
                KEYS[:2], [5, 0], sender=exiter, value_wei=GENEROUS_WEI
            )

    @pytest.mark.parametrize("function", REQUESTS)
    def test_fail_where_the_chain_lacks_the_system_contract(
        self, keel: Keel, vault: WithdrawalVault, entitled: Callable[[str], str], function: str
    ) -> None:
        sender = entitled(function)
        set_runtime_code(keel.rpc, SYSTEM_OF[function], b"")
        with fails("SystemCallFailed", system=SYSTEM_OF[function]):
            vault.function(function).send(
                *REQUESTS[function], sender=sender, value_wei=GENEROUS_WEI
            )

    def test_fail_when_the_system_contract_refuses(
        self, keel: Keel, vault: WithdrawalVault, exiter: str
    ) -> None:
        set_runtime_code(keel.rpc, WITHDRAWAL_REQUESTS, TELLS_FEE_AND_REFUSES)
        with fails("SystemCallFailed", system=WITHDRAWAL_REQUESTS):
            vault.requestExit.send([KEYS[0]], sender=exiter, value_wei=GENEROUS_WEI)


class TestFee:
    @pytest.mark.parametrize("function", REQUESTS)
    def test_is_paid_by_the_caller_who_gets_the_rest_back(
        self, keel: Keel, vault: WithdrawalVault, entitled: Callable[[str], str], function: str
    ) -> None:
        sender, system = entitled(function), SYSTEM_OF[function]
        arguments = [values * 3 for values in REQUESTS[function]]
        before_wei = balance_wei(keel.rpc, sender)
        system_before_wei = balance_wei(keel.rpc, system)
        receipt = vault.function(function).send(*arguments, sender=sender, value_wei=GENEROUS_WEI)
        assert balance_wei(keel.rpc, system) == system_before_wei + 3
        assert balance_wei(keel.rpc, sender) == before_wei - 3 - receipt.fee_wei
        assert balance_wei(keel.rpc, vault.address) == 7 * ETHER

    @pytest.mark.parametrize("function", REQUESTS)
    def test_must_come_with_the_call(
        self, keel: Keel, vault: WithdrawalVault, entitled: Callable[[str], str], function: str
    ) -> None:
        arguments = [values * 3 for values in REQUESTS[function]]
        sender = entitled(function)
        with fails("FeeTooLow", sentWei=2, neededWei=3):
            vault.function(function).send(*arguments, sender=sender, value_wei=2)
        vault.function(function).send(*arguments, sender=sender, value_wei=3)
        assert balance_wei(keel.rpc, vault.address) == 7 * ETHER

    def test_rises_with_demand_and_is_shown(
        self, keel: Keel, vault: WithdrawalVault, exiter: str
    ) -> None:
        assert vault.withdrawalRequestFeeWei() == 1
        assert vault.consolidationRequestFeeWei() == 1
        many = KEYS[:1] * 98
        vault.requestExit.send(many, sender=exiter, value_wei=98)
        dequeue_withdrawal_requests(keel.rpc)
        fee_wei = vault.withdrawalRequestFeeWei()
        assert fee_wei == withdrawal_request_fee_wei(keel.rpc) > 1
        with fails("FeeTooLow", sentWei=2 * fee_wei - 1, neededWei=2 * fee_wei):
            vault.requestExit.send(KEYS[:2], sender=exiter, value_wei=2 * fee_wei - 1)
        vault.requestExit.send(KEYS[:2], sender=exiter, value_wei=2 * fee_wei)

    def test_cannot_be_read_where_there_is_no_system_contract(
        self, keel: Keel, vault: WithdrawalVault
    ) -> None:
        set_runtime_code(keel.rpc, WITHDRAWAL_REQUESTS, b"")
        with fails("SystemCallFailed", system=WITHDRAWAL_REQUESTS):
            vault.withdrawalRequestFeeWei()


class TestDailyLimits:
    """LIM-3: what a stolen role can ask for in a day."""

    @pytest.mark.parametrize(
        ("function", "capacity"),
        [("requestExit", 100), ("requestPartialWithdrawal", 100), ("requestConsolidation", 4)],
    )
    def test_of_a_small_protocol_refill_in_a_day(
        self,
        vault: WithdrawalVault,
        entitled: Callable[[str], str],
        function: str,
        capacity: int,
    ) -> None:
        sender, one = entitled(function), REQUESTS[function]
        merges = function == "requestConsolidation"
        view = vault.function("consolidationsAvailable" if merges else "exitsAvailable")
        dequeue = dequeue_consolidation_requests if merges else dequeue_withdrawal_requests
        assert view() == capacity
        all_at_once = [values * capacity for values in one]
        vault.function(function).send(*all_at_once, sender=sender, value_wei=ETHER)
        while dequeue(vault.rpc):
            pass
        assert view() == 0
        with fails("LimitExceeded", amount=1, available=0):
            vault.function(function).send(*one, sender=sender, value_wei=ETHER)
        jump(vault.rpc, DAY // capacity)
        vault.function(function).send(*one, sender=sender, value_wei=ETHER)
        jump(vault.rpc, DAY)
        assert view() == capacity

    def test_grow_with_the_protocol(self, keel: Keel, vault: WithdrawalVault) -> None:
        deposit(keel, keel.actors.depositor.address, 63_990 * ETHER)
        stake(keel, 10)
        change(keel, 60_000 * ETHER - 320 * ETHER)
        assert vault.exitsAvailable() == 187  # a tenth of 1,875
        assert vault.consolidationsAvailable() == 18


class TestRefund:
    @pytest.fixture
    def caller(
        self, keel: Keel, vault: WithdrawalVault, test_contracts: dict[str, ContractContainer]
    ) -> Contract:
        """A contract that may ask for exits."""
        compiled = test_contracts["TestExitCaller"]
        caller = deploy_test_contract(keel, compiled, vault.address)
        grant(keel, "EXITER", caller.address)
        return caller

    def test_that_is_refused_undoes_the_request(self, keel: Keel, caller: Contract) -> None:
        stranger = keel.actors.stranger.address
        caller.function("setOnRefund").send(1, sender=stranger)
        with fails("RefundFailed", receiver=caller.address, amountWei=GENEROUS_WEI - 1):
            caller.function("requestExit").send([KEYS[0]], sender=stranger, value_wei=GENEROUS_WEI)
        caller.function("requestExit").send([KEYS[0]], sender=stranger, value_wei=1)

    def test_may_pay_for_the_next_request(
        self, keel: Keel, vault: WithdrawalVault, caller: Contract
    ) -> None:
        stranger = keel.actors.stranger.address
        caller.function("setOnRefund").send(2, sender=stranger)
        caller.function("requestExit").send([KEYS[0]], sender=stranger, value_wei=GENEROUS_WEI)
        asked = dequeue_withdrawal_requests(keel.rpc)
        assert [request.validator_pubkey for request in asked] == [KEYS[0]] * 2
        assert balance_wei(keel.rpc, caller.address) == GENEROUS_WEI - 2
        assert balance_wei(keel.rpc, vault.address) == 7 * ETHER


class TestPassOn:
    def test_gives_the_vault_what_it_asks_for(self, keel: Keel, vault: WithdrawalVault) -> None:
        staking_vault = as_contract(keel.quick.vault)
        buffered_wei = keel.quick.vault.bufferedWei()
        before_wei = balance_wei(keel.rpc, staking_vault)
        receipt = vault.passOn.send(7 * ETHER, sender=staking_vault)
        gained_wei = balance_wei(keel.rpc, staking_vault) - before_wei
        assert gained_wei == 7 * ETHER - receipt.fee_wei
        assert balance_wei(keel.rpc, vault.address) == 0
        assert keel.quick.vault.bufferedWei() == buffered_wei

    def test_refuses_a_wei_more_than_it_has(self, keel: Keel, vault: WithdrawalVault) -> None:
        staking_vault = as_contract(keel.quick.vault)
        with fails("InsufficientBalance", askedWei=7 * ETHER + 1, balanceWei=7 * ETHER):
            vault.passOn.send(7 * ETHER + 1, sender=staking_vault)

    @pytest.mark.parametrize("actor", ["stranger", "governance", "keeper"])
    def test_is_the_vaults_alone(self, keel: Keel, vault: WithdrawalVault, actor: str) -> None:
        caller = keel.actors[actor].address
        with fails("OnlyVault", caller=caller):
            vault.passOn.send(1, sender=caller)


class TestUpgrade:
    @pytest.fixture
    def next_version(self, keel: Keel, test_contracts: dict[str, ContractContainer]) -> str:
        compiled = test_contracts["TestNextWithdrawalVault"]
        return deploy_test_contract(keel, compiled).address

    def test_keeps_address_and_ether(
        self, keel: Keel, vault: WithdrawalVault, next_version: str
    ) -> None:
        code = runtime_code(keel.rpc, vault.address)
        upgrade(keel, next_version)
        upgraded = Contract(keel.rpc, vault.address, [VERSION])
        assert upgraded.function("VERSION")() == 2
        assert runtime_code(keel.rpc, vault.address) == code
        assert balance_wei(keel.rpc, vault.address) == 7 * ETHER
        assert vault.authority() == keel.quick.manager.address

    def test_is_the_roles_alone_and_delayed(
        self, keel: Keel, vault: WithdrawalVault, next_version: str
    ) -> None:
        code_hash = keccak(runtime_code(keel.rpc, next_version))
        for actor in ("stranger", "keeper", "council"):
            caller = keel.actors[actor].address
            with fails("AccessManagedUnauthorized", caller=caller):
                vault.upgradeToCode.send(next_version, code_hash, b"", sender=caller)
        governance = keel.holder_of("MODULES").address
        data = vault.upgradeToCode.encode(next_version, code_hash, b"")
        operation = keel.quick.manager.hashOperation(governance, vault.address, data)
        with fails("AccessManagerNotScheduled", operationId=operation):
            vault.upgradeToCode.send(next_version, code_hash, b"", sender=governance)

    def test_is_to_the_code_that_was_scheduled(
        self, keel: Keel, vault: WithdrawalVault, next_version: str
    ) -> None:
        """MOD-1: whoever can put other code at the address does not choose the upgrade."""
        expected_code = runtime_code(keel.rpc, next_version)
        other_code = expected_code + b"\x00"
        hashes = {"expected": keccak(expected_code), "actual": keccak(other_code)}
        set_runtime_code(keel.rpc, next_version, other_code)
        with fails("CodeChanged", account=next_version, **hashes):
            keel.call_as_role(vault, "upgradeToCode", next_version, hashes["expected"], b"")
        upgrade(keel, next_version)
        assert Contract(keel.rpc, vault.address, [VERSION]).function("VERSION")() == 2

    @pytest.mark.parametrize("code", [b"", b"\xef\x01\x00" + bytes(20), b"\xef\x00\x01"])
    def test_is_to_code_of_its_own(
        self, keel: Keel, vault: WithdrawalVault, next_version: str, code: bytes
    ) -> None:
        """MOD-1: EIP-7702's delegation stands for code that its account can change."""
        set_runtime_code(keel.rpc, next_version, code)
        for named in (keccak(code), bytes(32)):
            with fails("NoCode", account=next_version):
                keel.call_as_role(vault, "upgradeToCode", next_version, named, b"")

    @pytest.mark.parametrize("role", ["MODULES", "ADMIN"])
    def test_by_address_alone_is_nobodys(
        self, keel: Keel, vault: WithdrawalVault, next_version: str, role: str
    ) -> None:
        """ADMIN has every function that the table of roles does not name."""
        caller, manager = keel.holder_of(role).address, keel.quick.manager
        with fails("CodeHashNotNamed"):
            vault.upgradeToAndCall.send(next_version, b"", sender=caller)
        data = vault.upgradeToAndCall.encode(next_version, b"")
        manager.schedule.send(vault.address, data, 0, sender=keel.holder_of("ADMIN").address)
        jump(keel.rpc, keel.configuration.delay_seconds("ADMIN"))
        with fails("CodeHashNotNamed"):
            manager.execute.send(vault.address, data, sender=keel.holder_of("ADMIN").address)

    def test_refuses_what_could_not_be_upgraded_again(self, keel: Keel) -> None:
        wrapped = keel.quick.wrapped.address
        with fails("ERC1967InvalidImplementation", implementation=wrapped):
            upgrade(keel, wrapped)

    def test_happens_through_the_proxy_alone(
        self, keel: Keel, vault: WithdrawalVault, next_version: str
    ) -> None:
        implementation = Contract(keel.rpc, keel.plan.addresses[IMPLEMENTATION], vault.abi)
        governance = keel.actors.governance.address
        code_hash = keccak(runtime_code(keel.rpc, next_version))
        with fails("AccessManagedUnauthorized", caller=governance):
            implementation.function("upgradeToCode").send(
                next_version, code_hash, b"", sender=governance
            )


class TestInitialisation:
    def test_is_done_by_the_deployment(self, keel: Keel, vault: WithdrawalVault) -> None:
        assert vault.VAULT() == keel.quick.vault.address
        assert vault.authority() == keel.quick.manager.address

    def test_happens_once(self, keel: Keel, vault: WithdrawalVault) -> None:
        attacker = keel.actors.attacker.address
        with fails("InvalidInitialization"):
            vault.initialize.send(attacker, sender=attacker)

    def test_never_happens_to_the_implementation(self, keel: Keel, vault: WithdrawalVault) -> None:
        attacker = keel.actors.attacker.address
        implementation = Contract(keel.rpc, keel.plan.addresses[IMPLEMENTATION], vault.abi)
        with fails("InvalidInitialization"):
            implementation.function("initialize").send(attacker, sender=attacker)

    def test_refuses_no_authority(self, keel: Keel, vault: WithdrawalVault) -> None:
        proxy, stranger = keel.artifacts["WithdrawalVaultProxy"], keel.actors.stranger.address
        abi = proxy.abi
        abi.errors.update(vault.abi.errors)
        arguments = (keel.plan.addresses[IMPLEMENTATION], vault.initialize.encode(NOBODY))
        with fails("ZeroAddress", what="initialAuthority"):
            deploy(keel.rpc, abi, proxy.creation_code, *arguments, sender=stranger)

    def test_refuses_no_vault(self, keel: Keel) -> None:
        artifact = keel.artifacts["WithdrawalVault"]
        stranger = keel.actors.stranger.address
        with fails("ZeroAddress", what="vault"):
            deploy(keel.rpc, artifact.abi, artifact.creation_code, NOBODY, sender=stranger)


def test_takes_ether_from_anyone_without_counting_it(keel: Keel, vault: WithdrawalVault) -> None:
    totals = keel.quick.vault.totals()
    send_transaction(keel.rpc, keel.actors.stranger.address, vault.address, value_wei=ETHER)
    set_balance_wei(keel.rpc, vault.address, 100 * ETHER)
    assert keel.quick.vault.totals() == totals
