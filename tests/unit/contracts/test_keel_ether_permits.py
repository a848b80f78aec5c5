"""ERC-2612 and ERC-5267 on both tokens, by accounts and by contracts (ERC-1271)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from ape.contracts import ContractContainer
from ape_test.accounts import TestAccount
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from keel.chain.clock import now, set_next_timestamp
from keel.chain.state import chain_id, set_runtime_code
from keel.chain.transaction import Receipt
from keel.deploy.contracts import StakingVault, WrappedKeelEther
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.vaults import ZERO_ADDRESS, deploy_test_contract

FOREVER = 2**256 - 1
BY_BYTES = "permit(address,address,uint256,uint256,bytes)"
BY_PARTS = "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)"
HONEST, REFUSING, REVERTING = 0, 1, 2  # TestMember's conduct
NAMES = {"vault": "Keel Ether", "wrapped": "Wrapped Keel Ether"}


@dataclass(frozen=True)
class Allowing:
    """What an owner signs."""

    owner: str
    spender: str
    value: int
    nonce: int
    deadline: int


@dataclass(frozen=True)
class Permits:
    """One of the two tokens, and an owner's key."""

    keel: Keel
    token: StakingVault | WrappedKeelEther
    name: str
    key: LocalAccount

    @property
    def spender(self) -> str:
        """Who is allowed, and who posts what was signed."""
        return str(self.keel.actors.stranger.address)

    def allowing(self, value: int, deadline: int = FOREVER, owner: str | None = None) -> Allowing:
        """The next permit of an owner."""
        signer = owner or self.key.address
        nonce = self.token.nonces(signer)
        return Allowing(signer, self.spender, value, nonce, deadline)

    def sign(self, what: Allowing, key: LocalAccount | None = None, **domain: Any) -> bytes:
        """65 bytes: r, s, v."""
        message = encode_typed_data(full_message=self.message(what, domain))
        return bytes((key or self.key).sign_message(message).signature)

    def message(self, what: Allowing, domain: Mapping[str, Any]) -> dict[str, Any]:
        """The typed data of ERC-2612."""
        own = {
            "name": self.name,
            "version": "1",
            "chainId": chain_id(self.keel.rpc),
            "verifyingContract": self.token.address,
        }
        fields = ("owner", "spender", "value", "nonce", "deadline")
        kinds = ("address", "address", "uint256", "uint256", "uint256")
        return {
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "Permit": [{"name": n, "type": k} for n, k in zip(fields, kinds, strict=True)],
            },
            "primaryType": "Permit",
            "domain": {**own, **domain},
            "message": {field: getattr(what, field) for field in fields},
        }

    def post(self, what: Allowing, signature: bytes, *, by_parts: bool = False) -> Receipt:
        """Post a signature in one of the two forms."""
        terms = (what.owner, what.spender, what.value, what.deadline)
        if by_parts:
            parts = (signature[64], signature[:32], signature[32:64])
            return self.token.function(BY_PARTS).send(*terms, *parts, sender=self.spender)
        return self.token.function(BY_BYTES).send(*terms, signature, sender=self.spender)


@pytest.fixture(params=["vault", "wrapped"])
def permits(keel: Keel, request: pytest.FixtureRequest) -> Permits:
    owner = keel.actors.depositor
    assert isinstance(owner, TestAccount)
    key: LocalAccount = Account.from_key(owner.private_key)
    deposit(keel, owner.address, 10 * ETHER)
    keel.quick.wrapped.deposit.send(5 * ETHER, owner.address, sender=owner.address)
    which = request.param
    return Permits(keel, getattr(keel.quick, which), NAMES[which], key)


@pytest.fixture
def by_contract(permits: Permits, test_contracts: dict[str, ContractContainer]) -> Any:
    """Deploys an owner that is a contract and answers ERC-1271 for the key."""

    def deploy(conduct: int) -> str:
        arguments = (permits.key.address, conduct)
        return deploy_test_contract(permits.keel, test_contracts, "TestMember", *arguments).address

    return deploy


class TestPermit:
    @pytest.mark.parametrize("by_parts", [False, True])
    def test_sets_the_allowance_once(self, permits: Permits, by_parts: bool) -> None:
        what = permits.allowing(7)
        signature = permits.sign(what)
        receipt = permits.post(what, signature, by_parts=by_parts)
        (approval,) = permits.token.events(receipt)
        assert approval.name == "Approval"
        assert approval.inputs == {"owner": what.owner, "spender": what.spender, "value": 7}
        assert permits.token.allowance(what.owner, what.spender) == 7
        assert permits.token.nonces(what.owner) == what.nonce + 1
        with fails("PermitSignatureInvalid", owner=what.owner):
            permits.post(what, signature, by_parts=by_parts)

    def test_lets_the_spender_spend(self, permits: Permits) -> None:
        what, token = permits.allowing(3), permits.token
        permits.post(what, permits.sign(what))
        token.transferFrom.send(what.owner, what.spender, 3, sender=what.spender)
        missing = {"spender": what.spender, "allowance": 0, "needed": 1}
        with fails("ERC20InsufficientAllowance", **missing):
            token.transferFrom.send(what.owner, what.spender, 1, sender=what.spender)

    def test_counts_until_the_last_second_of_its_deadline(self, permits: Permits) -> None:
        rpc = permits.keel.rpc
        deadline = now(rpc) + 100
        what = permits.allowing(7, deadline)
        signature = permits.sign(what)
        set_next_timestamp(rpc, deadline)
        permits.post(what, signature)
        again = permits.allowing(8, deadline)
        late = permits.sign(again)
        set_next_timestamp(rpc, deadline + 1)
        with fails("PermitExpired", deadline=deadline, nowTime=deadline + 1):
            permits.post(again, late)

    @pytest.mark.parametrize(
        "forged",
        [
            {"value": 8},
            {"spender": ZERO_ADDRESS},
            {"nonce": 1},
            {"deadline": FOREVER - 1},
        ],
    )
    def test_is_for_what_was_signed_only(self, permits: Permits, forged: Mapping[str, Any]) -> None:
        what = permits.allowing(7)
        signature = permits.sign(replace(what, **forged))
        with fails("PermitSignatureInvalid", owner=what.owner):
            permits.post(what, signature)
        permits.post(what, permits.sign(what))

    @pytest.mark.parametrize(
        "domain",
        [
            {"name": "Keel"},
            {"version": "2"},
            {"chainId": 1},
            {"verifyingContract": ZERO_ADDRESS},
        ],
    )
    def test_is_for_this_token_on_this_chain_only(
        self, permits: Permits, domain: Mapping[str, Any]
    ) -> None:
        what = permits.allowing(7)
        with fails("PermitSignatureInvalid", owner=what.owner):
            permits.post(what, permits.sign(what, **domain))

    def test_of_one_token_is_not_one_of_the_other(self, permits: Permits) -> None:
        quick = permits.keel.quick
        other = quick.wrapped if permits.token is quick.vault else quick.vault
        what = permits.allowing(7)
        elsewhere = replace(permits, token=other)
        with fails("PermitSignatureInvalid", owner=what.owner):
            elsewhere.post(what, permits.sign(what))

    def test_needs_the_owners_key_and_a_whole_signature(self, permits: Permits) -> None:
        what = permits.allowing(7)
        signature = permits.sign(what)
        other: LocalAccount = Account.from_key(keccak(text="another key"))
        bad = [permits.sign(what, other), b"", signature[:64], signature + b"\0", bytes(65)]
        for wrong in bad:
            with fails("PermitSignatureInvalid", owner=what.owner):
                permits.post(what, wrong)
        permits.post(what, signature)

    def test_cannot_be_mirrored(self, permits: Permits) -> None:
        order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
        what = permits.allowing(7)
        signature = permits.sign(what)
        s = order - int.from_bytes(signature[32:64])
        mirrored = signature[:32] + s.to_bytes(32) + bytes([55 - signature[64]])
        with fails("PermitSignatureInvalid", owner=what.owner):
            permits.post(what, mirrored)

    def test_of_nobody_is_refused(self, permits: Permits) -> None:
        what = permits.allowing(7, owner=ZERO_ADDRESS)
        with fails("PermitSignatureInvalid", owner=ZERO_ADDRESS):
            permits.post(what, bytes(65))

    def test_for_nobody_is_refused(self, permits: Permits) -> None:
        what = replace(permits.allowing(7), spender=ZERO_ADDRESS)
        with fails("ERC20InvalidSpender", spender=ZERO_ADDRESS):
            permits.post(what, permits.sign(what))

    def test_posted_by_somebody_else_first_leaves_the_allowance(self, permits: Permits) -> None:
        what, attacker = permits.allowing(7), permits.keel.actors.attacker.address
        signature = permits.sign(what)
        terms = (what.owner, what.spender, what.value, what.deadline)
        permits.token.function(BY_BYTES).send(*terms, signature, sender=attacker)
        with fails("PermitSignatureInvalid", owner=what.owner):
            permits.post(what, signature)
        assert permits.token.allowance(what.owner, what.spender) == 7
        token = permits.token
        token.transferFrom.send(what.owner, what.spender, 7, sender=what.spender)


class TestPermitByContract:
    def test_is_taken_when_it_accepts(self, permits: Permits, by_contract: Any) -> None:
        owner = by_contract(HONEST)
        what = permits.allowing(7, owner=owner)
        permits.post(what, permits.sign(what))
        assert permits.token.allowance(owner, what.spender) == 7
        with fails("PermitSignatureInvalid", owner=owner):
            permits.post(what, permits.sign(what))

    @pytest.mark.parametrize("conduct", [REFUSING, REVERTING])
    def test_is_refused_when_it_does_not(
        self, permits: Permits, by_contract: Any, conduct: int
    ) -> None:
        owner = by_contract(conduct)
        what = permits.allowing(7, owner=owner)
        with fails("PermitSignatureInvalid", owner=owner):
            permits.post(what, permits.sign(what))
        assert permits.token.nonces(owner) == 0

    def test_is_refused_when_it_answers_no_such_question(self, permits: Permits) -> None:
        owner = permits.keel.quick.queue.address
        what = permits.allowing(7, owner=owner)
        with fails("PermitSignatureInvalid", owner=owner):
            permits.post(what, permits.sign(what))


def test_an_account_with_code_by_eip_7702_signs_with_its_key(permits: Permits) -> None:
    what = permits.allowing(7)
    signature = permits.sign(what)
    rpc, queue = permits.keel.rpc, permits.keel.quick.queue.address  # knows no ERC-1271
    set_runtime_code(rpc, what.owner, bytes.fromhex("ef0100" + queue[2:]))
    other: LocalAccount = Account.from_key(keccak(text="another key"))
    with fails("PermitSignatureInvalid", owner=what.owner):
        permits.post(what, permits.sign(what, other))
    permits.post(what, signature)
    assert permits.token.allowance(what.owner, what.spender) == 7


class TestDomain:
    def test_is_readable_by_erc_5267(self, permits: Permits) -> None:
        domain = permits.token.eip712Domain()
        assert tuple(domain) == (
            b"\x0f",
            permits.name,
            "1",
            chain_id(permits.keel.rpc),
            permits.token.address,
            bytes(32),
            (),
        )

    def test_has_the_separator_of_these_fields(self, permits: Permits) -> None:
        message = encode_typed_data(full_message=permits.message(permits.allowing(1), {}))
        assert permits.token.DOMAIN_SEPARATOR() == message.header
