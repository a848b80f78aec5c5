"""WithdrawalVault: ether in, ether on to the vault, requests to the system contracts, upgrades."""

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
    encode_consolidation_request,
    encode_withdrawal_request,
    withdrawal_request_fee_wei,
)
from keel.chain.transaction import send_transaction
from keel.deploy.contracts import WithdrawalVault
from keel.deploy.plan import IMPLEMENTATION
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deploy_test_contract

NOBODY = "0x" + "0" * 40
GENEROUS_WEI = 1_000
KEYS = [bytes([number]) * 48 for number in range(1, 5)]
PAYER = "0x" + "5A" * 20
REQUESTS = {
    "requestWithdrawals": encode_withdrawal_request(KEYS[0], 1),
    "requestConsolidations": encode_consolidation_request(KEYS[0], KEYS[1]),
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
    "requestWithdrawals": WITHDRAWAL_REQUESTS,
    "requestConsolidations": CONSOLIDATION_REQUESTS,
}


@pytest.fixture
def vault(keel: Keel) -> WithdrawalVault:
    """The contract under test, with ether of its own that no request may touch."""
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, 7 * ETHER)
    return keel.quick.withdrawal_vault


@pytest.fixture
def exits(keel: Keel) -> str:
    """Who alone may ask."""
    return as_contract(keel.quick.exits)


def upgrade(keel: Keel, implementation: str) -> None:
    """Name an implementation by its code, as governance does, and wait."""
    code_hash = keccak(runtime_code(keel.rpc, implementation))
    vault = keel.quick.withdrawal_vault
    keel.call_as_role(vault, "upgradeToCode", implementation, code_hash, b"")


class TestRequests:
    def test_for_withdrawals_reach_the_system_contract(
        self, keel: Keel, vault: WithdrawalVault, exits: str
    ) -> None:
        """With an amount of 0 they are exits."""
        amounts_gwei = [0, 1, 2**64 - 1]
        pairs = list(zip(KEYS[:3], amounts_gwei, strict=True))
        requests = [encode_withdrawal_request(*pair) for pair in pairs]
        vault.requestWithdrawals.send(requests, PAYER, sender=exits, value_wei=3)
        expected = [WithdrawalRequest(vault.address, *pair) for pair in pairs]
        assert dequeue_withdrawal_requests(keel.rpc) == expected

    def test_for_consolidations_carry_both_keys(
        self, keel: Keel, vault: WithdrawalVault, exits: str
    ) -> None:
        pairs = [(KEYS[0], KEYS[2]), (KEYS[1], KEYS[1])]
        requests = [encode_consolidation_request(*pair) for pair in pairs]
        vault.requestConsolidations.send(requests, PAYER, sender=exits, value_wei=2)
        expected = [ConsolidationRequest(vault.address, *pair) for pair in pairs]
        assert dequeue_consolidation_requests(keel.rpc) == expected

    @pytest.mark.parametrize("function", REQUESTS)
    def test_are_for_exits_alone(self, keel: Keel, vault: WithdrawalVault, function: str) -> None:
        """No role, no manager, not even the vault asks past it."""
        callers = [keel.actors[name].address for name in ("governance", "keeper", "stranger")]
        for caller in (*callers, as_contract(keel.quick.vault)):
            with fails("OnlyExits", caller=caller):
                vault.function(function).send(
                    [REQUESTS[function]], PAYER, sender=caller, value_wei=GENEROUS_WEI
                )

    @pytest.mark.parametrize("function", REQUESTS)
    def test_fail_where_the_chain_lacks_the_system_contract(
        self, keel: Keel, vault: WithdrawalVault, exits: str, function: str
    ) -> None:
        set_runtime_code(keel.rpc, SYSTEM_OF[function], b"")
        with fails("SystemCallFailed", system=SYSTEM_OF[function]):
            vault.function(function).send(
                [REQUESTS[function]], PAYER, sender=exits, value_wei=GENEROUS_WEI
            )

    @pytest.mark.parametrize("function", REQUESTS)
    def test_fail_when_the_system_contract_refuses(
        self, keel: Keel, vault: WithdrawalVault, exits: str, function: str
    ) -> None:
        """Another one, or this one a request of another length."""
        for short in (REQUESTS[function][1:], REQUESTS[function] + b"1"):
            with fails("SystemCallFailed", system=SYSTEM_OF[function]):
                vault.function(function).send([short], PAYER, sender=exits, value_wei=1)
        set_runtime_code(keel.rpc, SYSTEM_OF[function], TELLS_FEE_AND_REFUSES)
        with fails("SystemCallFailed", system=SYSTEM_OF[function]):
            vault.function(function).send([REQUESTS[function]], PAYER, sender=exits, value_wei=1)


class TestFee:
    @pytest.mark.parametrize("function", REQUESTS)
    def test_comes_with_the_call_and_the_payer_gets_the_rest(
        self, keel: Keel, vault: WithdrawalVault, exits: str, function: str
    ) -> None:
        system = SYSTEM_OF[function]
        system_before_wei = balance_wei(keel.rpc, system)
        requests = [REQUESTS[function]] * 3
        vault.function(function).send(requests, PAYER, sender=exits, value_wei=GENEROUS_WEI)
        assert balance_wei(keel.rpc, system) == system_before_wei + 3
        assert balance_wei(keel.rpc, PAYER) == GENEROUS_WEI - 3
        assert balance_wei(keel.rpc, vault.address) == 7 * ETHER

    @pytest.mark.parametrize("function", REQUESTS)
    def test_is_never_the_vaults_own_ether(
        self, keel: Keel, vault: WithdrawalVault, exits: str, function: str
    ) -> None:
        requests = [REQUESTS[function]] * 3
        with fails("FeeTooLow", sentWei=2, neededWei=3):
            vault.function(function).send(requests, PAYER, sender=exits, value_wei=2)
        vault.function(function).send(requests, PAYER, sender=exits, value_wei=3)
        assert balance_wei(keel.rpc, vault.address) == 7 * ETHER

    def test_rises_with_demand_and_is_shown(
        self, keel: Keel, vault: WithdrawalVault, exits: str
    ) -> None:
        assert vault.withdrawalRequestFeeWei() == 1
        assert vault.consolidationRequestFeeWei() == 1
        request = REQUESTS["requestWithdrawals"]
        vault.requestWithdrawals.send([request] * 98, PAYER, sender=exits, value_wei=98)
        dequeue_withdrawal_requests(keel.rpc)
        fee_wei = vault.withdrawalRequestFeeWei()
        assert fee_wei == withdrawal_request_fee_wei(keel.rpc) > 1
        two = [request] * 2
        with fails("FeeTooLow", sentWei=2 * fee_wei - 1, neededWei=2 * fee_wei):
            vault.requestWithdrawals.send(two, PAYER, sender=exits, value_wei=2 * fee_wei - 1)
        vault.requestWithdrawals.send(two, PAYER, sender=exits, value_wei=2 * fee_wei)

    def test_cannot_be_read_where_there_is_no_system_contract(
        self, keel: Keel, vault: WithdrawalVault
    ) -> None:
        set_runtime_code(keel.rpc, WITHDRAWAL_REQUESTS, b"")
        with fails("SystemCallFailed", system=WITHDRAWAL_REQUESTS):
            vault.withdrawalRequestFeeWei()


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

    def test_refuses_no_vault_and_no_exits(self, keel: Keel) -> None:
        artifact = keel.artifacts["WithdrawalVault"]
        stranger = str(keel.actors.stranger.address)
        for what, arguments in (("vault", (NOBODY, stranger)), ("exits", (stranger, NOBODY))):
            with fails("ZeroAddress", what=what):
                deploy(keel.rpc, artifact.abi, artifact.creation_code, *arguments, sender=stranger)


def test_takes_ether_from_anyone_without_counting_it(keel: Keel, vault: WithdrawalVault) -> None:
    totals = keel.quick.vault.totals()
    send_transaction(keel.rpc, keel.actors.stranger.address, vault.address, value_wei=ETHER)
    set_balance_wei(keel.rpc, vault.address, 100 * ETHER)
    assert keel.quick.vault.totals() == totals
