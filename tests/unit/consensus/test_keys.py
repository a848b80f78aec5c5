import hashlib

import pytest
from eth_account.hdaccount.mnemonic import Mnemonic
from eth_account.types import Language
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.consensus.keys import (
    CURVE_ORDER,
    KeyDerivationError,
    derive_child_secret,
    derive_master_secret,
    derive_secret,
    derive_signing_keys,
    mnemonic_to_seed,
    parse_path,
    public_key,
    sign,
    signing_path,
    verify,
    withdrawal_path,
)
from keel.consensus.mnemonics import whole_mnemonic

AMBIGUOUS = "chal enri pola oxyg allo chas marr majo enri requ anci chim"

# EIP-2333, "Test Cases": seed, master secret, child index, child secret.
EIP_2333_CASES = [
    (
        "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
        "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
        6083874454709270928345386274498605044986640685124978867557563392430687146096,
        0,
        20397789859736650942317412262472558107875392172444076792671091975210932703118,
    ),
    (
        "3141592653589793238462643383279502884197169399375105820974944592",
        29757020647961307431480504535336562678282505419141012933316116377660817309383,
        3141592653,
        25457201688850691947727629385191704516744796114925897962676248250929345014287,
    ),
    (
        "0099ff991111002299dd7744ee3355bbdd8844115566cc55663355668888cc00",
        27580842291869792442942448775674722299803720648445448686099262467207037398656,
        4294967295,
        29358610794459428860402234341874281240803786294062035874021252734817515685787,
    ),
    (
        "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
        19022158461524446591288038168518313374041767046816487870552872741050760015818,
        42,
        31372231650479070279774297061823572166496564838472787488249775572789064611981,
    ),
]
EIP_2333_MNEMONIC = " ".join(["abandon"] * 11 + ["about"])
SEED = bytes.fromhex(EIP_2333_CASES[0][0])

secrets = st.integers(min_value=1, max_value=CURVE_ORDER - 1)


@pytest.mark.parametrize(("seed", "master", "index", "child"), EIP_2333_CASES, ids=range(4))
def test_master_and_child_are_those_of_eip_2333(
    seed: str, master: int, index: int, child: int
) -> None:
    assert derive_master_secret(bytes.fromhex(seed)) == master
    assert derive_child_secret(master, index) == child
    assert derive_secret(bytes.fromhex(seed), f"m/{index}") == child


def test_mnemonic_gives_the_seed_of_eip_2333() -> None:
    assert mnemonic_to_seed(EIP_2333_MNEMONIC, "TREZOR") == SEED
    assert mnemonic_to_seed(EIP_2333_MNEMONIC) != SEED


def test_mnemonic_may_be_spread_over_lines() -> None:
    spread = EIP_2333_MNEMONIC.replace(" ", "\n  ")
    assert mnemonic_to_seed(f" {spread}\n", "TREZOR") == SEED


@pytest.mark.parametrize(
    ("mnemonic", "named"),
    [
        (EIP_2333_MNEMONIC.replace("about", "keel"), "word 12, 'keel', is not in BIP-39's english"),
        (EIP_2333_MNEMONIC.replace("about", "abuot"), "list; 'about' is"),
        (EIP_2333_MNEMONIC.replace("about", "abo"), "word 12, 'abo', begins 2 words"),
        (EIP_2333_MNEMONIC.replace("about", "abandon"), "word 12, 'abandon', does not fit"),
        (" ".join(["abandon"] * 10 + ["about"]), "has 11 words, 12, 15, 18, 21 or 24 expected"),
        ("", "has 0 words"),
    ],
)
def test_what_is_wrong_with_a_mnemonic_is_named(mnemonic: str, named: str) -> None:
    with pytest.raises(KeyDerivationError) as refused:
        mnemonic_to_seed(mnemonic)
    assert named in str(refused.value)


@pytest.mark.parametrize(
    "written",
    [
        EIP_2333_MNEMONIC.upper(),
        EIP_2333_MNEMONIC.title(),
        " ".join(word[:4] for word in EIP_2333_MNEMONIC.split()),
        EIP_2333_MNEMONIC.replace(" ", "\u00a0"),
        EIP_2333_MNEMONIC.replace(" ", "\t"),
        EIP_2333_MNEMONIC.replace(" ", "\r\n"),
        EIP_2333_MNEMONIC.replace("a", "\uff41"),
    ],
    ids=["upper", "title", "four letters", "no-break spaces", "tabs", "lines", "full width"],
)
def test_a_mnemonic_may_be_written_as_people_do(written: str) -> None:
    assert mnemonic_to_seed(written, "TREZOR") == SEED


@settings(deadline=None)
@given(entropy=st.binary(min_size=16, max_size=32).filter(lambda drawn: len(drawn) % 4 == 0))
def test_four_letters_are_enough_for_every_english_word(entropy: bytes) -> None:
    words = Mnemonic(Language.ENGLISH).to_mnemonic(entropy)
    assert whole_mnemonic(" ".join(word[:4] for word in words.split())) == words


@pytest.mark.parametrize("language", Mnemonic.list_languages_enum())
def test_a_mnemonic_of_every_language_stays_as_it_is(language: Language) -> None:
    words = Mnemonic(language).to_mnemonic(bytes(range(32)))
    assert mnemonic_to_seed(words) == Mnemonic.to_seed(" ".join(words.split()))


def test_short_words_that_mean_two_mnemonics_are_to_be_written_out() -> None:
    with pytest.raises(
        KeyDerivationError, match="short words are those of english and french: write"
    ):
        mnemonic_to_seed(AMBIGUOUS)


def test_seed_needs_32_bytes() -> None:
    assert derive_master_secret(bytes(32)) > 0
    with pytest.raises(KeyDerivationError, match="seed of 31 bytes"):
        derive_master_secret(bytes(31))


def test_child_index_has_32_bits() -> None:
    master = EIP_2333_CASES[0][1]
    assert derive_child_secret(master, 2**32 - 1) > 0
    for index in (-1, 2**32):
        with pytest.raises(KeyDerivationError, match=f"index {index}"):
            derive_child_secret(master, index)


def test_paths_are_those_of_eip_2334() -> None:
    assert signing_path(7) == "m/12381/3600/7/0/0"
    assert withdrawal_path(7) == "m/12381/3600/7/0"
    assert parse_path("m/12381/3600/7/0/0") == (12381, 3600, 7, 0, 0)
    assert parse_path("m") == ()


@pytest.mark.parametrize(
    "path", ["", "12381/3600", "M/1", "m/", "m/1/", "m//1", "m/-1", "m/01", "m/1'", "m/1 ", "m/¹"]
)
def test_malformed_path_is_refused(path: str) -> None:
    with pytest.raises(KeyDerivationError, match="m/12381/3600/0/0/0 expected"):
        parse_path(path)


def test_path_index_has_32_bits() -> None:
    assert parse_path("m/4294967295") == (2**32 - 1,)
    with pytest.raises(KeyDerivationError, match="index above 4294967295"):
        parse_path("m/4294967296")


def test_signing_keys_follow_their_paths() -> None:
    keys = list(derive_signing_keys(SEED, count=2, first=3))
    assert [key.path for key in keys] == [signing_path(3), signing_path(4)]
    for key in keys:
        assert key.secret == derive_secret(SEED, key.path)
        assert key.public_key == public_key(key.secret)


def test_signing_key_is_the_child_of_the_withdrawal_key() -> None:
    withdrawal = derive_secret(SEED, withdrawal_path(3))
    signing = next(derive_signing_keys(SEED, count=1, first=3))
    assert derive_child_secret(withdrawal, 0) == signing.secret


def test_withdrawal_key_is_that_of_an_independent_tool() -> None:
    # Credentials of type 0x00 hash this key; these are from the tests of eth-staking-smith.
    mnemonic = (
        "entire habit bottom mention spoil clown finger wheat motion fox axis mechanic country "
        "make garment bar blind stadium sugar water scissors canyon often ketchup"
    )
    assert withdrawal_path(0) == "m/12381/3600/0/0"
    withdrawal = derive_secret(mnemonic_to_seed(mnemonic), withdrawal_path(0))
    credentials = b"\0" + hashlib.sha256(public_key(withdrawal)).digest()[1:]
    assert credentials.hex() == "00e078f11bc1454244bdf9f63a3b997815f081dd6630204186d4c9627a2942f7"


def test_secret_does_not_show_in_repr() -> None:
    key = next(derive_signing_keys(SEED, count=1))
    assert str(key.secret) not in repr(key)
    assert key.path in repr(key)


@pytest.mark.parametrize("secret", [0, CURVE_ORDER, -1])
def test_secret_outside_the_curve_order_is_refused(secret: int) -> None:
    with pytest.raises(KeyDerivationError, match="curve order"):
        public_key(secret)


@settings(deadline=None)
@given(secret=secrets, message=st.binary(max_size=64))
def test_signature_verifies_for_its_key_and_message_only(secret: int, message: bytes) -> None:
    key, signature = public_key(secret), sign(secret, message)
    assert (len(key), len(signature)) == (48, 96)
    assert verify(key, message, signature)
    assert not verify(key, message + b"\0", signature)
    assert not verify(public_key(CURVE_ORDER - secret), message, signature)


def test_points_that_are_no_key_or_signature_do_not_verify() -> None:
    key, signature = public_key(5), sign(5, b"message")
    infinity_key, infinity_signature = b"\xc0" + bytes(47), b"\xc0" + bytes(95)
    assert verify(key, b"message", signature)
    assert not verify(infinity_key, b"message", infinity_signature)
    assert not verify(bytes(48), b"message", signature)
    assert not verify(key, b"message", bytes(96))
    assert not verify(key[:47], b"message", signature)
    assert not verify(key, b"message", signature[:95])
