"""How clients write numbers, roots and validators."""

from keel.consensus.api.errors import bad_request
from keel.consensus.beacon.spec import State

ROOT_BYTES = 32
PUBKEY_BYTES = 48
_MOST_DIGITS = 20


def is_number(text: str) -> bool:
    """Whether a text is an unsigned integer of at most 64 bits, in decimal digits."""
    digits = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return digits and int(text) < 2**64


def is_root(text: str) -> bool:
    """Whether a text is 0x and the digits of a 32-byte root."""
    return _is_hexadecimal(text, ROOT_BYTES)


def parse_number(text: str, what: str) -> int:
    """Return an unsigned integer; raises ApiError 400."""
    if not is_number(text):
        raise bad_request(f"Invalid {what}: {text}, an unsigned integer expected")
    return int(text)


def parse_root(text: str, what: str) -> bytes:
    """Return a root; raises ApiError 400."""
    if not is_root(text):
        raise bad_request(f"Invalid {what}: {text}, 0x and 64 digits expected")
    return bytes.fromhex(text[2:])


def find_validator(state: State, validator_id: str) -> int | None:
    """Return the index of a validator by its index or public key, None if there is none.

    Raises ApiError 400 for anything else.
    """
    if is_number(validator_id):
        index = int(validator_id)
        return index if index < len(state.validators) else None
    if not _is_hexadecimal(validator_id, PUBKEY_BYTES):
        raise bad_request(
            f"Invalid validator ID: {validator_id}, an index or a 0x-prefixed public key expected"
        )
    pubkey = bytes.fromhex(validator_id[2:])
    return next(
        (index for index, each in enumerate(state.validators) if bytes(each.pubkey) == pubkey), None
    )


def _is_hexadecimal(text: str, size_bytes: int) -> bool:
    digits = text[2:]
    return (
        text.startswith("0x")
        and len(digits) == 2 * size_bytes
        and all(digit in "0123456789abcdefABCDEF" for digit in digits)
    )
