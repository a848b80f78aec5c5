"""The whole storage of a contract against what it should be, so that nothing can hide from getters.

Events and getters show what is meant to be there. A role written straight into storage for an
account that no event names would be seen by neither, but it needs a slot.
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import rlp
from eth_utils.crypto import keccak
from trie import HexaryTrie

from keel.chain.contract import PreparedCall
from keel.chain.errors import RpcError
from keel.chain.rpc import Request, RpcClient
from keel.chain.state import word


@dataclass(frozen=True, slots=True)
class Word:
    """What a slot means, and its value; None leaves the value to other checks."""

    meaning: str
    value: int | None


@dataclass(frozen=True, slots=True)
class ExpectedStorage:
    """All slots of a contract that may differ from zero."""

    contract: str
    address: str
    words: Mapping[int, Word]


def storage_differences(rpc: RpcClient, expected: Sequence[ExpectedStorage]) -> list[str]:
    """Name every slot whose value is not as expected, and whatever else a contract stores."""
    found = []
    others = _other_slots(rpc)
    for contract in expected:
        slots = list(contract.words)
        requests: list[Request] = [
            ("eth_getStorageAt", (contract.address, word(slot), "latest")) for slot in slots
        ]
        actual = {
            slot: int(answer, 16) for slot, answer in zip(slots, rpc.batch(requests), strict=True)
        }
        for slot, wanted in contract.words.items():
            if wanted.value is not None and actual[slot] != wanted.value:
                found.append(
                    f"{contract.contract}: {wanted.meaning} is stored as {actual[slot]:#x}, "
                    f"{wanted.value:#x} expected"
                )
        other = others.find(contract, actual)
        if other is not None:
            found.append(f"{contract.contract}: {other}")
    return found


def slots_read_by(rpc: RpcClient, address: str, calls: Sequence[PreparedCall]) -> set[int]:
    """Slots of a contract that calls touch (eth_createAccessList)."""
    requests: list[Request] = [("eth_createAccessList", (call.request, "latest")) for call in calls]
    return {
        int(key, 16)
        for answer in rpc.batch(requests)
        for entry in answer["accessList"]
        if entry["address"].lower() == address.lower()
        for key in entry["storageKeys"]
    }


def storage_root(values: Mapping[int, int]) -> bytes:
    """Root of an account's storage trie; zero values are not in it (yellow paper, 4.1)."""
    trie = HexaryTrie({})
    for slot, value in values.items():
        if value:
            trie[keccak(slot.to_bytes(32, "big"))] = rlp.encode(value)
    return bytes(trie.root_hash)


class OtherSlotsInDump:
    """Anvil tells its whole state; its storage roots are of no use, since they count zeros."""

    def __init__(self, dump: str) -> None:
        state = orjson.loads(gzip.decompress(bytes.fromhex(dump.removeprefix("0x"))))
        self._accounts: dict[str, Any] = state["accounts"]

    def find(self, contract: ExpectedStorage, _actual: Mapping[int, int]) -> str | None:
        """Describe a slot that is set beside the expected ones."""
        stored = self._accounts.get(contract.address.lower(), {}).get("storage", {})
        used = {int(slot, 16) for slot, value in stored.items() if int(value, 16)}
        extra = sorted(used - set(contract.words))
        return f"slot {word(extra[0])} is set, but nothing known explains it" if extra else None


class OtherSlotsByRoot:
    """Elsewhere the storage root of eth_getProof must be that of the known slots."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    def find(self, contract: ExpectedStorage, actual: Mapping[int, int]) -> str | None:
        """Say whether slots are set beside the expected ones, whose values are `actual`."""
        try:
            proof = self._rpc.call("eth_getProof", contract.address, [], "latest")
        except RpcError as error:
            return f"the whole storage cannot be checked: {error}"
        if storage_root(actual) == bytes.fromhex(proof["storageHash"][2:]):
            return None
        return "a slot is set that nothing known explains"


def _other_slots(rpc: RpcClient) -> OtherSlotsInDump | OtherSlotsByRoot:
    if str(rpc.call("web3_clientVersion")).lower().startswith("anvil"):
        return OtherSlotsInDump(rpc.call("anvil_dumpState"))
    return OtherSlotsByRoot(rpc)
