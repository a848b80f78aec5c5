"""Snapshots that hold both layers, so that tests branch off one chain cheaply."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

from keel.chain.clock import restore_snapshot, take_snapshot
from keel.chain.errors import ChainError
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import SnapshotEndedError
from keel.consensus.beacon.outcome import Moved
from keel.consensus.beacon.spec import State

type Contents = dict[str, Any]


@dataclass
class Snapshot:
    """A moment of a chain; it may be restored often. Restoring an earlier one ends it."""

    anvil: str
    state: State
    folded_block: int
    folded_hash: str
    moved: Moved | None
    contents: list[Contents]


def take_branch(chain: BeaconChain) -> Snapshot:
    """Remember both layers, the keys, who is offline, and what waits for a block.

    What waits in Anvil's own pool is not remembered: a restored chain has an empty one.
    """
    return Snapshot(
        anvil=take_snapshot(chain.rpc),
        state=chain.state,
        folded_block=chain.execution.folded_block,
        folded_hash=chain.execution.folded_hash,
        moved=chain.moved,
        contents=[_contents(part) for part in _parts(chain)],
    )


def restore_branch(chain: BeaconChain, snapshot: Snapshot) -> None:
    """Return to a snapshot; raises SnapshotEndedError when an earlier one was restored since."""
    with chain.turns.taking():
        if not _restore(chain, snapshot):
            slot = int(snapshot.state.slot)
            raise SnapshotEndedError(
                f"the snapshot of slot {slot} ended when an earlier one was restored"
            )
        snapshot.anvil = take_snapshot(chain.rpc)
        chain.announce()


def leave_branch(chain: BeaconChain, snapshot: Snapshot) -> bool:
    """Return to a snapshot and end it; False, and nothing is changed, when it ended before."""
    with chain.turns.taking():
        if not _restore(chain, snapshot):
            return False
        chain.announce()
    return True


@contextmanager
def branching(chain: BeaconChain) -> Iterator[BeaconChain]:
    """Take back at the end whatever the block inside did to both layers."""
    snapshot = take_branch(chain)
    try:
        yield chain
    finally:
        restore_branch(chain, snapshot)


def _restore(chain: BeaconChain, snapshot: Snapshot) -> bool:
    # First, since whatever waits in a pool of a chain that mines on request is there for good.
    chain.rpc.call("anvil_dropAllTransactions")
    try:
        restore_snapshot(chain.rpc, snapshot.anvil)
    except ChainError:
        return False
    chain.rpc.call("anvil_dropAllTransactions")
    chain.state, chain.moved = snapshot.state, snapshot.moved
    chain.execution.forget_since(snapshot.folded_block, snapshot.folded_hash)
    for part, contents in zip(_parts(chain), snapshot.contents, strict=True):
        for name, value in contents.items():
            setattr(part, name, copy.copy(value))
    return True


def _parts(chain: BeaconChain) -> list[Any]:
    return [chain.keys, chain.participation, chain.fees, chain.pool, chain.store]


def _contents(part: Any) -> Contents:
    """Plain values and collections of a part; what they hold is never changed in place."""
    values = {field.name: getattr(part, field.name) for field in fields(part)}
    plain = (dict, list, set, int, str, bytes)
    return {name: copy.copy(value) for name, value in values.items() if isinstance(value, plain)}
