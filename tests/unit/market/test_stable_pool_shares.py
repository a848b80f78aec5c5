"""The pool's shares as a token: transfers, allowances, permits."""

from collections.abc import Mapping
from typing import Any

import pytest
from ape_test.accounts import TestAccount
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

from keel.chain.clock import now
from keel.chain.state import chain_id
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Actors
from tests.unit.contracts.hands import undone
from tests.unit.market.pools import ALL, PoolStage

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ZERO = "0x" + "00" * 20
FIELDS = {
    "owner": "address",
    "spender": "address",
    "value": "uint256",
    "nonce": "uint256",
    "deadline": "uint256",
}


@pytest.fixture
def owned(stage: PoolStage) -> PoolStage:
    """The holder has about 20 shares, the others none."""
    stage.add(10 * ETHER, 10 * ETHER)
    return stage


@pytest.fixture
def key(actors: Actors) -> LocalAccount:
    """The holder's."""
    owner = actors.depositor
    assert isinstance(owner, TestAccount)
    signer: LocalAccount = Account.from_key(owner.private_key)
    return signer


class TestTransfers:
    def test_moves_what_the_sender_has_and_no_more(self, owned: PoolStage) -> None:
        """POL-9."""
        pool, held = owned.pool, owned.pool.balanceOf(owned.holder)
        with fails("ERC20InsufficientBalance", sender=owned.holder, balance=held, needed=held + 1):
            pool.transfer.send(owned.other, held + 1, sender=owned.holder)
        receipt = pool.transfer.send(owned.other, held, sender=owned.holder)
        (event,) = pool.events(receipt, "Transfer")
        assert list(event.inputs.values()) == [owned.holder, owned.other, held]
        assert (pool.balanceOf(owned.holder), pool.balanceOf(owned.other)) == (0, held)

    def test_goes_neither_to_nobody_nor_to_the_pool(self, owned: PoolStage) -> None:
        """POL-9: by transfer and as a mint."""
        for receiver in (ZERO, owned.pool.address):
            with fails("ERC20InvalidReceiver", receiver=receiver):
                owned.pool.transfer.send(receiver, 1, sender=owned.holder)
            with fails("ERC20InvalidReceiver", receiver=receiver):
                owned.pool.addLiquidity.send(ETHER, 0, 0, receiver, ALL, sender=owned.holder)
        owned.pool.addLiquidity.send(ETHER, 0, 0, owned.other, ALL, sender=owned.holder)

    def test_nothing_leaves_nobody(self, owned: PoolStage) -> None:
        """POL-9: not even nothing."""
        with fails("ERC20InvalidSender", sender=ZERO):
            owned.pool.transferFrom.send(ZERO, owned.other, 0, sender=owned.other)
        owned.pool.transferFrom.send(owned.holder, owned.other, 0, sender=owned.other)

    def test_an_allowance_is_spent_down_unless_it_is_the_largest(self, owned: PoolStage) -> None:
        """POL-9."""
        pool, owner, spender = owned.pool, owned.holder, owned.other
        pool.approve.send(spender, 5, sender=owner)
        pool.transferFrom.send(owner, spender, 3, sender=spender)
        assert pool.allowance(owner, spender) == 2
        with fails("ERC20InsufficientAllowance", spender=spender, allowance=2, needed=3):
            pool.transferFrom.send(owner, spender, 3, sender=spender)
        pool.approve.send(spender, ALL, sender=owner)
        pool.transferFrom.send(owner, spender, 3, sender=spender)
        assert pool.allowance(owner, spender) == ALL
        with fails("ERC20InvalidSpender", spender=ZERO):
            pool.approve.send(ZERO, 1, sender=owner)


class TestPermits:
    def test_sets_the_allowance_once(self, owned: PoolStage, key: LocalAccount) -> None:
        """POL-9: until the last second, and not with a nonce that was used."""
        deadline = now(owned.rpc) + 100
        terms = (owned.holder, owned.other, 7, deadline)
        parts = _parts(_signed(owned, key, 7, deadline))
        with undone(owned.rpc):
            owned.at_next(101)
            with fails("PermitExpired", deadline=deadline, nowTime=deadline + 1):
                owned.pool.permit.send(*terms, *parts, sender=owned.other)
        owned.at_next(100)
        owned.pool.permit.send(*terms, *parts, sender=owned.other)
        assert owned.pool.allowance(owned.holder, owned.other) == 7
        assert owned.pool.nonces(owned.holder) == 1
        with fails("PermitSignatureInvalid", owner=owned.holder):
            owned.pool.permit(*terms, *parts, block="latest")

    @pytest.mark.parametrize(
        "domain",
        [{"name": "Other"}, {"version": "2"}, {"chainId": 1}, {"verifyingContract": ZERO}],
        ids=lambda domain: next(iter(domain)),
    )
    def test_is_for_this_pool_on_this_chain(
        self, owned: PoolStage, key: LocalAccount, domain: dict[str, Any]
    ) -> None:
        """POL-9."""
        terms = (owned.holder, owned.other, 7, ALL)
        with fails("PermitSignatureInvalid", owner=owned.holder):
            owned.pool.permit(*terms, *_parts(_signed(owned, key, 7, ALL, domain)))
        owned.pool.permit(*terms, *_parts(_signed(owned, key, 7, ALL)))

    def test_is_the_owners_and_has_one_form(self, owned: PoolStage, key: LocalAccount) -> None:
        """POL-9: another's key, other terms, the upper of both s, and nobody's signature."""
        signature = _signed(owned, key, 7, ALL)
        v, r, s = _parts(signature)
        terms = (owned.holder, owned.other, 7, ALL)
        upper = (CURVE_ORDER - int.from_bytes(s)).to_bytes(32)
        refused = [
            (terms, _parts(_signed(owned, Account.create(), 7, ALL))),
            ((owned.holder, owned.other, 8, ALL), (v, r, s)),
            (terms, (55 - v, r, upper)),
        ]
        for given, parts in refused:
            with fails("PermitSignatureInvalid", owner=owned.holder):
                owned.pool.permit(*given, *parts)
        with fails("PermitSignatureInvalid", owner=ZERO):
            owned.pool.permit(ZERO, owned.other, 7, ALL, 0, r, s)
        owned.pool.permit(*terms, v, r, s)

    def test_the_separator_is_the_domains(self, owned: PoolStage) -> None:
        """POL-9: what wallets hash is what the pool hashes."""
        message = encode_typed_data(full_message=_message(owned, 7, ALL, {}))
        assert owned.pool.DOMAIN_SEPARATOR() == message.header


def _signed(
    owned: PoolStage,
    key: LocalAccount,
    value: int,
    deadline: int,
    domain: Mapping[str, Any] | None = None,
) -> bytes:
    message = encode_typed_data(full_message=_message(owned, value, deadline, domain or {}))
    return bytes(key.sign_message(message).signature)


def _message(
    owned: PoolStage, value: int, deadline: int, domain: Mapping[str, Any]
) -> dict[str, Any]:
    values = (owned.holder, owned.other, value, owned.pool.nonces(owned.holder), deadline)
    own = {
        "name": owned.pool.name(),
        "version": "1",
        "chainId": chain_id(owned.rpc),
        "verifyingContract": owned.pool.address,
    }
    kinds = {"name": "string", "version": "string", "chainId": "uint256"}
    kinds["verifyingContract"] = "address"
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in kinds.items()],
            "Permit": [{"name": name, "type": kind} for name, kind in FIELDS.items()],
        },
        "primaryType": "Permit",
        "domain": {**own, **domain},
        "message": dict(zip(FIELDS, values, strict=True)),
    }


def _parts(signature: bytes) -> tuple[int, bytes, bytes]:
    return signature[64], signature[:32], signature[32:64]
