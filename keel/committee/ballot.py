"""What a member signs: the EIP-712 message, who signed it, and signatures in the oracle's order.

Pure: from a report and keys to signatures. What is posted is `submit` of IAccountingOracle.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

from eth_account.messages import SignableMessage, encode_typed_data
from eth_account.signers.local import LocalAccount
from eth_keys.datatypes import Signature as AccountSignature
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from keel.model.report import Report

DOMAIN_NAME = "Keel AccountingOracle"
DOMAIN_VERSION = "1"
ACCOUNT_SIGNATURE_BYTES = 65

_FIRST_V = 27
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0

_TYPES = {
    "EIP712Domain": (
        ("string", "name"),
        ("string", "version"),
        ("uint256", "chainId"),
        ("address", "verifyingContract"),
    ),
    "SignedReport": (
        ("Report", "report"),
        ("uint256", "memberSetNonce"),
        ("uint256", "deadline"),
    ),
    "Report": (
        ("uint64", "refSlot"),
        ("uint64", "consensusBalanceGwei"),
        ("uint128", "withdrawalVaultBalanceWei"),
        ("uint128", "rewardsVaultBalanceWei"),
        ("uint32", "activeValidators"),
        ("uint32", "exitedValidators"),
        ("uint32", "slashedValidators"),
        ("uint64", "activeBalanceGwei"),
        ("uint16", "operatorsBps"),
        ("uint128", "chargedShares"),
        ("bytes32", "operatorsRoot"),
        ("bytes32", "validatorsRoot"),
    ),
}


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a member signs: a report, for one set of members, until `deadline`, at one oracle."""

    report: Report
    member_set_nonce: int
    deadline: int
    chain_id: int
    oracle: str

    @property
    def report_values(self) -> tuple[int | bytes, ...]:
        """`IAccountingOracle.Report` as contract calls take it."""
        return astuple(self.report)


@dataclass(frozen=True, slots=True)
class Signature:
    """`IAccountingOracle.Signature`; `signature` is r, s, v of an account, 65 bytes."""

    signer: str
    signature: bytes

    def values(self) -> tuple[str, bytes]:
        """The struct as contract calls take it."""
        return (self.signer, self.signature)


def digest(ballot: Ballot) -> bytes:
    """Return the 32 bytes that are signed, as the oracle's `digest` gives them."""
    message = _signable(ballot)
    return bytes(keccak(b"\x19" + message.version + message.header + message.body))


def sign(ballot: Ballot, members: Iterable[LocalAccount]) -> tuple[Signature, ...]:
    """Signatures of these members in the order that the oracle asks for (REP-7)."""
    message = _signable(ballot)
    return in_order(
        Signature(member.address, bytes(member.sign_message(message).signature))
        for member in members
    )


def signer_of(signed_digest: bytes, signature: bytes) -> str | None:
    """Account whose signature this is; None for what the oracle would not take as one.

    As the oracle's ECDSA: 65 bytes r, s, v with v 27 or 28 and s in the lower half.
    """
    if len(signature) != ACCOUNT_SIGNATURE_BYTES:
        return None
    r, s, v = signature[:32], signature[32:64], signature[64] - _FIRST_V
    if v not in (0, 1) or int.from_bytes(s) > _HALF_ORDER:
        return None
    try:
        parts = AccountSignature(vrs=(v, int.from_bytes(r), int.from_bytes(s)))
        return parts.recover_public_key_from_msg_hash(signed_digest).to_checksum_address()
    except (BadSignature, ValidationError):
        return None


def in_order(signatures: Iterable[Signature]) -> tuple[Signature, ...]:
    """Sort by ascending signer."""
    return tuple(sorted(signatures, key=lambda signature: int(signature.signer, 16)))


def _signable(ballot: Ballot) -> SignableMessage:
    types = {
        name: [{"type": kind, "name": field} for kind, field in members]
        for name, members in _TYPES.items()
    }
    names = [field for _, field in _TYPES["Report"]]
    return encode_typed_data(
        full_message={
            "types": types,
            "primaryType": "SignedReport",
            "domain": {
                "name": DOMAIN_NAME,
                "version": DOMAIN_VERSION,
                "chainId": ballot.chain_id,
                "verifyingContract": ballot.oracle,
            },
            "message": {
                "report": dict(zip(names, ballot.report_values, strict=True)),
                "memberSetNonce": ballot.member_set_nonce,
                "deadline": ballot.deadline,
            },
        }
    )
