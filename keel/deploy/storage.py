"""The whole storage of a contract against what it should be, so that nothing can hide from getters.

Events and getters show what is meant to be there. A role written straight into storage for an
account that no event names would be seen by neither. But every word is a leaf of the contract's
storage trie, and Merkle proofs (EIP-1186) show all nodes on the way to a leaf, with references to
its neighbours. Following these finds every leaf, on any node.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

import rlp
from eth_utils.crypto import keccak

from keel.chain.contract import PreparedCall
from keel.chain.errors import ChainError, RpcError
from keel.chain.rpc import Request, RpcClient
from keel.chain.state import word

_EMPTY_ROOT = keccak(rlp.encode(b""))
_BRANCH_ITEMS = 17
_SEARCHED_NIBBLES = 5
"""Ten seconds of hashing. Nodes that keep words of 0 have 20 unknown slots of an AccessManager;
with four nibbles, chance hid one of them in one deployment of a hundred.
"""


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


def storage_differences(
    rpc: RpcClient, expected: Sequence[ExpectedStorage], unchecked: list[str]
) -> list[str]:
    """Name every word that is not as expected, and every one that is not expected at all.

    `unchecked` gets the contracts whose proofs the node does not serve.
    """
    found = []
    for contract in expected:
        try:
            found += [f"{contract.contract}: {text}" for text in _differences(rpc, contract)]
        except RpcError as error:
            unchecked.append(f"{contract.contract}: its whole storage: {error}")
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


def stored_words(rpc: RpcClient, address: str, likely: Sequence[int]) -> Mapping[bytes, int]:
    """All words of an account that are not zero, by the hash of their slot.

    `likely` slots are asked for first; each other one costs a request. Raises RpcError when the
    node gives no proofs, WithheldError when they are not whole.
    """
    trie = _StorageTrie(rpc, address)
    trie.fetch(likely)
    return {hashed: value for hashed, value in trie.leaves(trie.root, ()) if value}


class WithheldError(ChainError):
    """The node serves proofs that do not lead to all words."""


class _StorageTrie:
    """Nodes of one account's storage trie, as far as they were needed."""

    def __init__(self, rpc: RpcClient, address: str) -> None:
        self._rpc = rpc
        self._address = address
        self._nodes: dict[bytes, Any] = {}
        self.root = _EMPTY_ROOT

    def fetch(self, slots: Sequence[int]) -> None:
        """Learn all nodes on the way to these slots."""
        keys = [word(slot) for slot in slots]
        answer = self._rpc.call("eth_getProof", self._address, keys, "latest")
        self.root = bytes.fromhex(answer["storageHash"][2:])
        for proof in answer["storageProof"]:
            for text in proof["proof"]:
                node = bytes.fromhex(text[2:])
                self._nodes[keccak(node)] = rlp.decode(node)

    def leaves(self, reference: Any, path: tuple[int, ...]) -> Iterator[tuple[bytes, int]]:
        """Hashed slot and value of each leaf below a node, given by its hash or inline."""
        if reference in (b"", _EMPTY_ROOT):
            return
        node = reference if isinstance(reference, list) else self._node(reference, path)
        if len(node) == _BRANCH_ITEMS:
            for nibble, child in enumerate(node[:16]):
                yield from self.leaves(child, (*path, nibble))
            return
        part, is_leaf = _compact_path(node[0])
        if is_leaf:
            digits = "".join(f"{nibble:x}" for nibble in (*path, *part))
            yield bytes.fromhex(digits), int.from_bytes(rlp.decode(node[1]), "big")
        else:
            yield from self.leaves(node[1], (*path, *part))

    def _node(self, node_hash: bytes, path: tuple[int, ...]) -> Any:
        if node_hash not in self._nodes:
            self.fetch([_slot_below(path)])
        if node_hash not in self._nodes:
            raise WithheldError("a node of the storage trie is missing")
        return self._nodes[node_hash]


def _differences(rpc: RpcClient, contract: ExpectedStorage) -> Iterator[str]:
    slots = {keccak(slot.to_bytes(32, "big")): slot for slot in contract.words}
    try:
        stored = stored_words(rpc, contract.address, list(contract.words))
    except WithheldError as error:
        yield f"its whole storage cannot be read: {error}"
        return
    for hashed, slot in slots.items():
        wanted, actual = contract.words[slot], stored.get(hashed, 0)
        if wanted.value not in (None, actual):
            yield f"{wanted.meaning} is stored as {actual:#x}, {wanted.value:#x} expected"
    for hashed in sorted(set(stored) - set(slots)):
        yield (
            f"{stored[hashed]:#x} is stored where nothing should be, "
            f"in the slot with the hash 0x{hashed.hex()}"
        )


def _compact_path(encoded: bytes) -> tuple[tuple[int, ...], bool]:
    """Read a hex-prefix encoding: nibbles, and whether a leaf follows (yellow paper, C)."""
    nibbles = tuple(int(digit, 16) for digit in encoded.hex())
    flag = nibbles[0]
    return nibbles[1 if flag & 1 else 2 :], bool(flag & 2)


@cache
def _slot_below(path: tuple[int, ...]) -> int:
    """Find some slot whose hash begins with these nibbles (five need some million hashes)."""
    if len(path) > _SEARCHED_NIBBLES:
        raise WithheldError(f"unknown slots share {len(path)} nibbles")
    prefix = "".join(f"{nibble:x}" for nibble in path)
    return next(
        slot for slot in count() if keccak(slot.to_bytes(32, "big")).hex().startswith(prefix)
    )
