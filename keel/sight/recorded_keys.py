"""The keys that the registry recorded as staked, with their operators."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keel.deploy.bindings import Bindings

type Bytes = NDArray[np.uint8]

_PUBKEY_BYTES = 48


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Keys that the registry recorded by `KeyStaked`, in order, and their operators.

    They are those up to `block_number`; `pubkeys` has a row of 48 bytes for each.
    """

    pubkeys: Bytes
    operator_ids: NDArray[np.uint32]
    block_number: int = 0

    def __len__(self) -> int:
        return len(self.pubkeys)

    def pubkey(self, position: int) -> bytes:
        """One key."""
        return bytes(self.pubkeys[position])


def recorded_keys(keys: Iterable[tuple[bytes, int]], block_number: int = 0) -> Recorded:
    """Keys with their operators, in the order of staking."""
    pairs = list(keys)
    rows = np.frombuffer(b"".join(pubkey for pubkey, _ in pairs), np.uint8)
    operators = np.array([operator_id for _, operator_id in pairs], np.uint32)
    return Recorded(rows.reshape(-1, _PUBKEY_BYTES), operators, block_number)


def read_recorded(
    bindings: Bindings, first_block: int, last_block: int, known: Recorded | None = None
) -> Recorded:
    """Keys that were staked up to a block.

    `known` ones are of an earlier block that is final; those of a later block are of no use here.
    """
    if known is not None and known.block_number > last_block:
        known = None
    first = first_block if known is None else known.block_number + 1
    events = bindings.registry.events_between(first, last_block, "KeyStaked")
    keys = [(event.inputs["pubkey"], event.inputs["operatorId"]) for event in events]
    added = recorded_keys(keys, last_block)
    if known is None:
        return added
    return Recorded(
        np.concatenate([known.pubkeys, added.pubkeys]),
        np.concatenate([known.operator_ids, added.operator_ids]),
        last_block,
    )
