import json
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.consensus.keys import CURVE_ORDER, public_key
from keel.consensus.keystores import (
    Keystore,
    MalformedKeystoreError,
    Pbkdf2Cost,
    ScryptCost,
    WrongPasswordError,
    decrypt_keystore,
    encrypt_keystore,
    format_keystore,
    normalise_password,
    parse_keystore,
    read_keystore,
    write_keystore,
)

# EIP-2335, "Test Cases". Its password is "testpassword" in Fraktur letters, and a key.
FRAKTUR = "".join(chr(0x1D51E + ord(letter) - ord("a")) for letter in "testpassword") + "🔑"
WRONG = "wrong"
EIP_2335_NORMALISED = bytes.fromhex("7465737470617373776f7264f09f9491")
EIP_2335_SECRET = 0x19D6689C085AE165831E934FF763AE46A2A6C172B3F1B60A8CE26F
EIP_2335_SALT = "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"
EIP_2335_SCRYPT = {
    "kdf": {
        "function": "scrypt",
        "params": {"dklen": 32, "n": 262144, "p": 1, "r": 8, "salt": EIP_2335_SALT},
        "message": "",
    },
    "checksum": "d2217fe5f3e9a1e34581ef8a78f7c9928e436d36dacc5e846690a5581e8ea484",
    "cipher": "06ae90d55fe0a6e9c5c3bc5b170827b2e5cce3929ed3f116c2811e6366dfe20f",
}
EIP_2335_PBKDF2 = {
    "kdf": {
        "function": "pbkdf2",
        "params": {"dklen": 32, "c": 262144, "prf": "hmac-sha256", "salt": EIP_2335_SALT},
        "message": "",
    },
    "checksum": "8a9f5d9912ed7e75ea794bc5a89bca5f193721d30868ade6f73043c6ea6febf1",
    "cipher": "cee03fde2af33149775b7223e7845e4fb2c8ae1792e5f99fe9ecf474cc8c16ad",
}

PATH = "m/12381/3600/0/0/0"
QUICK_SCRYPT = ScryptCost(n=2**10)
QUICK_PBKDF2 = Pbkdf2Cost(c=1)

secrets = st.integers(min_value=1, max_value=CURVE_ORDER - 1)
passwords = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def eip_2335_keystore(vector: dict[str, Any]) -> dict[str, Any]:
    return {
        "crypto": {
            "kdf": vector["kdf"],
            "checksum": {"function": "sha256", "params": {}, "message": vector["checksum"]},
            "cipher": {
                "function": "aes-128-ctr",
                "params": {"iv": "264daa3f303d7259501c93d997d84fe6"},
                "message": vector["cipher"],
            },
        },
        "description": "vector of EIP-2335",
        "pubkey": "9612d7a727c9d0a22e185a1c768478dfe919cada9266988cb32359c11f2b7b27"
        "f4ae4040902382ae2910c15e2b420d07",
        "path": "m/12381/60/3141592653/589793238",
        "uuid": "1d85ae20-35c5-4611-98e8-aa14a633906f",
        "version": 4,
    }


def ask_bls_keystore(**request: Any) -> Any:
    """Let npm's @chainsafe/bls-keystore create or decrypt a keystore."""
    node = shutil.which("node")
    assert node is not None, "Node is a prerequisite of the tests"
    script = Path(__file__).with_name("bls_keystore.cjs")
    done = subprocess.run(
        [node, script], input=json.dumps(request), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.fixture
def valid() -> dict[str, Any]:
    keystore = encrypt_keystore(77, "right", path=PATH, cost=QUICK_SCRYPT)
    row: dict[str, Any] = json.loads(format_keystore(keystore))
    return row


@pytest.mark.parametrize("vector", [EIP_2335_SCRYPT, EIP_2335_PBKDF2], ids=["scrypt", "pbkdf2"])
def test_vector_of_eip_2335_decrypts(vector: dict[str, Any]) -> None:
    keystore = parse_keystore(json.dumps(eip_2335_keystore(vector)))
    assert decrypt_keystore(keystore, FRAKTUR) == EIP_2335_SECRET


def test_password_is_normalised_as_eip_2335_says() -> None:
    assert normalise_password(FRAKTUR) == EIP_2335_NORMALISED
    assert normalise_password("\x00a\x1f \x7fb\x80c\x9f\u00a1") == "a bc\u00a1".encode()


@pytest.mark.parametrize("cost", [QUICK_SCRYPT, QUICK_PBKDF2], ids=["scrypt", "pbkdf2"])
@given(secret=secrets, password=passwords)
@settings(deadline=None)
def test_every_secret_and_password_survives_the_file(
    cost: ScryptCost | Pbkdf2Cost, secret: int, password: str
) -> None:
    written = encrypt_keystore(secret, password, path=PATH, description="d", cost=cost)
    keystore = parse_keystore(format_keystore(written))
    assert keystore == written
    assert keystore.pubkey == public_key(secret)
    assert decrypt_keystore(keystore, password) == secret
    with pytest.raises(WrongPasswordError):
        decrypt_keystore(keystore, password + "x")


@pytest.mark.parametrize("cost", [ScryptCost(), QUICK_PBKDF2], ids=["scrypt", "pbkdf2"])
def test_bls_keystore_opens_what_keel_wrote(cost: ScryptCost | Pbkdf2Cost) -> None:
    secret = EIP_2335_SECRET
    keystore = encrypt_keystore(secret, FRAKTUR, path=PATH, cost=cost)
    row = json.loads(format_keystore(keystore))
    opened = ask_bls_keystore(action="decrypt", keystore=row, password=FRAKTUR)
    assert opened == {"answer": secret.to_bytes(32, "big").hex()}
    refused = ask_bls_keystore(action="decrypt", keystore=row, password=WRONG)
    assert refused == {"error": "Invalid password"}


def test_keel_opens_what_bls_keystore_wrote() -> None:
    created = ask_bls_keystore(
        action="create",
        password=FRAKTUR,
        secret=EIP_2335_SECRET.to_bytes(32, "big").hex(),
        pubkey=public_key(EIP_2335_SECRET).hex(),
        path=PATH,
    )
    keystore = parse_keystore(json.dumps(created["answer"]))
    assert keystore.path == PATH
    assert decrypt_keystore(keystore, FRAKTUR) == EIP_2335_SECRET
    with pytest.raises(WrongPasswordError):
        decrypt_keystore(keystore, WRONG)


def test_file_is_named_after_the_path_private_and_never_overwritten(tmp_path: Path) -> None:
    keystore = encrypt_keystore(77, "right", path=PATH, cost=QUICK_SCRYPT)
    file = write_keystore(tmp_path, keystore, timestamp_seconds=1_700_000_000)
    assert file.name == "keystore-m_12381_3600_0_0_0-1700000000.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_keystore(file) == keystore
    with pytest.raises(FileExistsError):
        write_keystore(tmp_path, keystore, timestamp_seconds=1_700_000_000)


def test_two_keystores_of_one_secret_share_nothing_random() -> None:
    one, other = (encrypt_keystore(77, "right", cost=QUICK_SCRYPT) for _ in range(2))
    assert one.uuid != other.uuid
    assert one.crypto.kdf.params.salt != other.crypto.kdf.params.salt
    assert one.crypto.cipher.params.iv != other.crypto.cipher.params.iv


def test_public_key_and_description_are_optional(valid: dict[str, Any]) -> None:
    del valid["pubkey"]
    keystore = parse_keystore(json.dumps(valid))
    assert (keystore.pubkey, keystore.description) == (None, None)
    assert decrypt_keystore(keystore, "right") == 77


def replace(*path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def alter(row: dict[str, Any]) -> None:
        for part in path[:-1]:
            row = row[part]
        row[path[-1]] = value

    return alter


def remove(*path: str) -> Callable[[dict[str, Any]], None]:
    def alter(row: dict[str, Any]) -> None:
        for part in path[:-1]:
            row = row[part]
        del row[path[-1]]

    return alter


@pytest.mark.parametrize(
    ("alter", "field"),
    [
        (replace("version", value=3), "version"),
        (replace("version", value="4"), "version"),
        (replace("uuid", value="none"), "uuid"),
        (replace("path", value=None), "path"),
        (remove("crypto"), "crypto"),
        (remove("crypto", "kdf"), "crypto.kdf"),
        (replace("pubkey", value="ab" * 47), "pubkey"),
        (replace("pubkey", value="0x" + "ab" * 48), "pubkey"),
        (replace("crypto", "kdf", "function", value="argon2"), "crypto.kdf"),
        (remove("crypto", "kdf", "params", "n"), "crypto.kdf.params.n"),
        (replace("crypto", "kdf", "params", "n", value=3), "crypto.kdf.params.n"),
        (replace("crypto", "kdf", "params", "n", value="2"), "crypto.kdf.params.n"),
        (replace("crypto", "kdf", "params", "dklen", value=31), "crypto.kdf.params.dklen"),
        (replace("crypto", "kdf", "params", "salt", value="xy"), "crypto.kdf.params.salt"),
        (replace("crypto", "kdf", "params", "salt", value="a b "), "crypto.kdf.params.salt"),
        (remove("crypto", "checksum", "function"), "crypto.checksum.function"),
        (replace("crypto", "checksum", "message", value="ab"), "crypto.checksum.message"),
        (replace("crypto", "cipher", "function", value="aes-256"), "crypto.cipher.function"),
        (replace("crypto", "cipher", "params", "iv", value="ab"), "crypto.cipher.params.iv"),
        (replace("crypto", "cipher", "message", value="ab" * 31), "crypto.cipher.message"),
    ],
)
def test_malformed_field_is_named(
    valid: dict[str, Any], alter: Callable[[dict[str, Any]], None], field: str
) -> None:
    assert decrypt_keystore(parse_keystore(json.dumps(valid)), "right") == 77
    alter(valid)
    with pytest.raises(MalformedKeystoreError) as caught:
        parse_keystore(json.dumps(valid))
    assert caught.value.field == field


@pytest.mark.parametrize("text", ["", "{", "[]", "4"])
def test_text_that_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(MalformedKeystoreError) as caught:
        parse_keystore(text)
    assert caught.value.field == "file"


def test_altered_cipher_text_reads_as_a_wrong_password(valid: dict[str, Any]) -> None:
    message = bytearray.fromhex(valid["crypto"]["cipher"]["message"])
    message[31] ^= 1
    valid["crypto"]["cipher"]["message"] = message.hex()
    with pytest.raises(WrongPasswordError):
        decrypt_keystore(parse_keystore(json.dumps(valid)), "right")


def test_public_key_of_another_secret_is_refused(valid: dict[str, Any]) -> None:
    valid["pubkey"] = public_key(78).hex()
    with pytest.raises(MalformedKeystoreError) as caught:
        decrypt_keystore(parse_keystore(json.dumps(valid)), "right")
    assert caught.value.field == "pubkey"


def test_scrypt_that_wants_over_a_gibibyte_is_refused(valid: dict[str, Any]) -> None:
    valid["crypto"]["kdf"]["params"]["n"] = 2**20
    with pytest.raises(MalformedKeystoreError, match="1073741824 allowed") as caught:
        decrypt_keystore(parse_keystore(json.dumps(valid)), "right")
    assert caught.value.field == "crypto.kdf.params"


def test_secret_outside_the_curve_order_is_not_decrypted() -> None:
    created = ask_bls_keystore(
        action="create", password=WRONG, secret="ff" * 32, pubkey="ab" * 48, path=""
    )
    keystore: Keystore = parse_keystore(json.dumps(created["answer"]))
    with pytest.raises(MalformedKeystoreError) as caught:
        decrypt_keystore(keystore, WRONG)
    assert caught.value.field == "crypto.cipher.message"
