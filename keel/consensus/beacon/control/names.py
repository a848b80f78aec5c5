"""Validators as people name them: by index, by public key, or by the beginning of one."""

from collections.abc import Iterable

from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import UnknownValidatorError

_PUBKEY_DIGITS = 96


def require_validators(chain: BeaconChain, indices: Iterable[int]) -> None:
    """Raise UnknownValidatorError unless the state has a validator for each index."""
    known = len(chain.state.validators)
    for index in indices:
        if not 0 <= index < known:
            raise UnknownValidatorError(
                f"no validator has the index {index}, 0 to {known - 1} expected"
            )


def named_pubkey(chain: BeaconChain, text: str) -> bytes:
    """Return a public key that is given whole, or by the beginning of one that the state has.

    The state has those of validators and of pending deposits. Raises UnknownValidatorError when
    none or several of them begin so.
    """
    digits = text.lower().removeprefix("0x")
    if len(digits) == _PUBKEY_DIGITS:
        return bytes.fromhex(digits)
    found = [pubkey for pubkey in _pubkeys(chain) if pubkey.hex().startswith(digits)]
    if len(found) != 1:
        what = f"{len(found)} validators have" if found else "no validator and no deposit has"
        hint = ": give more digits" if found else ""
        raise UnknownValidatorError(f"{what} a public key that begins with 0x{digits}{hint}")
    return found[0]


def is_known(chain: BeaconChain, pubkey: bytes) -> bool:
    """Whether a public key is a validator's or a pending deposit's."""
    return pubkey in _pubkeys(chain)


def _pubkeys(chain: BeaconChain) -> set[bytes]:
    state = chain.state
    return {bytes(each.pubkey) for each in (*state.validators, *state.pending_deposits)}
