"""The validators' keys that the chain acts with, and who of them takes part."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from keel.consensus.beacon.errors import UnknownValidatorError
from keel.consensus.keys import CURVE_ORDER, ValidatorKey, public_key, sign

_SIGNATURES_KEPT = 2**14
"""Those of some four thousand slots, in about 4 MB."""

# A chain that was put back goes through slots that it has seen: reveals of RANDAO are the same
# whatever else has changed, and everything is until something does.
_sign_once = lru_cache(_SIGNATURES_KEPT)(sign)


def genesis_key(index: int) -> ValidatorKey:
    """Return the key of a genesis validator: the well-known one of interoperability tests.

    SHA-256 of the index as 32 little-endian bytes, read as a little-endian number modulo the
    curve's order. It is worth nothing on any public network.
    """
    digest = hashlib.sha256(index.to_bytes(32, "little")).digest()
    secret = int.from_bytes(digest, "little") % CURVE_ORDER
    return ValidatorKey(path=f"interop/{index}", secret=secret, public_key=public_key(secret))


@dataclass
class Keyring:
    """Secrets by public key; a validator whose key is not here takes part in nothing."""

    secrets: dict[bytes, int] = field(default_factory=dict, repr=False)

    def add(self, *keys: ValidatorKey) -> None:
        """Let the chain attest and propose with these keys as soon as their validators are active.

        For keystores, pass what `keel.consensus.keystores` decrypts.
        """
        self.secrets |= {key.public_key: key.secret for key in keys}

    def add_secret(self, secret: int) -> bytes:
        """Like add, for a bare secret; returns the public key."""
        pubkey = public_key(secret)
        self.secrets[pubkey] = secret
        return pubkey

    def __contains__(self, pubkey: bytes) -> bool:
        return pubkey in self.secrets

    def sign(self, pubkey: bytes, signing_root: bytes) -> bytes:
        """Sign with one key; raises UnknownValidatorError for a key that is not here."""
        return _sign_once(self._secret(pubkey), signing_root)

    def sign_together(self, pubkeys: Iterable[bytes], signing_root: bytes) -> bytes:
        """Return the aggregate of these keys' signatures of one message.

        BLS is linear: the sum of the signatures is the signature of the sum of the secrets, so
        that a whole committee costs one signature. A key that occurs twice counts twice.
        """
        total = sum(self._secret(pubkey) for pubkey in pubkeys) % CURVE_ORDER
        return _sign_once(total, signing_root)

    def _secret(self, pubkey: bytes) -> int:
        try:
            return self.secrets[pubkey]
        except KeyError:
            raise UnknownValidatorError(f"the chain has no key of 0x{pubkey.hex()}") from None
