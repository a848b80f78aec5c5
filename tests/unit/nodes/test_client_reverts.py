"""A revert is a revert in the words and codes of every client, and in any order of nodes."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest

from keel.chain.abi import CustomError
from keel.chain.contract import Contract
from keel.chain.errors import RpcError
from keel.chain.revert import BareRevert, Halt, Reverted
from keel.chain.rpc import RpcClient
from keel.nodes.agreed_rpc import AgreedRpc
from keel.nodes.errors import NoAgreementError
from tests.robustness.client_table import each_row, rows
from tests.unit.nodes.node_servers import Answer, Answering, serving

ADDRESS = "0x" + "11" * 20
ABI = [
    {
        "type": "function",
        "name": "try_it",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": "uint256"}],
    },
    {
        "type": "error",
        "name": "RefSlotNotNewest",
        "inputs": [{"name": "slot", "type": "uint256"}, {"name": "newest", "type": "uint256"}],
    },
]
RETURNED = "0xf217ec8c" + f"{31:064x}" * 2
WORD = "0x" + f"{7:064x}"


@pytest.fixture
def nodes() -> Iterator[Callable[..., Contract]]:
    """A contract as nodes show it that answer in the words of these rows, None with a number."""
    with ExitStack() as stack:

        def make(*said: dict[str, Any] | None, agree: int = 1) -> Contract:
            urls = [stack.enter_context(serving(_answering(each))) for each in said]
            return Contract(stack.enter_context(AgreedRpc(urls, agree, 2.0)), ADDRESS, ABI)

        yield make


def _answering(row: dict[str, Any] | None) -> Answering:
    def answer(_path: str, body: bytes) -> Answer:
        asked = orjson.loads(body)
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
        if asked["method"] == "eth_getBlockByNumber":
            reply["result"] = {
                "number": "0x10",
                "hash": "0x" + "22" * 32,
                "timestamp": "0x1",
                "gasUsed": "0x0",
            }
        elif row is None:
            reply["result"] = WORD
        else:
            reply["error"] = error_of(row)
        return Answer(orjson.dumps(reply))

    return answer


def error_of(row: dict[str, Any]) -> dict[str, Any]:
    """The error object of a row."""
    error = {"code": row["code"], "message": row["message"]}
    return error | ({"data": row["data"].replace("{data}", RETURNED)} if "data" in row else {})


def _outcome(contract: Contract) -> object:
    """What a caller hears, without the node's own words."""
    try:
        return contract.function("try_it")()
    except Reverted as error:
        return "halt" if isinstance(error.cause, Halt) else error.cause
    except (RpcError, NoAgreementError):
        return "node"


def _expected(row: dict[str, Any]) -> object:
    found = {"bare": BareRevert(), "halt": "halt", "node": "node"}
    return found.get(row["means"], _the_error())


def _the_error() -> CustomError:
    found = Contract(RpcClient("http://unused:1"), ADDRESS, ABI).abi.decode_error(
        bytes.fromhex(RETURNED[2:])
    )
    assert found is not None
    assert dict(found.inputs) == {"slot": 31, "newest": 31}
    return found


@each_row("reverts")
def test_each_client_s_answer_means_what_the_table_says(
    row: dict[str, Any], nodes: Callable[..., Contract]
) -> None:
    contract = nodes(row)
    assert _outcome(contract) == _expected(row)


@each_row("reverts")
def test_the_order_of_nodes_decides_nothing(
    row: dict[str, Any], nodes: Callable[..., Contract]
) -> None:
    geth = rows("reverts")[0]
    found = set()
    for said in itertools.permutations([geth, geth, row]):
        contract = nodes(*said, agree=2)
        found.add(repr(_outcome(contract)))
    assert found == {repr(_the_error())}


def test_nodes_that_differ_on_why_agree_that_it_reverts(nodes: Callable[..., Contract]) -> None:
    by_client = {row["client"]: row for row in rows("reverts")}
    with_data, bare, node = (by_client[name] for name in ("Geth", "Geth, bare", "gateway"))
    found = set()
    for said in itertools.permutations([with_data, bare, node]):
        contract = nodes(*said, agree=2)
        found.add(repr(_outcome(contract)))
    assert found == {repr(BareRevert())}


def test_one_revert_among_nodes_that_fail_is_no_revert(nodes: Callable[..., Contract]) -> None:
    by_client = {row["client"]: row for row in rows("reverts")}
    said = [by_client["Geth"], by_client["gateway"], None]
    for order in itertools.permutations(said):
        contract = nodes(*order, agree=2)
        with pytest.raises(NoAgreementError):
            contract.function("try_it")()
