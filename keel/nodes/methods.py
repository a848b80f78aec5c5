"""What agreement means for each JSON-RPC method that services use; others are not asked of several.

A node may be ahead, may hold other waiting transactions and may count fees in its own way: only
what follows from one block must be equal.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

from keel.chain.errors import RpcError
from keel.chain.revert import Halt, cause_of


class Rule(Enum):
    """How the answers of several nodes become one."""

    EQUAL = "as many equal answers as must agree"
    EQUAL_OR_NULL = "equal answers, null while too few nodes give them"
    FIRST = "the first answer that is not null"
    REACHED = "the highest that enough nodes have reached"
    MIDDLE = "the median of enough answers"
    HEAD = "the number of the agreed head"
    SENT = "one acceptance by any node"


@dataclass(frozen=True, slots=True)
class Method:
    """The rule of a method, why, which parameter names a block, and which fields must be equal."""

    rule: Rule
    reason: str
    block_at: int | None = None
    compared: tuple[str, ...] = ()


_BLOCK = [
    "number",
    "hash",
    "parentHash",
    "timestamp",
    "stateRoot",
    "miner",
    "baseFeePerGas",
    "gasUsed",
    "gasLimit",
]
_LOG = ["address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex"]
_RECEIPT = [
    "transactionHash",
    "blockHash",
    "blockNumber",
    "status",
    "from",
    "to",
    "contractAddress",
    "gasUsed",
    "effectiveGasPrice",
    "logs",
]
_OF_A_BLOCK = "follows from the block alone"
_OF_A_HEADER = "follows from the block alone; clients add fields of their own"
_OF_THE_POOL = "nodes hold other waiting transactions"

METHODS: Mapping[str, Method] = {
    "eth_chainId": Method(Rule.EQUAL, "one chain has one id"),
    "eth_blockNumber": Method(Rule.HEAD, "nodes are at different heads"),
    "eth_getBlockByNumber": Method(Rule.EQUAL, _OF_A_HEADER, 0, tuple(_BLOCK)),
    "eth_getBlockByHash": Method(Rule.EQUAL, _OF_A_HEADER, None, tuple(_BLOCK)),
    "eth_call": Method(Rule.EQUAL, _OF_A_BLOCK, 1),
    "eth_getBalance": Method(Rule.EQUAL, _OF_A_BLOCK, 1),
    "eth_getCode": Method(Rule.EQUAL, _OF_A_BLOCK, 1),
    "eth_getStorageAt": Method(Rule.EQUAL, _OF_A_BLOCK, 2),
    "eth_getTransactionCount": Method(Rule.EQUAL, _OF_A_BLOCK, 1),
    "eth_getLogs": Method(Rule.EQUAL, _OF_A_HEADER, None, tuple(_LOG)),
    "eth_getTransactionReceipt": Method(
        Rule.EQUAL_OR_NULL,
        "nodes learn of a block at different times; it is mined once enough nodes say so",
        None,
        tuple(_RECEIPT),
    ),
    "eth_getTransactionByHash": Method(Rule.FIRST, "in one node's pool is enough to be mined"),
    "eth_estimateGas": Method(
        Rule.REACHED, "clients estimate differently; no single node can make it too expensive", 1
    ),
    "eth_gasPrice": Method(Rule.MIDDLE, "an estimate; no single node moves the median"),
    "eth_maxPriorityFeePerGas": Method(Rule.MIDDLE, "an estimate; no single node moves the median"),
    "eth_feeHistory": Method(
        Rule.EQUAL,
        "base fees follow from the blocks; rewards, which clients count differently, may differ",
        1,
        ("oldestBlock", "baseFeePerGas"),
    ),
    "eth_sendRawTransaction": Method(
        Rule.SENT, "every node that has it helps; a node that lacks it keeps nobody from mining it"
    ),
    "debug_traceTransaction": Method(Rule.FIRST, "only explains; many nodes do not serve it"),
    "web3_clientVersion": Method(Rule.FIRST, "only for people"),
}

PENDING_COUNT = Method(Rule.REACHED, f"{_OF_THE_POOL}; no single node can invent a higher nonce")
"""eth_getTransactionCount of "pending"."""


def method_of(name: str, params: Sequence[Any]) -> Method | None:
    """Return the rule for a request, None if there is none."""
    if name == "eth_getTransactionCount" and list(params[1:2]) == ["pending"]:
        return PENDING_COUNT
    return METHODS.get(name)


def names_latest(name: str, params: Sequence[Any], method: Method) -> bool:
    """Whether the answer to a request depends on which block is the latest."""
    if method.rule is Rule.HEAD:
        return True
    if name == "eth_getLogs" and params and "blockHash" not in params[0]:
        ends = (params[0].get(end, "latest") for end in ("fromBlock", "toBlock"))
        return "latest" in ends
    at = method.block_at
    return at is not None and (len(params) <= at or params[at] == "latest")


def at_block(name: str, params: Sequence[Any], method: Method, number: int) -> list[Any]:
    """Replace "latest", written or left out, by the number of a block."""
    pinned = list(params)
    if name == "eth_getLogs":
        asked = {"fromBlock": "latest", "toBlock": "latest", **pinned[0]}
        ends = {end: hex(number) for end in ("fromBlock", "toBlock") if asked[end] == "latest"}
        return [{**asked, **ends}, *pinned[1:]]
    at = method.block_at
    if at is not None and len(pinned) >= at:
        pinned[at:] = [hex(number), *pinned[at + 1 :]]
    return pinned


def comparable(method: Method, answer: Any) -> Hashable:
    """What must be equal of an answer: reverts by their data, other errors by their code."""
    if isinstance(answer, RpcError):
        cause = cause_of(answer)
        if cause is None:
            return ("error", answer.code)
        return ("halt",) if isinstance(cause, Halt) else ("revert", answer.data or b"")
    return ("answer", orjson.dumps(_reduced(answer, method.compared), option=orjson.OPT_SORT_KEYS))


def is_of_the_chain(error: RpcError) -> bool:
    """Whether an error is the chain's answer, and not a node's failure to give one."""
    return cause_of(error) is not None


def _reduced(answer: Any, compared: Sequence[str]) -> Any:
    if isinstance(answer, str):
        return answer.lower()
    if isinstance(answer, list):
        return [_reduced(each, compared) for each in answer]
    if isinstance(answer, dict) and compared:
        inner = {"logs": _LOG}
        return {name: _reduced(answer.get(name), inner.get(name, ())) for name in compared}
    return answer
