"""What the receiver of an instant redemption can do while it is paid (INS-4)."""

from enum import IntEnum

import pytest
from ape.contracts import ContractContainer

from keel.chain.abi import CustomError
from keel.chain.contract import Contract
from keel.chain.state import balance_wei
from keel.chain.transaction import Receipt
from keel.deploy.contracts import InstantRedemption
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.vaults import deploy_test_contract, shares_of

PAR = 10**9


class OnEther(IntEnum):
    """TestRedeemer's own list."""

    KEEP = 0
    REFUSE = 1
    BURN_GAS = 2
    REDEEM_AGAIN = 3
    DEPOSIT_AGAIN = 4


@pytest.fixture
def instant(keel: Keel) -> InstantRedemption:
    """3,000 ETH of liquidity."""
    deposit(keel, keel.actors.redeemer.address, 2_999 * ETHER)
    return keel.quick.instant


@pytest.fixture
def caller(
    keel: Keel, instant: InstantRedemption, test_contracts: dict[str, ContractContainer]
) -> Contract:
    """A contract with 100 ETH of kETH."""
    places = (keel.quick.vault.address, instant.address)
    made = deploy_test_contract(keel, test_contracts, "TestRedeemer", *places)
    deposit(keel, keel.actors.depositor.address, 100 * ETHER)
    arguments = (made.address, 100 * ETHER)
    depositor = keel.actors.depositor.address
    keel.quick.vault.transfer.send(*arguments, sender=depositor)
    return made


def run(keel: Keel, caller: Contract, what: OnEther, receiver: str) -> Receipt:
    stranger: str = keel.actors.stranger.address
    caller.function("setOnEther").send(what, sender=stranger)
    return caller.function("redeem").send(1_001 * ETHER * PAR // 1_000, receiver, sender=stranger)


@pytest.mark.parametrize("what", [OnEther.REFUSE, OnEther.BURN_GAS])
def test_a_receiver_that_takes_no_ether_stops_its_own_redemption_only(
    keel: Keel, caller: Contract, what: OnEther
) -> None:
    with fails("EtherTransferFailed", receiver=caller.address, amountWei=ETHER):
        run(keel, caller, what, caller.address)
    assert shares_of(keel, caller.address) == [100 * ETHER * PAR]
    run(keel, caller, what, "0x" + "42" * 20)


def test_a_receiver_that_redeems_again_while_paid_is_refused(keel: Keel, caller: Contract) -> None:
    run(keel, caller, OnEther.REDEEM_AGAIN, caller.address)
    refusal = keel.quick.vault.errors.decode_error(caller.function("refusal")())
    assert refusal == CustomError("ReentrancyGuardReentrantCall", {})
    assert balance_wei(keel.rpc, caller.address) == ETHER


def test_a_receiver_that_deposits_again_finds_the_books_in_order(
    keel: Keel, caller: Contract
) -> None:
    vault = keel.quick.vault
    run(keel, caller, OnEther.DEPOSIT_AGAIN, caller.address)
    assert balance_wei(keel.rpc, vault.address) == vault.bufferedWei()
    holders = [caller.address, vault.address, keel.quick.wrapped.address]
    people = [keel.actors.redeemer.address, keel.actors.depositor.address]
    assert sum(shares_of(keel, *holders, *people)) == vault.totalShares()


def test_a_receiver_that_is_the_vault_itself_is_refused(
    keel: Keel, instant: InstantRedemption
) -> None:
    redeemer = keel.actors.redeemer.address
    vault = keel.quick.vault.address
    with fails("EtherTransferFailed", receiver=vault, amountWei=1_000 * ETHER):
        instant.redeem.send(1_001 * ETHER * PAR, vault, 0, sender=redeemer)
