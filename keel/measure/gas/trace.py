"""Where the gas of a transaction goes, by class of opcode, from debug_traceTransaction."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keel.chain.rpc import RpcClient

TRANSACTION_GAS = 21_000
COLD_SLOAD_GAS = 2_100  # EIP-2929
COLD_ACCOUNT_GAS = 2_600
LAST_PRECOMPILE = 0x11  # EIP-2537

_CALLS = {"CALL", "STATICCALL", "DELEGATECALL", "CALLCODE", "CREATE", "CREATE2"}
_MEMORY = {"MLOAD", "MSTORE", "MSTORE8", "MCOPY", "CALLDATACOPY", "RETURNDATACOPY", "CODECOPY"}
_ACCOUNTS = {"BALANCE", "EXTCODESIZE", "EXTCODEHASH", "EXTCODECOPY"}

type Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Gas by class; the classes add up to `gas_used`. `counts` has how often each occurred."""

    gas_used: int
    gas: Mapping[str, int]
    counts: Mapping[str, int]


def breakdown(rpc: RpcClient, transaction_hash: str) -> Breakdown:
    """Trace a mined transaction."""
    transaction = rpc.call("eth_getTransactionByHash", transaction_hash)
    receipt = rpc.call("eth_getTransactionReceipt", transaction_hash)
    trace = rpc.call("debug_traceTransaction", transaction_hash, {})
    gas_used = int(receipt["gasUsed"], 16)
    data = bytes.fromhex(transaction["input"][2:])
    gas: Counter[str] = Counter({"transaction": TRANSACTION_GAS, "calldata": calldata_gas(data)})
    counts: Counter[str] = Counter({"transaction": 1, "calldata": len(data)})
    for kind, cost in _own_costs(trace["structLogs"]):
        gas[kind] += cost
        counts[kind] += 1
    left = gas_used - gas.total()
    gas["refund" if left < 0 else "calldata floor"] = left
    return Breakdown(gas_used, dict(gas.most_common()), dict(counts))


def calldata_gas(data: bytes) -> int:
    """EIP-2028, without the floor of EIP-7623."""
    zeros = data.count(0)
    return 4 * zeros + 16 * (len(data) - zeros)


def _own_costs(steps: Sequence[Step]) -> Iterator[tuple[str, int]]:
    """Each step's class and gas, a call's without what its callee spent.

    What a frame had before a call, minus what it has at its next step, is what call and callee
    spent together; the callee's part is known from its own steps.
    """
    spent_below: dict[int, int] = {}  # by depth: gas of all steps in frames called from there
    open_calls: dict[int, Step] = {}
    for position, step in enumerate(steps):
        depth = step["depth"]
        following = steps[position + 1] if position + 1 < len(steps) else None
        if step["op"] in _CALLS:
            open_calls[depth] = step
            spent_below[depth] = 0
            if following is None or following["depth"] > depth:
                continue
            cost = step["gas"] - following["gas"]
            yield _call_class(step, cost), cost
        else:
            cost = step["gasCost"]
            yield _class(step, cost), cost
        if depth > 1:
            spent_below[depth - 1] += cost
        # The frame ended: its caller's call can now be settled.
        while following is not None and following["depth"] < depth:
            depth -= 1
            call = open_calls.pop(depth)
            cost = call["gas"] - following["gas"] - spent_below[depth]
            yield _call_class(call, cost), cost
            if depth > 1:
                spent_below[depth - 1] += cost + spent_below[depth]


def _class(step: Step, cost: int) -> str:
    op = step["op"]
    if op == "SLOAD":
        return "SLOAD cold" if cost >= COLD_SLOAD_GAS else "SLOAD warm"
    if op.startswith("LOG"):
        return "LOG"
    if op in _MEMORY:
        return "memory"
    if op in _ACCOUNTS:
        return "account access"
    if op in ("SSTORE", "KECCAK256"):
        return str(op)
    return "TLOAD, TSTORE" if op in ("TLOAD", "TSTORE") else "other"


def _call_class(step: Step, cost: int) -> str:
    if step["op"].startswith("CREATE"):
        return "CREATE"
    callee = int(step["stack"][-2], 16)
    if 0 < callee <= LAST_PRECOMPILE:
        return "precompile"
    return "call cold" if cost >= COLD_ACCOUNT_GAS else "call warm"
