"""The `deposit_data-*.json` files of Ethereum's deposit tools: make, write, read and check.

Roots and domains come from the executable consensus specification.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from keel.chain.deposit_spec import deposit_spec
from keel.consensus.deposit_problems import DepositDataError, DepositDataProblem
from keel.consensus.keys import ValidatorKey, sign, verify
from keel.consensus.networks import Network, network_named
from keel.files.documents import DocumentError, parse_json
from keel.files.errors import FileError
from keel.files.text_files import read_text
from keel.model.constants import GWEI, PREDEPOSIT_WEI

FULL_DEPOSIT_GWEI = 32 * 10**9
PREDEPOSIT_GWEI = PREDEPOSIT_WEI // GWEI
"""What an operator sends for a key before it is proven (KEY-2)."""

_PREDEPOSIT_HINT = "1 ETH, as `partial-deposit --amount 1` of the deposit tools makes it"
FORMAT_VERSION = "2.7.0"
"""`deposit_cli_version`: the release of the staking deposit tool whose format this is."""

_BYTE_LENGTHS = {
    "pubkey": 48,
    "withdrawal_credentials": 32,
    "signature": 96,
    "deposit_message_root": 32,
    "deposit_data_root": 32,
    "fork_version": 4,
}
_HEX_PATTERN = re.compile(r"([0-9a-fA-F]{2})*")
_CREDENTIAL_PREFIXES = (b"\x01", b"\x02")


@dataclass(frozen=True)
class DepositDataEntry:
    """One deposit, in the order of the file's fields; `amount` is in gwei."""

    pubkey: bytes
    withdrawal_credentials: bytes
    amount: int
    signature: bytes
    deposit_message_root: bytes
    deposit_data_root: bytes
    fork_version: bytes
    network_name: str
    deposit_cli_version: str


@dataclass(frozen=True)
class _Roots:
    message: bytes
    data: bytes
    signing: bytes


def is_compounding(credentials: bytes) -> bool:
    """Whether withdrawal credentials are of type 0x02 (EIP-7251)."""
    return credentials[:1] == _CREDENTIAL_PREFIXES[1]


def execution_credentials(address: bytes, *, compounding: bool = False) -> bytes:
    """Withdrawal credentials of a 20-byte address: type 0x01, or 0x02 if compounding (EIP-7251)."""
    if len(address) != 20:
        raise ValueError(f"address of {len(address)} bytes, 20 expected")
    return (b"\x02" if compounding else b"\x01") + bytes(11) + address


def make_deposit_data(
    key: ValidatorKey,
    withdrawal_credentials: bytes,
    amount_gwei: int = FULL_DEPOSIT_GWEI,
    network: str = "local",
) -> DepositDataEntry:
    """Sign a deposit of `amount_gwei` for a validator; raises ValueError for unknown networks."""
    chain = network_named(network)
    message = (key.public_key, withdrawal_credentials, amount_gwei)
    signature = sign(key.secret, deposit_signing_root(*message, chain))
    roots = _roots(*message, signature, chain)
    return DepositDataEntry(
        pubkey=key.public_key,
        withdrawal_credentials=withdrawal_credentials,
        amount=amount_gwei,
        signature=signature,
        deposit_message_root=roots.message,
        deposit_data_root=roots.data,
        fork_version=chain.genesis_fork_version,
        network_name=chain.name,
        deposit_cli_version=FORMAT_VERSION,
    )


def deposit_signing_root(
    pubkey: bytes, withdrawal_credentials: bytes, amount_gwei: int, network: Network
) -> bytes:
    """Return the 32 bytes that the validator's key signs (DOMAIN_DEPOSIT, genesis fork)."""
    spec = deposit_spec()
    message = spec.DepositMessage(
        pubkey=spec.BLSPubkey(pubkey),
        withdrawal_credentials=spec.Bytes32(withdrawal_credentials),
        amount=spec.Gwei(amount_gwei),
    )
    version = spec.Version(network.genesis_fork_version)
    domain = spec.compute_domain(spec.DOMAIN_DEPOSIT, fork_version=version)
    return bytes(spec.compute_signing_root(message, domain))


def write_deposit_data(
    folder: Path, entries: Sequence[DepositDataEntry], timestamp_seconds: int
) -> Path:
    """Write `deposit_data-<timestamp>.json`, never over an existing file."""
    file = folder / f"deposit_data-{timestamp_seconds}.json"
    with file.open("x", encoding="utf-8") as stream:
        stream.write(format_deposit_data(entries))
    return file


def format_deposit_data(entries: Sequence[DepositDataEntry]) -> str:
    """Return the file's text, byte for byte as the deposit tools lay it out."""
    return json.dumps([vars(entry) for entry in entries], default=bytes.hex)


def read_deposit_data(file: Path) -> tuple[DepositDataEntry, ...]:
    """Read a file's entries without checking them; raises FileError or DepositDataError."""
    try:
        return parse_deposit_data(read_text(file))
    except DepositDataError as error:
        first = error.problems[0]
        if first.index is None:
            raise FileError(
                f"{file} is not deposit data: {first.value}, expected {first.expected}"
            ) from error
        raise


def parse_deposit_data(text: str) -> tuple[DepositDataEntry, ...]:
    """Entries of a JSON text; DepositDataError names what has a wrong type or is not hex."""
    try:
        rows = parse_json(text)
    except DocumentError as error:
        raise DepositDataError([DepositDataProblem(None, "JSON", str(error), "a list")]) from None
    if not isinstance(rows, list) or not rows:
        raise DepositDataError(
            [DepositDataProblem(None, "JSON", _shown(rows), "entries in a list")]
        )
    problems = [problem for index, row in enumerate(rows) for problem in _misformed(index, row)]
    if problems:
        raise DepositDataError(problems)
    return tuple(_entry(row) for row in rows)


def check_deposit_data(
    entries: Sequence[DepositDataEntry],
    expected_credentials: bytes,
    network: str,
    amount_gwei: int = FULL_DEPOSIT_GWEI,
) -> list[DepositDataProblem]:
    """Everything that forbids depositing these entries, in file order; about 2 ms an entry.

    Lengths, credentials (the given ones, of type 0x01 or 0x02), amount, network, both roots, the
    signature, and public keys that occur twice. Raises ValueError for credentials of another type
    or an unknown network, which are the caller's mistakes and not the file's.
    """
    if len(expected_credentials) != 32 or expected_credentials[:1] not in _CREDENTIAL_PREFIXES:
        raise ValueError(f"credentials {expected_credentials.hex()}, 32 bytes of 0x01 or 0x02")
    chain = network_named(network)
    problems: list[DepositDataProblem] = []
    first_index: dict[bytes, int] = {}
    for index, entry in enumerate(entries):
        wrong_lengths = list(_wrong_lengths(index, entry))
        problems += wrong_lengths
        problems += _wrong_terms(index, entry, expected_credentials, chain, amount_gwei)
        if not wrong_lengths and 0 <= entry.amount < 2**64:
            problems += _wrong_commitments(index, entry, chain)
        earlier = first_index.setdefault(entry.pubkey, index)
        if earlier != index:
            expected = f"a key that entry {earlier} has not used"
            problems.append(DepositDataProblem(index, "pubkey", entry.pubkey.hex(), expected))
    return problems


def _misformed(index: int, row: object) -> Iterator[DepositDataProblem]:
    if not isinstance(row, dict):
        yield DepositDataProblem(index, "entry", _shown(row), "an object")
        return
    for field in fields(DepositDataEntry):
        if field.name not in row:
            yield DepositDataProblem(index, field.name, "missing", _form(field.name))
        elif not _is_form(field.name, row[field.name]):
            yield DepositDataProblem(index, field.name, _shown(row[field.name]), _form(field.name))


def _form(name: str) -> str:
    if name == "amount":
        return "a whole number of gwei"
    return "hexadecimal digits without 0x" if name in _BYTE_LENGTHS else "text"


def _is_form(name: str, value: object) -> bool:
    if name == "amount":
        return type(value) is int
    if not isinstance(value, str):
        return False
    return name not in _BYTE_LENGTHS or _HEX_PATTERN.fullmatch(value) is not None


def _entry(row: dict[str, str | int]) -> DepositDataEntry:
    raw = {name: bytes.fromhex(str(row[name])) for name in _BYTE_LENGTHS}
    return DepositDataEntry(
        amount=int(row["amount"]),
        network_name=str(row["network_name"]),
        deposit_cli_version=str(row["deposit_cli_version"]),
        **raw,
    )


def _wrong_lengths(index: int, entry: DepositDataEntry) -> Iterator[DepositDataProblem]:
    for name, length in _BYTE_LENGTHS.items():
        value: bytes = getattr(entry, name)
        if len(value) != length:
            shown = f"{len(value)} bytes {value.hex()}"
            yield DepositDataProblem(index, name, shown, f"{length} bytes")


def _wrong_terms(
    index: int, entry: DepositDataEntry, credentials: bytes, network: Network, amount_gwei: int
) -> Iterator[DepositDataProblem]:
    expected: dict[str, bytes | int | str] = {
        "withdrawal_credentials": credentials,
        "amount": amount_gwei,
        "fork_version": network.genesis_fork_version,
        "network_name": network.name,
    }
    for name, wanted in expected.items():
        value = getattr(entry, name)
        has_length = name not in _BYTE_LENGTHS or len(value) == _BYTE_LENGTHS[name]
        if has_length and value != wanted:
            is_predeposit = name == "amount" and wanted == PREDEPOSIT_GWEI
            hint = f" ({_PREDEPOSIT_HINT})" if is_predeposit else ""
            yield DepositDataProblem(index, name, _shown(value), _shown(wanted) + hint)


def _wrong_commitments(
    index: int, entry: DepositDataEntry, network: Network
) -> Iterator[DepositDataProblem]:
    message = (entry.pubkey, entry.withdrawal_credentials, entry.amount)
    roots = _roots(*message, entry.signature, network)
    for name, wanted in (
        ("deposit_message_root", roots.message),
        ("deposit_data_root", roots.data),
    ):
        value: bytes = getattr(entry, name)
        if value != wanted:
            yield DepositDataProblem(index, name, value.hex(), wanted.hex())
    if not verify(entry.pubkey, roots.signing, entry.signature):
        expected = f"this key's signature of the deposit on {network.name}"
        yield DepositDataProblem(index, "signature", entry.signature.hex(), expected)


def _roots(
    pubkey: bytes,
    withdrawal_credentials: bytes,
    amount_gwei: int,
    signature: bytes,
    network: Network,
) -> _Roots:
    spec = deposit_spec()
    key = spec.BLSPubkey(pubkey)
    credentials = spec.Bytes32(withdrawal_credentials)
    amount = spec.Gwei(amount_gwei)
    message = spec.DepositMessage(pubkey=key, withdrawal_credentials=credentials, amount=amount)
    data = spec.DepositData(
        pubkey=key,
        withdrawal_credentials=credentials,
        amount=amount,
        signature=spec.BLSSignature(signature),
    )
    return _Roots(
        message=bytes(spec.hash_tree_root(message)),
        data=bytes(spec.hash_tree_root(data)),
        signing=deposit_signing_root(pubkey, withdrawal_credentials, amount_gwei, network),
    )


def _shown(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= 200 else f"{text[:200]}..."
