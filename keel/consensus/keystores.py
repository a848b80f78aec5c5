"""EIP-2335 keystores: a BLS secret encrypted under a password, as a JSON file (version 4)."""

import hashlib
import secrets
import unicodedata
import uuid as uuids
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from Crypto.Cipher import AES
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_validator,
)

from keel.consensus.keys import CURVE_ORDER, public_key
from keel.errors import KeelError
from keel.files.atomic_files import write_new
from keel.files.documents import DocumentError, parse_json
from keel.files.text_files import LARGEST_SECRET_BYTES, read_text

MAX_SCRYPT_MEMORY_BYTES = 2**30
"""A keystore that wants more memory than this is refused before any is taken."""

_KDF_TAGS = ("scrypt", "pbkdf2")


class KeystoreError(KeelError):
    """Base of everything that can be wrong with a keystore."""


class WrongPasswordError(KeystoreError):
    """The checksum does not match: the password is another one."""

    def __init__(self) -> None:
        super().__init__("wrong password for this keystore")


class MalformedKeystoreError(KeystoreError):
    """The file is not an EIP-2335 keystore; `field` names the part, dotted."""

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"malformed keystore, {field}: {reason}")


def _bytes_from_hex(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.isalnum() and value:
        raise ValueError("hexadecimal digits without 0x expected")
    return bytes.fromhex(value)


Hex = Annotated[
    bytes, BeforeValidator(_bytes_from_hex), PlainSerializer(bytes.hex, return_type=str)
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class ScryptParams(_Part):
    """RFC 7914 cost: n a power of two, memory 128 * n * r bytes."""

    dklen: int = Field(ge=32, le=1024)
    n: int = Field(ge=2)
    p: int = Field(ge=1, le=2**16)
    r: int = Field(ge=1)
    salt: Hex

    @field_validator("n")
    @classmethod
    def _power_of_two(cls, value: int) -> int:
        if value & (value - 1):
            raise ValueError("a power of two expected")
        return value


class Pbkdf2Params(_Part):
    """RFC 2898 cost: `c` iterations of HMAC-SHA-256."""

    dklen: int = Field(ge=32, le=1024)
    c: int = Field(ge=1, lt=2**31)
    prf: Literal["hmac-sha256"]
    salt: Hex


class ScryptModule(_Part):
    """`crypto.kdf` with scrypt."""

    function: Literal["scrypt"]
    params: ScryptParams
    message: str


class Pbkdf2Module(_Part):
    """`crypto.kdf` with PBKDF2."""

    function: Literal["pbkdf2"]
    params: Pbkdf2Params
    message: str


class _NoParams(_Part):
    pass


class ChecksumModule(_Part):
    """`crypto.checksum`: SHA-256 of half the derived key and the cipher text."""

    function: Literal["sha256"]
    params: _NoParams
    message: Annotated[Hex, Field(min_length=32, max_length=32)]


class CipherParams(_Part):
    """The initial counter block of AES-CTR."""

    iv: Annotated[Hex, Field(min_length=16, max_length=16)]


class CipherModule(_Part):
    """`crypto.cipher`: the encrypted secret."""

    function: Literal["aes-128-ctr"]
    params: CipherParams
    message: Annotated[Hex, Field(min_length=32, max_length=32)]


class Crypto(_Part):
    """The three modules of EIP-2335."""

    kdf: Annotated[ScryptModule | Pbkdf2Module, Field(discriminator="function")]
    checksum: ChecksumModule
    cipher: CipherModule


class Keystore(_Part):
    """One keystore; `pubkey` is readable without the password."""

    crypto: Crypto
    description: str | None = None
    pubkey: Annotated[Hex, Field(min_length=48, max_length=48)] | None = None
    path: str = ""
    uuid: Annotated[uuids.UUID, Field(strict=False)]
    version: Literal[4]


@dataclass(frozen=True)
class ScryptCost:
    """The default of Ethereum's deposit tools: a second and 256 MiB."""

    n: int = 2**18
    r: int = 8
    p: int = 1


@dataclass(frozen=True)
class Pbkdf2Cost:
    """Iterations; needs no memory, so it suits small machines."""

    c: int = 2**18


DEFAULT_COST = ScryptCost()


def encrypt_keystore(
    secret: int,
    password: str,
    *,
    path: str = "",
    description: str | None = None,
    cost: ScryptCost | Pbkdf2Cost = DEFAULT_COST,
) -> Keystore:
    """Encrypt a BLS secret under a password, with fresh salt, counter block and UUID."""
    kdf = _kdf_module(cost, secrets.token_bytes(32))
    key = _derive_key(kdf, password)
    iv = secrets.token_bytes(16)
    encrypted = _aes_128_ctr(key, iv, secret.to_bytes(32, "big"))
    return Keystore(
        crypto=Crypto(
            kdf=kdf,
            checksum=ChecksumModule(
                function="sha256", params=_NoParams(), message=_checksum(key, encrypted)
            ),
            cipher=CipherModule(
                function="aes-128-ctr", params=CipherParams(iv=iv), message=encrypted
            ),
        ),
        description=description,
        pubkey=public_key(secret),
        path=path,
        uuid=uuids.uuid4(),
        version=4,
    )


def decrypt_keystore(keystore: Keystore, password: str) -> int:
    """Return the secret.

    Raises WrongPasswordError, or MalformedKeystoreError if it is no BLS key or not `pubkey`'s.
    """
    key = _derive_key(keystore.crypto.kdf, password)
    cipher = keystore.crypto.cipher
    expected = keystore.crypto.checksum.message
    if not secrets.compare_digest(_checksum(key, cipher.message), expected):
        raise WrongPasswordError
    secret = int.from_bytes(_aes_128_ctr(key, cipher.params.iv, cipher.message), "big")
    if not 0 < secret < CURVE_ORDER:
        raise MalformedKeystoreError("crypto.cipher.message", "does not hold a BLS secret")
    if keystore.pubkey is not None and keystore.pubkey != public_key(secret):
        raise MalformedKeystoreError("pubkey", "is not the public key of the encrypted secret")
    return secret


def parse_keystore(text: str) -> Keystore:
    """Read JSON; raises MalformedKeystoreError with the first wrong field."""
    try:
        return Keystore.model_validate(parse_json(text))
    except DocumentError as error:
        raise MalformedKeystoreError("file", f"not JSON: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part not in _KDF_TAGS)
        raise MalformedKeystoreError(place or "file", first["msg"]) from None


def format_keystore(keystore: Keystore) -> str:
    """Return the JSON text of a keystore."""
    return keystore.model_dump_json(exclude_none=True)


def read_keystore(file: Path) -> Keystore:
    """Read a keystore file; raises FileError or MalformedKeystoreError."""
    return parse_keystore(read_text(file, LARGEST_SECRET_BYTES))


def write_keystore(folder: Path, keystore: Keystore, timestamp_seconds: int) -> Path:
    """Write `keystore-<path>-<timestamp>.json` as deposit tools name it, never over a file.

    It appears whole, and readable by its owner only. Raises OSError.
    """
    name = keystore.path.replace("/", "_") or str(keystore.uuid)
    file = folder / f"keystore-{name}-{timestamp_seconds}.json"
    write_new(file, format_keystore(keystore).encode())
    return file


def normalise_password(password: str) -> bytes:
    """EIP-2335: NFKD, then C0, C1 and Delete stripped, then UTF-8."""
    decomposed = unicodedata.normalize("NFKD", password)
    return "".join(char for char in decomposed if not _is_control(ord(char))).encode("utf-8")


def _is_control(code: int) -> bool:
    return code <= 0x1F or 0x7F <= code <= 0x9F


def _kdf_module(cost: ScryptCost | Pbkdf2Cost, salt: bytes) -> ScryptModule | Pbkdf2Module:
    if isinstance(cost, ScryptCost):
        scrypt = ScryptParams(dklen=32, n=cost.n, r=cost.r, p=cost.p, salt=salt)
        return ScryptModule(function="scrypt", params=scrypt, message="")
    pbkdf2 = Pbkdf2Params(dklen=32, c=cost.c, prf="hmac-sha256", salt=salt)
    return Pbkdf2Module(function="pbkdf2", params=pbkdf2, message="")


def _derive_key(kdf: ScryptModule | Pbkdf2Module, password: str) -> bytes:
    secret = normalise_password(password)
    if isinstance(kdf, Pbkdf2Module):
        pbkdf2 = kdf.params
        return hashlib.pbkdf2_hmac("sha256", secret, pbkdf2.salt, pbkdf2.c, pbkdf2.dklen)
    cost = kdf.params
    memory_bytes = 128 * cost.r * (cost.n + cost.p + 2)
    if memory_bytes > MAX_SCRYPT_MEMORY_BYTES:
        raise MalformedKeystoreError(
            "crypto.kdf.params",
            f"scrypt needs {memory_bytes} bytes, {MAX_SCRYPT_MEMORY_BYTES} allowed",
        )
    return hashlib.scrypt(
        secret, salt=cost.salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory_bytes, dklen=cost.dklen
    )


def _checksum(key: bytes, encrypted: bytes) -> bytes:
    return hashlib.sha256(key[16:32] + encrypted).digest()


def _aes_128_ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    return AES.new(key[:16], AES.MODE_CTR, nonce=b"", initial_value=iv).encrypt(data)
