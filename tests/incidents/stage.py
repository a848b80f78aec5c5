"""Who is robbed, and by whom: the few things that all incidents need."""

from collections.abc import Callable
from typing import Any

import pytest
from ape.contracts import ContractContainer

from keel.chain.clock import jump, now
from keel.chain.contract import Contract
from keel.chain.state import balance_wei, set_balance_wei
from keel.chain.transaction import Receipt
from keel.model.constants import GWEI
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, report
from tests.unit.contracts.reporting import Reporting
from tests.unit.contracts.vaults import VALIDATOR_WEI, deploy_test_contract, stake

STAKED_WEI = 32 * VALIDATOR_WEI
"""What `stake_32` stakes."""

type Naive = Callable[..., Contract]
"""Deploys a vulnerable variant of tests/contracts by name, constructor arguments behind."""


@pytest.fixture
def naive(keel: Keel, test_contracts: dict[str, ContractContainer]) -> Naive:
    def place(name: str, *arguments: Any, value_wei: int = 0) -> Contract:
        return deploy_test_contract(keel, test_contracts, name, *arguments, value_wei=value_wei)

    return place


@pytest.fixture
def attacker(keel: Keel) -> str:
    return str(keel.actors.attacker.address)


@pytest.fixture
def victim(keel: Keel) -> str:
    return str(keel.actors.depositor.address)


def force(keel: Keel, address: str, amount_wei: int) -> None:
    """Put ether there as a destroyed contract does, asking nobody."""
    set_balance_wei(keel.rpc, address, balance_wei(keel.rpc, address) + amount_wei)


def newest_frame(reporting: Reporting) -> int:
    """Return the frame whose reference slot must be reported now, as `Reporting` counts frames."""
    slot, _ = reporting.oracle.reportableSlot()
    return int((slot + 1) // reporting.keel.profile.frame_slots - 1)


def slashing(keel: Keel, slashed_wei: int = VALIDATOR_WEI, slashed_at: int = 0) -> Receipt:
    """Note what the registry has proven, of a second ago or of another time."""
    jump(keel.rpc, 1)
    arguments = (slashed_wei // GWEI, slashed_at or now(keel.rpc))
    return keel.quick.vault.noteSlashing.send(*arguments, sender=as_contract(keel.quick.registry))


def stake_32(keel: Keel) -> None:
    """Stake 1,024 ETH, and report it."""
    stake(keel, 32)
    report(keel)
