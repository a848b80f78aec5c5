"""What mypy knows of the contracts is what their ABIs say."""

from typing import Any

import pytest

from toolchain.contract_types import current, written

UINT = {"name": "amountWei", "type": "uint256"}
OWNER = {"name": "owner", "type": "address"}
TICKET = {
    "name": "",
    "type": "tuple[]",
    "internalType": "struct IQueue.Ticket[]",
    "components": [OWNER, {"name": "index", "type": "uint256"}],
}


def function(name: str, inputs: list[Any], outputs: list[Any]) -> dict[str, Any]:
    return {"type": "function", "name": name, "inputs": inputs, "outputs": outputs}


def types_of(*functions: dict[str, Any]) -> str:
    return written({"Queue": functions})


def test_the_written_types_are_those_of_the_compiled_contracts() -> None:
    for target, source in current().items():
        assert target.read_text() == source, "run `make types`"


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        ([], [], "Function[None]"),
        ([OWNER], [UINT], "Function[int, AddressLike]"),
        ([UINT], [OWNER], "Function[str, int]"),
        (
            [{"type": "bytes32[]"}],
            [{"type": "bool[2]"}],
            "Function[tuple[bool, ...], Sequence[bytes]]",
        ),
        ([TICKET], [{"type": "string"}], "Function[str, Sequence[Struct]]"),
        ([], [TICKET], "Function[tuple[QueueTicket, ...]]"),
        ([], [{"type": "int8"}, {"type": "bytes"}], "Function[tuple[int, bytes]]"),
        ([], [UINT, OWNER], "Function[QueueAsked]"),
    ],
)
def test_a_function_has_its_result_then_its_arguments(
    inputs: list[Any], outputs: list[Any], expected: str
) -> None:
    assert f"    asked: {expected}\n" in types_of(function("asked", inputs, outputs))


def test_a_struct_has_its_fields_and_hides_methods_of_tuple_knowingly() -> None:
    source = types_of(function("tickets", [], [TICKET]))
    assert "class QueueTicket(NamedTuple):" in source
    assert "    owner: str\n    index: int  # type: ignore[assignment]\n" in source


def test_functions_that_share_a_name_are_not_checked() -> None:
    source = types_of(function("claim", [UINT], []), function("claim", [UINT, OWNER], []))
    assert source.count("claim: Function[Any, *tuple[Any, ...]]") == 1


def test_two_structs_of_one_title_must_have_the_same_fields() -> None:
    other = {**TICKET, "components": [OWNER]}
    with pytest.raises(ValueError, match="QueueTicket"):
        types_of(function("a", [], [TICKET]), function("b", [], [other]))
