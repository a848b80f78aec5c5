"""The keys that the registry recorded as staked, with their operators."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keel.chain.state import block_head
from keel.deploy.contracts import OperatorRegistry

type Bytes = NDArray[np.uint8]

_PUBKEY_BYTES = 48


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Keys that the registry recorded by `KeyStaked`, in order, and their operators.

    `pubkeys` has a row of 48 bytes for each.
    """

    pubkeys: Bytes
    operator_ids: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.pubkeys)

    def pubkey(self, position: int) -> bytes:
        """One key."""
        return bytes(self.pubkeys[position])


def recorded_keys(keys: Iterable[tuple[bytes, int]]) -> Recorded:
    """Keys with their operators, in the order of staking."""
    pairs = list(keys)
    rows = np.frombuffer(b"".join(pubkey for pubkey, _ in pairs), np.uint8)
    operators = np.array([operator_id for _, operator_id in pairs], np.uint32)
    return Recorded(rows.reshape(-1, _PUBKEY_BYTES), operators)


def staked_pubkeys(registry: OperatorRegistry, first_block: int) -> dict[bytes, int]:
    """Every public key that was staked, in order, and its operator."""
    last_block = block_head(registry.rpc).number
    return {
        event.inputs["pubkey"]: event.inputs["operatorId"]
        for event in registry.events_between(first_block, last_block, "KeyStaked")
    }
