import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from py_arkworks_bls12381 import G2Point

from keel.consensus.deposit_data import (
    FULL_DEPOSIT_GWEI,
    PREDEPOSIT_GWEI,
    DepositDataEntry,
    check_deposit_data,
    execution_credentials,
    format_deposit_data,
    make_deposit_data,
    parse_deposit_data,
    read_deposit_data,
    write_deposit_data,
)
from keel.consensus.deposit_problems import DepositDataError, DepositDataProblem
from keel.consensus.keys import derive_signing_keys, mnemonic_to_seed
from keel.consensus.networks import NETWORKS, network_named

VAULT = bytes.fromhex("00000000219ab540356cbb839cbe05303d7705fa")
CREDENTIALS = execution_credentials(VAULT)
OTHER_CREDENTIALS = execution_credentials(VAULT[::-1])

# The values that an independent tool (eth-staking-smith, in its own tests) makes of this public
# mnemonic, on one line as the staking deposit tool writes them.
PEER_MNEMONIC = (
    "entire habit bottom mention spoil clown finger wheat motion fox axis mechanic country make "
    "garment bar blind stadium sugar water scissors canyon often ketchup"
)
PEER_CREDENTIALS = execution_credentials(bytes(19) + b"\x01")
PEER_FILE = (
    '[{"pubkey": "8666389c3fe6ff0bca9adba81504f380b9e2c719419760d561836472fafe295c'
    'b50696524e19cba084e1d788d66c80d6", "withdrawal_credentials": '
    '"0100000000000000000000000000000000000000000000000000000000000001", '
    '"amount": 32000000000, "signature": '
    '"a1f3ece1cb871e1af29fdaf94cab58d48d128d0ed2342a1f042f49344943c25e'
    "c6eab4f2219301e421a88453c6aa29e90b78373a8341c17738bc0ff4d0a72449"
    '4535b494cd21fd2633a7a12353a5232c9806e1576f1e2447631ec3310db4008b", '
    '"deposit_message_root": '
    '"dc224ac1c94d70906d643644f20398bdea5dabea123116a9d6135b8f5f4906bd", '
    '"deposit_data_root": '
    '"f5c6b52d2ba608f0df4123e5ed051b5765a636e09d1372668e1ec074430f2279", '
    '"fork_version": "00000000", "network_name": "mainnet", "deposit_cli_version": "2.7.0"}]'
)


@pytest.fixture(scope="module")
def entries() -> list[DepositDataEntry]:
    keys = derive_signing_keys(bytes(32), count=3)
    return [make_deposit_data(key, CREDENTIALS) for key in keys]


def problems_of(entries: Sequence[DepositDataEntry]) -> list[tuple[int | None, str, str, str]]:
    found = check_deposit_data(entries, CREDENTIALS, "local")
    return [(problem.index, problem.field, problem.value, problem.expected) for problem in found]


def test_mnemonic_leads_to_the_file_of_an_independent_tool() -> None:
    key = next(derive_signing_keys(mnemonic_to_seed(PEER_MNEMONIC), count=1))
    assert f"{key.secret:x}" == "3f3e0a69a6a66aeaec606a2ccb47c703afb2e8ae64f70a1650c03343b06e8f0c"
    made = make_deposit_data(key, PEER_CREDENTIALS, FULL_DEPOSIT_GWEI, "mainnet")
    assert format_deposit_data([made]) == PEER_FILE
    assert parse_deposit_data(PEER_FILE) == (made,)
    assert check_deposit_data([made], PEER_CREDENTIALS, "mainnet") == []


def test_file_of_the_staking_deposit_tool_passes() -> None:
    # A mainnet entry that a public guide to StakeWise operators shows, of tool version 2.4.0.
    entry = DepositDataEntry(
        pubkey=bytes.fromhex(
            "8bfc0efc0209514a62cda2de8346a3a0849352eb830e0ff5b525642d93b9095d"
            "879a2789b284da14e348f85711b6b6d0"
        ),
        withdrawal_credentials=execution_credentials(
            bytes.fromhex("ac0f906e433d58fa868f936e8a43230473652885")
        ),
        amount=FULL_DEPOSIT_GWEI,
        signature=bytes.fromhex(
            "b55612acebde460bb273d100bc1574a21aea12f168ad7921cca855b6bf587646"
            "b0da329d4b17944773a876a90d87939a001a3857ca224b300ebe57703dce6be3"
            "7d074e892fd65aa64e92284092efa14c38c1ed17f9fb4e3cd7a585ea66d46b03"
        ),
        deposit_message_root=bytes.fromhex(
            "f39eaed6c4c7e3e4563a3b5f3f1ca195c761f10517a5b303031d453dd3be28be"
        ),
        deposit_data_root=bytes.fromhex(
            "2d85d54c2b3d1a593f0f974d41fded6d68910e59adfc2d4e90ec74bb2e91e3c4"
        ),
        fork_version=bytes(4),
        network_name="mainnet",
        deposit_cli_version="2.4.0",
    )
    assert check_deposit_data([entry], entry.withdrawal_credentials, "mainnet") == []


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("compounding", [False, True])
def test_made_entries_pass_on_their_network_only(network: str, compounding: bool) -> None:
    credentials = execution_credentials(VAULT, compounding=compounding)
    key = next(derive_signing_keys(bytes(32), count=1))
    made = make_deposit_data(key, credentials, FULL_DEPOSIT_GWEI, network)
    assert check_deposit_data([made], credentials, network) == []
    for other in NETWORKS.keys() - {network}:
        found = check_deposit_data([made], credentials, other)
        assert [problem.field for problem in found] == ["fork_version", "network_name", "signature"]


def test_networks_differ_in_fork_version() -> None:
    assert len({network.genesis_fork_version for network in NETWORKS.values()}) == len(NETWORKS)


def test_unknown_network_is_refused(entries: list[DepositDataEntry]) -> None:
    with pytest.raises(ValueError, match="'holesky', one of mainnet, hoodi, sepolia, local"):
        network_named("holesky")
    with pytest.raises(ValueError, match="'holesky'"):
        check_deposit_data(entries, CREDENTIALS, "holesky")


def test_credentials_hold_the_address_after_type_and_zeros() -> None:
    assert CREDENTIALS.hex() == "01" + "00" * 11 + VAULT.hex()
    assert execution_credentials(VAULT, compounding=True).hex() == "02" + "00" * 11 + VAULT.hex()
    with pytest.raises(ValueError, match="address of 19 bytes"):
        execution_credentials(VAULT[:19])


@pytest.mark.parametrize("expected", [b"\x00" + CREDENTIALS[1:], CREDENTIALS[:31], b""])
def test_caller_cannot_expect_credentials_without_an_address(
    entries: list[DepositDataEntry], expected: bytes
) -> None:
    with pytest.raises(ValueError, match="32 bytes of 0x01 or 0x02"):
        check_deposit_data(entries, expected, "local")


def test_file_survives_writing_and_reading(entries: list[DepositDataEntry], tmp_path: Path) -> None:
    file = write_deposit_data(tmp_path, entries, timestamp_seconds=1_700_000_000)
    assert file.name == "deposit_data-1700000000.json"
    assert read_deposit_data(file) == tuple(entries)
    with pytest.raises(FileExistsError):
        write_deposit_data(tmp_path, entries, timestamp_seconds=1_700_000_000)


def test_valid_entries_have_no_problem(entries: list[DepositDataEntry]) -> None:
    assert problems_of(entries) == []


def test_credentials_of_another_vault_are_refused(entries: list[DepositDataEntry]) -> None:
    key = list(derive_signing_keys(bytes(32), count=2))[1]
    entries = [entries[0], make_deposit_data(key, OTHER_CREDENTIALS)]
    assert problems_of(entries) == [
        (1, "withdrawal_credentials", OTHER_CREDENTIALS.hex(), CREDENTIALS.hex())
    ]


def test_credentials_of_the_other_type_are_refused(entries: list[DepositDataEntry]) -> None:
    compounding = execution_credentials(VAULT, compounding=True)
    found = check_deposit_data(entries[:1], compounding, "local")
    assert [(problem.field, problem.expected) for problem in found] == [
        ("withdrawal_credentials", compounding.hex())
    ]


@pytest.mark.parametrize("amount_gwei", [FULL_DEPOSIT_GWEI - 1, FULL_DEPOSIT_GWEI + 1, 10**9])
def test_another_amount_is_refused(amount_gwei: int) -> None:
    key = next(derive_signing_keys(bytes(32), count=1))
    made = make_deposit_data(key, CREDENTIALS, amount_gwei)
    assert problems_of([made]) == [(0, "amount", str(amount_gwei), "32000000000")]
    assert check_deposit_data([made], CREDENTIALS, "local", amount_gwei) == []


def test_a_full_deposit_is_no_predeposit_and_the_message_says_how_one_is_made() -> None:
    key = next(derive_signing_keys(bytes(32), count=1))
    full, first = (
        make_deposit_data(key, CREDENTIALS, gwei) for gwei in (FULL_DEPOSIT_GWEI, PREDEPOSIT_GWEI)
    )
    (problem,) = check_deposit_data([full], CREDENTIALS, "local", PREDEPOSIT_GWEI)
    assert str(problem) == (
        "entry 0, amount: 32000000000, expected 1000000000 "
        "(1 ETH, as `partial-deposit --amount 1` of the deposit tools makes it)"
    )
    assert check_deposit_data([first], CREDENTIALS, "local", PREDEPOSIT_GWEI) == []


@pytest.mark.parametrize("amount_gwei", [-1, 2**64])
def test_amount_beyond_64_bits_is_refused(
    entries: list[DepositDataEntry], amount_gwei: int
) -> None:
    altered = replace(entries[0], amount=amount_gwei)
    assert problems_of([altered]) == [(0, "amount", str(amount_gwei), "32000000000")]


def test_fork_version_of_another_network_is_refused(entries: list[DepositDataEntry]) -> None:
    altered = replace(entries[0], fork_version=bytes(4))
    assert problems_of([altered]) == [(0, "fork_version", "00000000", "004b454c")]


def test_name_of_another_network_is_refused(entries: list[DepositDataEntry]) -> None:
    altered = replace(entries[0], network_name="mainnet")
    assert problems_of([altered]) == [(0, "network_name", "mainnet", "local")]


@pytest.mark.parametrize("field", ["deposit_message_root", "deposit_data_root"])
def test_altered_root_is_refused(entries: list[DepositDataEntry], field: str) -> None:
    right = getattr(entries[2], field)
    wrong = right[:31] + bytes([right[31] ^ 1])
    altered = replace(entries[2], **{field: wrong})
    assert problems_of([*entries[:2], altered]) == [(2, field, wrong.hex(), right.hex())]


def test_signature_of_another_message_is_refused(entries: list[DepositDataEntry]) -> None:
    altered = replace(entries[0], signature=entries[1].signature)
    found = check_deposit_data([altered], CREDENTIALS, "local")
    assert [problem.field for problem in found] == ["deposit_data_root", "signature"]
    repaired = replace(altered, deposit_data_root=bytes.fromhex(found[0].expected))
    assert problems_of([repaired]) == [
        (0, "signature", entries[1].signature.hex(), "this key's signature of the deposit on local")
    ]


@pytest.mark.parametrize(
    "signature", [bytes(96), G2Point.identity().to_compressed_bytes()], ids=["zeros", "infinity"]
)
def test_signature_that_is_no_point_is_refused(
    entries: list[DepositDataEntry], signature: bytes
) -> None:
    found = check_deposit_data([replace(entries[0], signature=signature)], CREDENTIALS, "local")
    assert [problem.field for problem in found] == ["deposit_data_root", "signature"]


def test_public_key_of_another_validator_is_refused(entries: list[DepositDataEntry]) -> None:
    altered = replace(entries[0], pubkey=entries[1].pubkey)
    found = check_deposit_data([altered], CREDENTIALS, "local")
    assert [problem.field for problem in found] == [
        "deposit_message_root",
        "deposit_data_root",
        "signature",
    ]


def test_public_key_given_twice_is_refused(entries: list[DepositDataEntry]) -> None:
    key = entries[1].pubkey.hex()
    assert problems_of([*entries, entries[1]]) == [
        (3, "pubkey", key, "a key that entry 1 has not used")
    ]


@pytest.mark.parametrize(
    ("field", "length"),
    [
        ("pubkey", 48),
        ("withdrawal_credentials", 32),
        ("signature", 96),
        ("deposit_message_root", 32),
        ("deposit_data_root", 32),
        ("fork_version", 4),
    ],
)
@pytest.mark.parametrize("change", [-1, 1])
def test_wrong_length_is_refused(
    entries: list[DepositDataEntry], field: str, length: int, change: int
) -> None:
    wrong = (getattr(entries[0], field) + b"\0")[: length + change]
    altered = replace(entries[0], **{field: wrong})
    shown = f"{length + change} bytes {wrong.hex()}"
    assert problems_of([altered]) == [(0, field, shown, f"{length} bytes")]


def test_error_lists_every_problem_in_the_order_of_the_file(
    entries: list[DepositDataEntry],
) -> None:
    altered = [
        replace(entries[0], network_name="sepolia"),
        entries[1],
        replace(entries[2], fork_version=bytes(4)),
    ]
    error = DepositDataError(check_deposit_data(altered, CREDENTIALS, "local"))
    assert str(error).splitlines() == [
        "entry 0, network_name: sepolia, expected local",
        "entry 2, fork_version: 00000000, expected 004b454c",
    ]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("pubkey", "0x" + "ab" * 48, "hexadecimal digits without 0x"),
        ("signature", "zz", "hexadecimal digits without 0x"),
        ("deposit_data_root", "abc", "hexadecimal digits without 0x"),
        ("fork_version", "00 00", "hexadecimal digits without 0x"),
        ("withdrawal_credentials", 7, "hexadecimal digits without 0x"),
        ("amount", "32000000000", "a whole number of gwei"),
        ("amount", 32.0, "a whole number of gwei"),
        ("amount", True, "a whole number of gwei"),
        ("network_name", None, "text"),
        ("deposit_cli_version", 2, "text"),
    ],
)
def test_field_of_the_wrong_form_is_refused(
    entries: list[DepositDataEntry], field: str, value: object, expected: str
) -> None:
    rows: list[dict[str, Any]] = json.loads(format_deposit_data(entries))
    rows[1][field] = value
    with pytest.raises(DepositDataError) as caught:
        parse_deposit_data(json.dumps(rows))
    assert caught.value.problems == (DepositDataProblem(1, field, str(value), expected),)


def test_missing_field_is_refused(entries: list[DepositDataEntry]) -> None:
    rows: list[dict[str, Any]] = json.loads(format_deposit_data(entries))
    del rows[2]["amount"]
    with pytest.raises(DepositDataError, match="entry 2, amount: missing, expected a whole"):
        parse_deposit_data(json.dumps(rows))


def test_entry_that_is_no_object_is_refused() -> None:
    with pytest.raises(DepositDataError, match="entry 0, entry: 7, expected an object"):
        parse_deposit_data("[7]")


@pytest.mark.parametrize(
    "text", ["", "[", "{}", "[]", "7", '"[]"', pytest.param("[" * 50_000, id="deep")]
)
def test_text_that_is_no_list_of_entries_is_refused(text: str) -> None:
    with pytest.raises(DepositDataError) as caught:
        parse_deposit_data(text)
    (problem,) = caught.value.problems
    assert (problem.index, problem.field) == (None, "JSON")
