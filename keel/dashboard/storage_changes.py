"""What a transaction changed in storage and ether, by the node's own trace of it.

A slot's number says little. Those of the variables of a contract are small; those of mappings are
hashes, which can be told for keys that the transaction itself names: accounts and small numbers.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from keel.chain.abi import checksummed
from keel.chain.rpc import RpcClient

CHANGES_SHOWN = 200
_VARIABLES = 64
_STRUCT_WORDS = 4
_WORD_BYTES = 32


@dataclass(frozen=True, slots=True)
class SlotChange:
    """A word of storage; `meaning` says what the slot is as far as that can be told."""

    contract: str
    slot: str
    meaning: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """Ether of an account, gas included."""

    account: str
    change_wei: int


@dataclass(frozen=True, slots=True)
class Changes:
    """Everything that was changed; `left_out` slots are too many to be shown."""

    slots: tuple[SlotChange, ...]
    balances: tuple[BalanceChange, ...]
    left_out: int


def read_changes(rpc: RpcClient, transaction_hash: str, keys: Iterable[str | int]) -> Changes:
    """Ask for the trace; `keys` may be those of mappings. Raises RpcError where nodes do not trace.

    Answers of another shape raise LookupError, TypeError or ValueError.
    """
    options = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}
    trace = rpc.call("debug_traceTransaction", transaction_hash, options)
    known = _known_slots(keys)
    slots = [change for address in _addresses(trace) for change in _slots(trace, address, known)]
    balances = [each for address in _addresses(trace) for each in _balances(trace, address)]
    return Changes(
        tuple(slots[:CHANGES_SHOWN]), tuple(balances), max(0, len(slots) - CHANGES_SHOWN)
    )


def _addresses(trace: Mapping[str, Any]) -> list[str]:
    return sorted({*trace["pre"], *trace["post"]})


def _slots(
    trace: Mapping[str, Any], address: str, known: Mapping[int, str]
) -> Iterator[SlotChange]:
    before = trace["pre"].get(address, {}).get("storage", {})
    after = trace["post"].get(address, {}).get("storage", {})
    for slot in sorted({*before, *after}):
        old, new = int(before.get(slot, "0x0"), 16), int(after.get(slot, "0x0"), 16)
        if old != new:
            yield SlotChange(
                contract=checksummed(address),
                slot=slot,
                meaning=_meaning(int(slot, 16), known),
                before=hex(old),
                after=hex(new),
            )


def _balances(trace: Mapping[str, Any], address: str) -> Iterator[BalanceChange]:
    after = trace["post"].get(address, {})
    if "balance" not in after:
        return
    before = trace["pre"].get(address, {}).get("balance", "0x0")
    change_wei = int(after["balance"], 16) - int(before, 16)
    if change_wei:
        yield BalanceChange(checksummed(address), change_wei)


def _meaning(slot: int, known: Mapping[int, str]) -> str:
    return f"variable {slot}" if slot < _VARIABLES else known.get(slot, "")


def _known_slots(keys: Iterable[str | int]) -> dict[int, str]:
    """Solidity's layout: the entry of key k in the mapping at slot p is at keccak(k, p)."""
    found: dict[int, str] = {}
    for key in keys:
        number = int(key, 16) if isinstance(key, str) else key
        for place in range(_VARIABLES):
            words = number.to_bytes(_WORD_BYTES, "big") + place.to_bytes(_WORD_BYTES, "big")
            first = int.from_bytes(keccak(words), "big")
            for part in range(_STRUCT_WORDS):
                word = f", word {part}" if part else ""
                found[first + part] = f"mapping {place}, key {key}{word}"
    return found
