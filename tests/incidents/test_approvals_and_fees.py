"""Permits used by somebody else first, and fees on what is no profit: rows 31 and 32."""

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from keel.chain.revert import Reverted
from keel.chain.state import chain_id, set_balance_wei, set_runtime_code
from keel.model.constants import BPS, ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.vaults import FEE_BPS, change, stake

FOREVER = 2**256 - 1
REVERTS_ALWAYS = bytes.fromhex("5f5ffd")


def permit_signature(keel: Keel, owner: LocalAccount, spender: str, value: int) -> bytes:
    """ERC-2612, of kETH, with the first nonce."""
    fields = [("owner", "address"), ("spender", "address"), ("value", "uint256")]
    fields += [("nonce", "uint256"), ("deadline", "uint256")]
    message = encode_typed_data(
        domain_data={
            "name": "Keel Ether",
            "version": "1",
            "chainId": chain_id(keel.rpc),
            "verifyingContract": keel.quick.vault.address,
        },
        message_types={"Permit": [{"name": name, "type": kind} for name, kind in fields]},
        message_data={
            "owner": owner.address,
            "spender": spender,
            "value": value,
            "nonce": 0,
            "deadline": FOREVER,
        },
    )
    return bytes(owner.sign_message(message).signature)


def test_31_a_permit_is_used_by_somebody_else_first(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    """Keel has no function that uses a permit and then goes on, so none can be stopped so."""
    pool = naive("TestNaiveStaking")
    pool.function("deposit").send(sender=victim, value_wei=ETHER)
    pool.function("permit").send(victim, attacker, FOREVER, 0, sender=attacker)
    with pytest.raises(Reverted):
        pool.function("permitAndMove").send(
            victim, attacker, 1, 0, sender=keel.actors.holder.address
        )

    vault = keel.quick.vault
    owner, spender = Account.from_key(b"\x05" * 32), str(keel.actors.holder.address)
    set_balance_wei(keel.rpc, owner.address, 0)
    vault.deposit.send(owner.address, victim, sender=victim, value_wei=ETHER)
    signature = permit_signature(keel, owner, spender, ETHER)
    permit = "permit(address,address,uint256,uint256,bytes)"
    arguments = (owner.address, spender, ETHER, FOREVER, signature)
    vault.function(permit).send(*arguments, sender=attacker)
    with fails("PermitSignatureInvalid", owner=owner.address):
        vault.function(permit).send(*arguments, sender=spender)
    vault.transferFrom.send(owner.address, spender, ETHER, sender=spender)
    assert vault.balanceOf(spender) == ETHER
    for contract in (vault, keel.quick.wrapped, keel.quick.queue, keel.quick.instant):
        assert not [name for name in contract.abi.functions if "WithPermit" in name]


def test_32_a_fee_without_profit(keel: Keel, naive: Naive, attacker: str, victim: str) -> None:
    oracle = naive("TestNaiveOracle", [attacker], 1)
    for slot, balance in ((1, 100), (2, 50)):
        oracle.function("vote").send(slot, balance * ETHER, sender=attacker)
    assert oracle.function("feeShares")() == 15 * ETHER  # of principal, and of a loss

    vault = keel.quick.vault
    deposit(keel, victim, 97 * ETHER)
    stake(keel, 3)
    shares = vault.totalShares()
    change(keel, -ETHER)
    assert vault.totalShares() == shares
    change(keel, ETHER)  # makes the loss good
    assert vault.totalShares() == shares
    receipt = change(keel, ETHER)
    (rebased,) = vault.events(receipt, "Rebased")
    fee_wei = vault.toAssetsUp(rebased.inputs["feeShares"])
    assert 0 < fee_wei <= ETHER * FEE_BPS // BPS + 1


def test_32_a_treasury_that_refuses_everything_stops_no_report(
    keel: Keel, naive: Naive, victim: str
) -> None:
    """A fee is shares, which nobody has to accept; a variant that pays ether would be stopped."""
    vault = keel.quick.vault
    treasury = vault.terms().treasury
    set_runtime_code(keel.rpc, treasury, REVERTS_ALWAYS)
    deposit(keel, victim, 97 * ETHER)
    stake(keel, 3)
    change(keel, ETHER)
    assert vault.sharesOf(treasury) > 0
