"""RewardsVault: takes ether from anyone, gives it to the vault alone."""

import pytest

from keel.chain.abi import CustomError
from keel.chain.contract import Contract, deploy
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei, set_balance_wei
from keel.chain.transaction import send_transaction
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, report

NOBODY = "0x" + "0" * 40


@pytest.fixture
def rewards(keel: Keel) -> Contract:
    """The contract under test with 3 ETH."""
    set_balance_wei(keel.rpc, keel.quick.rewards_vault.address, 3 * ETHER)
    return keel.quick.rewards_vault


def test_takes_ether_from_anyone_without_counting_it(keel: Keel, rewards: Contract) -> None:
    totals = keel.quick.vault.totals()
    send_transaction(keel.rpc, keel.actors.stranger.address, rewards.address, value_wei=1)
    assert balance_wei(keel.rpc, rewards.address) == 3 * ETHER + 1
    assert keel.quick.vault.totals() == totals


def test_gives_a_report_what_it_pulls(keel: Keel, rewards: Contract) -> None:
    vault = keel.quick.vault
    report(keel)
    buffered_wei = vault.bufferedWei()
    before_wei = balance_wei(keel.rpc, vault.address)
    report(keel, rewardsWei=2 * ETHER)
    assert balance_wei(keel.rpc, rewards.address) == ETHER
    assert balance_wei(keel.rpc, vault.address) == before_wei + 2 * ETHER
    assert vault.bufferedWei() == buffered_wei + 2 * ETHER


def test_gives_no_wei_more_than_it_has(keel: Keel, rewards: Contract) -> None:
    vault = as_contract(keel.quick.vault)
    with fails("InsufficientBalance", askedWei=3 * ETHER + 1, balanceWei=3 * ETHER):
        rewards.function("passOn").send(3 * ETHER + 1, sender=vault)
    rewards.function("passOn").send(3 * ETHER, sender=vault)
    assert balance_wei(keel.rpc, rewards.address) == 0


@pytest.mark.parametrize("actor", ["stranger", "governance", "keeper"])
def test_gives_nothing_to_others(keel: Keel, rewards: Contract, actor: str) -> None:
    caller = keel.actors[actor].address
    with fails("OnlyVault", caller=caller):
        rewards.function("passOn").send(1, sender=caller)


def test_cannot_pass_for_a_depositor(keel: Keel, rewards: Contract) -> None:
    impostor = as_contract(rewards)
    with pytest.raises(Reverted) as caught:
        send_transaction(
            keel.rpc, impostor, keel.quick.vault.address, value_wei=1, errors=keel.quick.vault.abi
        )
    assert caught.value.cause == CustomError("DirectEther", {"sender": impostor})


def test_is_the_only_one_to_enter_rewards(keel: Keel) -> None:
    rewards, stranger = keel.quick.rewards_vault.address, keel.actors.stranger.address
    with fails("OnlyProtocol", caller=stranger, expected=rewards):
        keel.quick.vault.receiveRewards.send(sender=stranger, value_wei=1)


def test_needs_a_vault(keel: Keel) -> None:
    artifact = keel.artifacts["RewardsVault"]
    stranger = keel.actors.stranger.address
    assert keel.quick.rewards_vault.VAULT() == keel.quick.vault.address
    with fails("ZeroAddress", what="vault"):
        deploy(keel.rpc, artifact.abi, artifact.creation_code, NOBODY, sender=stranger)
