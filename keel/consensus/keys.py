"""Validator keys: mnemonic to seed (BIP-39), key tree (EIP-2333), paths (EIP-2334), BLS signatures.

Secrets are integers below the order of BLS12-381; public keys are 48 bytes, signatures 96.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from eth_account.hdaccount.mnemonic import Mnemonic

# The spec package has a `bls` module too, but a global switch can turn its verification off.
from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from keel.consensus.mnemonics import MnemonicError, whole_mnemonic
from keel.errors import KeelError

CURVE_ORDER = 52435875175126190479447740508185965837690552500527637822603658699938581184513
SIGNATURE_SUITE = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"

_MAX_INDEX = 2**32 - 1
_MIN_SEED_BYTES = 32
_PURPOSE, _COIN_TYPE = 12381, 3600
_PATH_PATTERN = re.compile(r"m(/(0|[1-9][0-9]*))*")


class KeyDerivationError(KeelError, ValueError):
    """A mnemonic, seed, path, index or secret from which no key can be derived."""


@dataclass(frozen=True)
class ValidatorKey:
    """A key with the EIP-2334 path it came from. The secret stays out of `repr`."""

    path: str
    secret: int = field(repr=False)
    public_key: bytes


def mnemonic_to_seed(mnemonic: str, passphrase: str = "") -> bytes:
    """Return the 64-byte BIP-39 seed; KeyDerivationError names an unknown word or a bad checksum.

    Words may be in upper case, or cut short where that leaves no doubt.
    """
    try:
        return Mnemonic.to_seed(whole_mnemonic(mnemonic), passphrase)
    except MnemonicError as error:
        raise KeyDerivationError(str(error)) from None


def derive_master_secret(seed: bytes) -> int:
    """`derive_master_SK` of EIP-2333; the seed has at least 32 bytes."""
    if len(seed) < _MIN_SEED_BYTES:
        raise KeyDerivationError(f"seed of {len(seed)} bytes, at least {_MIN_SEED_BYTES} expected")
    return _hkdf_mod_r(seed)


def derive_child_secret(parent: int, index: int) -> int:
    """`derive_child_SK` of EIP-2333; the index is below 2**32."""
    if not 0 <= index <= _MAX_INDEX:
        raise KeyDerivationError(f"index {index}, 0 to {_MAX_INDEX} expected")
    salt = index.to_bytes(4, "big")
    ikm = _secret_bytes(parent)
    flipped = bytes(byte ^ 0xFF for byte in ikm)
    lamport = _lamport_chunks(ikm, salt) + _lamport_chunks(flipped, salt)
    compressed = hashlib.sha256(b"".join(hashlib.sha256(chunk).digest() for chunk in lamport))
    return _hkdf_mod_r(compressed.digest())


def derive_secret(seed: bytes, path: str) -> int:
    """Derive the secret at an EIP-2334 path below the master of `seed`."""
    return _descend(derive_master_secret(seed), parse_path(path))


def derive_signing_keys(seed: bytes, count: int, first: int = 0) -> Iterator[ValidatorKey]:
    """Signing keys m/12381/3600/i/0/0 for i from `first`, about 3 ms each."""
    accounts = derive_secret(seed, f"m/{_PURPOSE}/{_COIN_TYPE}")
    for account in range(first, first + count):
        secret = _descend(accounts, (account, 0, 0))
        yield ValidatorKey(signing_path(account), secret, public_key(secret))


def signing_path(account: int) -> str:
    """EIP-2334 path of the signing key of validator `account`."""
    return f"{withdrawal_path(account)}/0"


def withdrawal_path(account: int) -> str:
    """EIP-2334 path of the withdrawal key of validator `account`."""
    return f"m/{_PURPOSE}/{_COIN_TYPE}/{account}/0"


def parse_path(path: str) -> tuple[int, ...]:
    """Return the indices of an EIP-2334 path such as m/12381/3600/0/0/0; `m` is the master."""
    if not _PATH_PATTERN.fullmatch(path):
        raise KeyDerivationError(f"path {path!r}, one like m/12381/3600/0/0/0 expected")
    indices = tuple(int(part) for part in path.split("/")[1:])
    if any(index > _MAX_INDEX for index in indices):
        raise KeyDerivationError(f"path {path!r} has an index above {_MAX_INDEX}")
    return indices


def public_key(secret: int) -> bytes:
    """Return the compressed public key, 48 bytes."""
    return (G1Point() * _scalar(secret)).to_compressed_bytes()


def sign(secret: int, message: bytes) -> bytes:
    """BLS signature, 96 bytes, of a signing root or other message; about 1 ms."""
    return (_hash_to_curve(message) * _scalar(secret)).to_compressed_bytes()


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is this key's; points off the curve or subgroup make it False."""
    try:
        key_point = G1Point.from_compressed_bytes(public_key)
        signature_point = G2Point.from_compressed_bytes(signature)
    except (ValueError, TypeError):
        return False
    if key_point == G1Point.identity():
        return False
    return GT.pairing_check([-G1Point(), key_point], [signature_point, _hash_to_curve(message)])


def _descend(secret: int, indices: tuple[int, ...]) -> int:
    for index in indices:
        secret = derive_child_secret(secret, index)
    return secret


def _lamport_chunks(ikm: bytes, salt: bytes) -> list[bytes]:
    stretched = _hkdf_expand(_hkdf_extract(salt, ikm), b"", 255 * 32)
    return [stretched[start : start + 32] for start in range(0, len(stretched), 32)]


def _hkdf_mod_r(ikm: bytes) -> int:
    salt, length = b"BLS-SIG-KEYGEN-SALT-", 48
    secret = 0
    while secret == 0:
        salt = hashlib.sha256(salt).digest()
        okm = _hkdf_expand(_hkdf_extract(salt, ikm + b"\0"), length.to_bytes(2, "big"), length)
        secret = int.from_bytes(okm, "big") % CURVE_ORDER
    return secret


def _hkdf_extract(salt: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt, ikm, "sha256")


def _hkdf_expand(prk: bytes, info: bytes, length: int) -> bytes:
    # RFC 5869 by hmac.digest: pycryptodome's HKDF takes ten times as long for 255 blocks.
    blocks = [b""]
    for counter in range(1, -(-length // 32) + 1):
        blocks.append(hmac.digest(prk, blocks[-1] + info + bytes([counter]), "sha256"))
    return b"".join(blocks)[:length]


def _hash_to_curve(message: bytes) -> G2Point:
    return G2Point.hash_to_curve(message, SIGNATURE_SUITE)


def _scalar(secret: int) -> Scalar:
    return Scalar.from_be_bytes(_secret_bytes(secret))


def _secret_bytes(secret: int) -> bytes:
    if not 0 < secret < CURVE_ORDER:
        raise KeyDerivationError("the secret is not between 1 and the curve order")
    return secret.to_bytes(32, "big")
