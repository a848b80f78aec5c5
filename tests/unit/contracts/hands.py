"""What only Keel's own contracts may ask of each other, asked in their place.

So a unit test decides itself what the rest of the protocol does to the contract it is about.
"""

from typing import Any

from keel.chain.clock import jump_to
from keel.chain.contract import Contract
from keel.chain.state import balance_wei, impersonate, set_balance_wei
from keel.chain.transaction import Receipt
from keel.model.constants import ETHER
from tests.deployment import Keel


def as_contract(contract: Contract) -> str:
    """Let the test send from a contract, with ether for gas that no account counts (ACC-2)."""
    held_wei = balance_wei(contract.rpc, contract.address)
    impersonate(contract.rpc, contract.address)
    set_balance_wei(contract.rpc, contract.address, held_wei + ETHER)
    return contract.address


def deposit(keel: Keel, depositor: str, amount_wei: int) -> None:
    """Buy kETH."""
    arguments = (depositor, depositor)
    keel.quick.vault.send("deposit", *arguments, sender=depositor, value_wei=amount_wei)


def report(keel: Keel, **changes: int) -> Receipt:
    """Go to the next reference slot and apply a report for it, as the oracle may.

    Without changes (fields of IStakingVault.ReportInput) nothing was earned and nothing lost.
    """
    vault = keel.quick.vault
    ref_time = next_reference_slot(keel)
    inputs: dict[str, Any] = {
        "refTime": ref_time,
        "consensusBalanceWei": vault.call("reportBase", ref_time).expectedWei,
        "withdrawalsWei": 0,
        "rewardsWei": 0,
        "feelessWei": 0,
        "lastTicketHint": 0,
    }
    return vault.send("applyReport", inputs | changes, sender=as_contract(keel.quick.oracle))


def next_reference_slot(keel: Keel, frames: int = 1) -> int:
    """Go to a later reference slot and return its time."""
    ref_time = int(keel.quick.vault.call("newestRefTime")) + frames * keel.profile.frame_seconds
    jump_to(keel.rpc, ref_time)
    return ref_time
