"""TestFund in the insurance fund's place, and how it behaves."""

from collections.abc import Mapping
from enum import IntEnum

from ape.contracts import ContractContainer

from keel.chain.contract import Contract
from keel.model.constants import ETHER
from tests.deployment import Keel
from tests.unit.contracts.vaults import (
    ZERO_ADDRESS,
    change,
    deploy_test_contract,
    replace_modules,
)


class Conduct(IntEnum):
    """TestFund's own list."""

    EXACT = 0
    REVERTING = 1
    BURNING_GAS = 2
    ANSWERING_GARBAGE = 3
    ANSWERING_LONG = 4
    HANDING_OVER_HALF = 5
    HANDING_OVER_MORE = 6
    DEPOSITING = 7
    REQUESTING = 8


def replace_fund(
    keel: Keel, test_contracts: Mapping[str, ContractContainer], conduct: Conduct
) -> Contract:
    """Put a fund with 50 ETH of wkETH in the place of the deployed one, as governance may."""
    vault, depositor = keel.quick.vault, keel.actors.depositor.address
    places = (vault.address, keel.quick.queue.address, keel.quick.wrapped.address)
    fund = deploy_test_contract(keel, test_contracts, "TestFund", *places, conduct, value_wei=ETHER)
    arguments = (fund.address, ZERO_ADDRESS)
    vault.depositWrapped.send(*arguments, sender=depositor, value_wei=50 * ETHER)
    replace_modules(keel, fund=fund.address)
    change(keel, 0)
    return fund
