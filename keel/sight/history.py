"""What Keel's events tell: keys committed and staked, exits asked for, roles given, modules set."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keel.chain.abi import Event
from keel.chain.state import BlockHead
from keel.deploy.bindings import Bindings
from keel.nodes.errors import NodeError
from keel.sight.event_file import EventFile
from keel.sight.event_index import ChainMovedError, EventIndex
from keel.sight.key_batches import CommittedKey, keys_of_batch
from keel.sight.recorded_keys import Recorded, recorded_keys

_NAMES = {
    "registry": ("KeysAdded", "BatchWithdrawn", "KeyStaked"),
    "withdrawal_vault": ("ExitRequested",),
    "manager": ("RoleGranted",),
    "vault": ("ModulesSet",),
}


@dataclass(frozen=True, slots=True)
class AskedExit:
    """`ExitRequested` of one key: the blocks of the first and of the latest one."""

    pubkey: bytes
    first_block: int
    last_block: int


@dataclass(frozen=True, slots=True)
class History:
    """Events up to one block, in order."""

    events: tuple[Event, ...]

    def recorded(self, block_number: int) -> Recorded:
        """Keys that were staked up to a block."""
        staked = [e for e in self._named("KeyStaked") if e.log.block_number <= block_number]
        keys = [(event.inputs["pubkey"], event.inputs["operatorId"]) for event in staked]
        return recorded_keys(keys)

    def staked_operators(self) -> dict[bytes, int]:
        """Keys that were staked, in order, and their operators."""
        return {e.inputs["pubkey"]: e.inputs["operatorId"] for e in self._named("KeyStaked")}

    def waiting_batches(self) -> list[Event]:
        """`KeysAdded` of batches that were not withdrawn."""
        gone = {_place(event) for event in self._named("BatchWithdrawn")}
        return [event for event in self._named("KeysAdded") if _place(event) not in gone]

    def staked_pubkeys(self) -> frozenset[bytes]:
        """Keys that were staked."""
        return frozenset(self.staked_operators())

    def asked_exits(self) -> list[AskedExit]:
        """One entry for each key whose exit was ever asked for."""
        blocks: dict[bytes, list[int]] = {}
        for event in self._named("ExitRequested"):
            blocks.setdefault(event.inputs["pubkey"], []).append(event.log.block_number)
        return [AskedExit(key, found[0], found[-1]) for key, found in blocks.items()]

    def role_holders(self) -> list[str]:
        """Accounts that were ever given a role; who still may do what is for the chain to say."""
        return sorted({event.inputs["account"] for event in self._named("RoleGranted")})

    def oracles(self, block_number: int) -> tuple[str, ...]:
        """Oracles that the vault had up to a block, each once, the present one last."""
        named = [
            event.inputs["oracle"]
            for event in self._named("ModulesSet")
            if event.log.block_number <= block_number
        ]
        return tuple(reversed(dict.fromkeys(reversed(named))))

    def _named(self, name: str) -> Iterable[Event]:
        return (event for event in self.events if event.name == name)


class Historian:
    """Reads histories, each block's events once and each batch's proofs once.

    With a file, what an earlier process has read is not read again.
    """

    def __init__(
        self, contracts: Bindings, first_block: int, file: EventFile | None = None
    ) -> None:
        self._rpc = contracts.rpc
        self._index = EventIndex(contracts, first_block, _NAMES, file)
        self._batches: dict[tuple[int, int, bytes], tuple[CommittedKey, ...]] = {}

    def up_to(self, head: BlockHead) -> History:
        """The history up to a block; raises NodeError when it is replaced meanwhile.

        Also when the node's logs do not hold all of it.
        """
        try:
            while not self._index.follow(self._rpc, head):
                pass
        except ChainMovedError as error:
            raise NodeError(self._rpc.name, str(error)) from error
        return History(tuple(happened.event for happened in self._index.events))

    def committed_keys(self, history: History) -> Iterator[CommittedKey]:
        """Keys of all batches that were not withdrawn and whose root is that of their keys.

        They are in the order in which they were committed; staked ones are among them.
        """
        for event in history.waiting_batches():
            yield from self._keys(event)

    def waiting_keys(self, history: History) -> tuple[CommittedKey, ...]:
        """Committed keys that were not staked, in the order in which they were committed."""
        staked = history.staked_pubkeys()
        return tuple(c for c in self.committed_keys(history) if c.key.pubkey not in staked)

    def known_keys(self, history: History) -> dict[bytes, str]:
        """What became of every key that was committed and not withdrawn, or staked."""
        committed = self.committed_keys(history)
        known = {c.key.pubkey: f"committed by operator {c.operator_id}" for c in committed}
        return known | {
            pubkey: f"staked for operator {operator_id}"
            for pubkey, operator_id in history.staked_operators().items()
        }

    def _keys(self, event: Event) -> tuple[CommittedKey, ...]:
        key = (*_place(event), event.inputs["root"])
        if key not in self._batches:
            self._batches[key] = tuple(keys_of_batch(*key, event.inputs["keys"]))
        return self._batches[key]


def _place(event: Event) -> tuple[int, int]:
    return event.inputs["operatorId"], event.inputs["batch"]
