"""The contract binding: values in and out, logs, and the cause of every failure.

A few bytes of hand-assembled code stand for contracts, so that each answer is known beforehand:
one returns its arguments, one reverts with its calldata, one logs it. A custom error reaches the
caller by calling a function of the same signature, whose calldata is that error.
"""

from typing import Any

import pytest
from eth_abi.abi import encode

from keel.chain.abi import Abi, AbiMismatchError, CustomError
from keel.chain.contract import Contract, call_many, deploy
from keel.chain.deposit_contract import (
    GWEI,
    DepositData,
    deposit_contract,
    deposit_data_root,
    deposits_of,
)
from keel.chain.errors import RpcError
from keel.chain.revert import (
    BareRevert,
    Halt,
    Panic,
    Reverted,
    RevertString,
    UnknownRevert,
)
from keel.chain.rpc import RpcClient
from keel.chain.state import (
    block_head,
    impersonate,
    runtime_code,
    set_balance_wei,
    set_runtime_code,
    unlocked_accounts,
)
from keel.chain.transaction import send_transaction

RETURNS_ARGUMENTS = bytes.fromhex("6004360360045f37600436035ff3")
REVERTS_WITH_CALLDATA = bytes.fromhex("365f5f37365ffd")
LOGS_THREE_TOPICS_AND_REST = bytes.fromhex("6060360360605f376040356020355f35606036035fa300")
LOOPS_FOR_EVER = bytes.fromhex("5b5f56")
INVALID = bytes.fromhex("fe")

PLACE = "0x00000000000000000000000000000000c0dEc0DE"
HOLDER = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


def uint(name: str) -> dict[str, Any]:
    return {"name": name, "type": "uint256"}


def function(name: str, values: list[dict[str, Any]]) -> dict[str, Any]:
    """A function that takes and returns the same values."""
    return {"type": "function", "name": name, "inputs": values, "outputs": values}


POSITION: dict[str, Any] = {
    "name": "position",
    "type": "tuple",
    "components": [{"name": "holder", "type": "address"}, uint("shares")],
}
TOO_MUCH: list[dict[str, Any]] = [uint("wanted"), {"name": "holder", "type": "address"}]
MOVED_INPUTS = [
    {"name": "from", "type": "address", "indexed": True},
    {"name": "memo", "type": "string", "indexed": True},
    {"name": "amount", "type": "uint256", "indexed": False},
]
ABI = Abi(
    [
        function("same", [uint("")]),
        function("same", [uint("first"), uint("second")]),
        function("none", []),
        function("place", [POSITION]),
        function("places", [{**POSITION, "type": "tuple[]"}]),
        function("texts", [{"name": "", "type": "string"}, {"name": "", "type": "bytes"}]),
        function("typed", [uint("value")]),
        function("typed", [{"name": "value", "type": "address"}]),
        function("TooMuch", TOO_MUCH),
        function("Error", [{"name": "", "type": "string"}]),
        function("Panic", [uint("")]),
        function("Other", [uint("")]),
        {"type": "error", "name": "TooMuch", "inputs": TOO_MUCH},
        {"type": "event", "name": "Moved", "inputs": MOVED_INPUTS},
    ]
)


@pytest.fixture
def sender(rpc: RpcClient) -> str:
    return unlocked_accounts(rpc)[0]


@pytest.fixture
def returning(rpc: RpcClient) -> Contract:
    set_runtime_code(rpc, PLACE, RETURNS_ARGUMENTS)
    return Contract(rpc, PLACE, ABI)


@pytest.fixture
def reverting_contract(rpc: RpcClient) -> Contract:
    set_runtime_code(rpc, PLACE, REVERTS_WITH_CALLDATA)
    return Contract(rpc, PLACE, ABI)


def test_one_value_returns_bare_and_several_as_a_named_tuple(returning: Contract) -> None:
    assert returning.function("same")(2**256 - 1) == 2**256 - 1
    pair = returning.function("same")(1, 2)
    assert pair == (1, 2)
    assert (pair.first, pair.second) == (1, 2)
    assert returning.function("none")() is None
    assert returning.function("texts")("frame", b"\x01\x02") == ("frame", b"\x01\x02")


def test_a_text_that_is_no_utf_8_is_read_all_the_same() -> None:
    texts = ABI.function("texts", 2)
    broken = encode(["bytes", "bytes"], [b"\xffa", b"\xff"])
    assert texts.decode_result(broken) == ("\ufffda", b"\xff")


def test_structs_go_in_as_tuple_or_mapping_and_come_out_named(returning: Contract) -> None:
    by_tuple = returning.function("place")((HOLDER.lower(), 7))
    by_mapping = returning.function("place")({"shares": 7, "holder": HOLDER})
    assert by_tuple == by_mapping == (HOLDER, 7)
    assert (by_tuple.holder, by_tuple.shares) == (HOLDER, 7)
    assert returning.function("place")(by_tuple) == by_tuple
    assert returning.function("places")([by_tuple, (PLACE, 8)]) == ((HOLDER, 7), (PLACE, 8))


def test_a_contract_serves_as_an_address(returning: Contract) -> None:
    assert returning.function("place")((returning, 1)).holder == returning.address


def test_an_overload_is_found_by_count_or_by_its_full_signature(returning: Contract) -> None:
    assert returning.function("typed(address)")(HOLDER) == HOLDER
    assert returning.function("typed(uint256)")(5) == 5
    with pytest.raises(AbiMismatchError, match=r"typed\(uint256\), typed\(address\)"):
        returning.function("typed")(5)


@pytest.mark.parametrize(("name", "arguments"), [("absent", ()), ("same", (1, 2, 3))])
def test_a_function_that_is_not_there_is_named(
    returning: Contract, name: str, arguments: tuple[int, ...]
) -> None:
    with pytest.raises(AbiMismatchError, match=f"{name} with {len(arguments)} arguments"):
        returning.function(name)(*arguments)


def test_many_reads_are_one_request_and_keep_their_order(
    rpc: RpcClient, returning: Contract
) -> None:
    reads = [returning.function("same").prepare(i) for i in range(50)]
    assert call_many(rpc, reads) == list(range(50))


def test_one_failing_read_of_many_raises_its_cause(rpc: RpcClient, returning: Contract) -> None:
    set_runtime_code(rpc, HOLDER, REVERTS_WITH_CALLDATA)
    failing = Contract(rpc, HOLDER, ABI)
    with pytest.raises(Reverted) as caught:
        call_many(
            rpc, [returning.function("same").prepare(1), failing.function("Panic").prepare(0x11)]
        )
    assert caught.value.cause == Panic(0x11)
    assert caught.value.what == "Panic(uint256)"


CAUSES = [
    ("TooMuch", (9, HOLDER), CustomError("TooMuch", {"wanted": 9, "holder": HOLDER})),
    ("Error", ("no more",), RevertString("no more")),
    ("Panic", (0x12,), Panic(0x12)),
]


@pytest.mark.parametrize(("name", "arguments", "cause"), CAUSES)
def test_a_reverting_call_and_transaction_name_the_same_cause(
    reverting_contract: Contract,
    sender: str,
    name: str,
    arguments: tuple[object, ...],
    cause: CustomError | RevertString | Panic,
) -> None:
    with pytest.raises(Reverted) as of_call:
        reverting_contract.function(name)(*arguments)
    with pytest.raises(Reverted) as of_transaction:
        reverting_contract.function(name).send(*arguments, sender=sender)
    assert of_call.value.cause == of_transaction.value.cause == cause
    assert of_call.value.transaction_hash is None
    assert of_transaction.value.transaction_hash is not None


def test_causes_with_other_inputs_differ(reverting_contract: Contract) -> None:
    with pytest.raises(Reverted) as caught:
        reverting_contract.function("TooMuch")(9, HOLDER)
    assert caught.value.cause != CustomError("TooMuch", {"wanted": 8, "holder": HOLDER})
    assert f"TooMuch(wanted=9, holder={HOLDER})" in str(caught.value)


def test_an_error_that_no_abi_knows_keeps_its_bytes(reverting_contract: Contract) -> None:
    with pytest.raises(Reverted) as caught:
        reverting_contract.function("Other")(1)
    assert caught.value.cause == UnknownRevert(reverting_contract.function("Other").encode(1))


def test_truncated_revert_data_keeps_its_bytes(rpc: RpcClient, sender: str) -> None:
    set_runtime_code(rpc, PLACE, REVERTS_WITH_CALLDATA)
    data = Abi([{"type": "error", "name": "TooMuch", "inputs": TOO_MUCH}])
    (selector,) = data.errors
    with pytest.raises(Reverted) as caught:
        send_transaction(rpc, sender, PLACE, selector + b"\x01", errors=data)
    assert caught.value.cause == UnknownRevert(selector + b"\x01")


def test_a_revert_without_data_is_bare(rpc: RpcClient, sender: str) -> None:
    set_runtime_code(rpc, PLACE, REVERTS_WITH_CALLDATA)
    with pytest.raises(Reverted) as caught:
        send_transaction(rpc, sender, PLACE)
    assert caught.value.cause == BareRevert()


@pytest.mark.parametrize(
    ("code", "reason"), [(INVALID, "invalid opcode"), (LOOPS_FOR_EVER, "out of gas")]
)
def test_a_halt_is_no_revert(rpc: RpcClient, sender: str, code: bytes, reason: str) -> None:
    set_runtime_code(rpc, PLACE, code)
    contract = Contract(rpc, PLACE, ABI)
    with pytest.raises(Reverted) as of_transaction:
        contract.function("none").send(sender=sender, gas=100_000)
    assert isinstance(of_transaction.value.cause, Halt)
    assert reason in of_transaction.value.cause.reason
    with pytest.raises(Reverted) as of_call:
        contract.function("none")()
    assert isinstance(of_call.value.cause, Halt)


def test_a_failing_precompile_is_a_halt(rpc: RpcClient) -> None:
    bls12_g1_add = Contract(rpc, "0x000000000000000000000000000000000000000b", ABI)
    with pytest.raises(Reverted) as caught:
        bls12_g1_add.function("none")()
    assert caught.value.cause == Halt("PrecompileError")


def test_a_transaction_that_never_ran_is_not_reverted(returning: Contract) -> None:
    with pytest.raises(RpcError, match="No Signer available"):
        returning.function("none").send(sender=HOLDER)


def test_an_impersonated_contract_sends(rpc: RpcClient, returning: Contract) -> None:
    impersonate(rpc, HOLDER)
    set_balance_wei(rpc, HOLDER, 10**18)
    receipt = returning.function("none").send(sender=HOLDER, value_wei=3)
    assert receipt.succeeded
    assert receipt.sender == HOLDER


def test_indexed_values_decode_and_indexed_texts_stay_hashes(rpc: RpcClient, sender: str) -> None:
    set_runtime_code(rpc, PLACE, LOGS_THREE_TOPICS_AND_REST)
    (topic,) = ABI.events
    words = encode(["address", "bytes32", "uint256"], [HOLDER, b"\x55" * 32, 42])
    receipt = send_transaction(rpc, sender, PLACE, topic + words)
    contract = Contract(rpc, PLACE, ABI)
    (moved,) = contract.events(receipt)
    assert moved.name == "Moved"
    assert moved.inputs == {"from": HOLDER, "memo": b"\x55" * 32, "amount": 42}
    assert contract.events(receipt, "Moved") == [moved]
    assert contract.events(receipt, "Other") == []
    assert contract.events_between(receipt.block_number, receipt.block_number) == [moved]
    assert Contract(rpc, HOLDER, ABI).events(receipt) == []


def test_deploying_binds_the_new_contract(rpc: RpcClient, sender: str) -> None:
    creation_code = bytes.fromhex("6007600a5f3960075ff3") + REVERTS_WITH_CALLDATA
    contract, receipt = deploy(rpc, ABI, creation_code, sender=sender)
    assert runtime_code(rpc, contract.address) == REVERTS_WITH_CALLDATA
    assert receipt.contract_address == contract.address


def test_a_constructor_that_reverts_names_its_cause(rpc: RpcClient, sender: str) -> None:
    with pytest.raises(Reverted, match="constructor") as caught:
        deploy(rpc, ABI, bytes.fromhex("5f5ffd"), sender=sender)
    assert caught.value.cause == BareRevert()


def test_the_real_deposit_contract_takes_a_right_root_and_refuses_a_wrong_one(
    rpc: RpcClient, sender: str
) -> None:
    contract = deposit_contract(rpc)
    data = DepositData(b"\x01" * 48, b"\x02" * 32, GWEI, b"\x03" * 96)
    fields = (data.pubkey, data.withdrawal_credentials, data.signature)
    receipt = contract.deposit.send(
        *fields, deposit_data_root(data), sender=sender, value_wei=10**18
    )
    (deposit,) = deposits_of(contract.events(receipt, "DepositEvent"))
    assert (deposit.data, deposit.index) == (data, 0)
    with pytest.raises(Reverted) as caught:
        contract.deposit.send(*fields, bytes(32), sender=sender, value_wei=10**18)
    assert isinstance(caught.value.cause, RevertString)
    assert "does not match supplied deposit_data_root" in caught.value.cause.text


def test_a_read_may_name_an_earlier_block(rpc: RpcClient, sender: str) -> None:
    contract = deposit_contract(rpc)
    before = block_head(rpc).number
    data = DepositData(b"\x01" * 48, b"\x02" * 32, GWEI, b"\x03" * 96)
    fields = (data.pubkey, data.withdrawal_credentials, data.signature)
    contract.deposit.send(*fields, deposit_data_root(data), sender=sender, value_wei=10**18)
    assert contract.get_deposit_count(block=before) == bytes(8)
    assert contract.get_deposit_count() == b"\x01" + bytes(7)
