"""What only Keel's own contracts may ask of each other, asked in their place.

So a unit test decides itself what the rest of the protocol does to the contract it is about.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ape.contracts import ContractContainer

from keel.chain.abi import Abi
from keel.chain.clock import jump, jump_to, reverting, set_next_timestamp
from keel.chain.contract import Contract, deploy
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, impersonate, set_balance_wei
from keel.chain.transaction import Receipt
from keel.deploy.profiles import USUAL_COMMISSION_BPS
from keel.deploy.roles import ROLE_BY_NAME
from keel.model.constants import ETHER
from tests.deployment import Keel


def announce_loss(keel: Keel, loss_wei: int = ETHER) -> Receipt:
    """Announce a loss in the first second of the next reference slot, as the oracle does."""
    ref_time, vault = next_reference_slot(keel), keel.quick.vault
    sender = as_contract(keel.quick.oracle)
    set_next_timestamp(keel.rpc, ref_time)
    return vault.announceLoss.send(ref_time, loss_wei, sender=sender)


def as_contract(contract: Contract) -> str:
    """Let the test send from a contract, with ether for gas that no account counts (ACC-2)."""
    held_wei = balance_wei(contract.rpc, contract.address)
    impersonate(contract.rpc, contract.address)
    set_balance_wei(contract.rpc, contract.address, held_wei + ETHER)
    return contract.address


@contextmanager
def undone(rpc: RpcClient) -> Iterator[None]:
    """Take back what happens inside, once Anvil's pool has forgotten what was mined.

    Its pool forgets a moment after the receipt. If that moment came after the restoration, a new
    transaction with the nonce of one taken back would be forgotten too, and never mined.
    """
    with reverting(rpc):
        yield
        while int(rpc.call("txpool_status")["pending"], 16):
            pass


def deposit(keel: Keel, depositor: str, amount_wei: int) -> None:
    """Buy kETH."""
    arguments = (depositor, depositor)
    keel.quick.vault.deposit.send(*arguments, sender=depositor, value_wei=amount_wei)


def deploy_test_contract(keel: Keel, compiled: ContractContainer, *arguments: Any) -> Contract:
    """Deploy a contract of tests/contracts; it explains Keel's errors beside its own."""
    code = compiled.contract_type.get_deployment_bytecode()
    assert code is not None
    abi = Abi([entry.model_dump(by_alias=True) for entry in compiled.contract_type.abi])
    errors = Abi()
    errors.errors.update(abi.errors | keel.quick.vault.errors.errors)
    deployer = keel.actors.deployer.address
    deployed, _ = deploy(keel.rpc, abi, bytes(code), *arguments, sender=deployer)
    return Contract(keel.rpc, deployed.address, abi, errors=errors)


def grant(keel: Keel, role: str, account: str) -> None:
    """Give an account a role whose calls do not wait, as governance can (ROL-4)."""
    manager, governance = keel.quick.manager, keel.holder_of("ADMIN").address
    arguments = (ROLE_BY_NAME[role].id, account, 0)
    data = manager.grantRole.encode(*arguments)
    manager.schedule.send(manager.address, data, 0, sender=governance)
    jump(keel.rpc, keel.configuration.delay_seconds("ADMIN"))
    manager.grantRole.send(*arguments, sender=governance)
    jump(keel.rpc, manager.getRoleGrantDelay(ROLE_BY_NAME[role].id))


def report(keel: Keel, **changes: int) -> Receipt:
    """Go to the next reference slot and apply a report for it, as the oracle may.

    Without changes (fields of IStakingVault.ReportInput) nothing was earned and nothing lost.
    """
    vault = keel.quick.vault
    ref_time = next_reference_slot(keel)
    inputs: dict[str, Any] = {
        "refTime": ref_time,
        "consensusBalanceWei": vault.reportBase(ref_time).expectedWei,
        "withdrawalsWei": 0,
        "rewardsWei": 0,
        "lastTicketHint": 0,
        "operatorsBps": USUAL_COMMISSION_BPS,
    }
    return vault.applyReport.send(inputs | changes, sender=as_contract(keel.quick.oracle))


def next_reference_slot(keel: Keel, frames: int = 1) -> int:
    """Go to a later reference slot and return its time."""
    ref_time = int(keel.quick.vault.newestRefTime()) + frames * keel.profile.frame_seconds
    jump_to(keel.rpc, ref_time)
    return ref_time
