"""What Keel's events tell: keys' stages, exits, bonds that leave, commissions, modules set."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from keel.chain.abi import Event
from keel.chain.state import BlockHead
from keel.deploy.bindings import Bindings
from keel.model.key_stage import Stage
from keel.nodes.errors import NodeError
from keel.sight.commissions import COMMISSION_SET, Commissions, commissions
from keel.sight.event_file import EventFile
from keel.sight.event_index import ChainMovedError, EventIndex, Happened
from keel.sight.exit_lives import EXIT_EVENTS, ExitLife, exit_lives
from keel.sight.key_lives import KEY_EVENTS, OVER_STAGES, KeyLife, key_lives
from keel.sight.leaving_bonds import BOND_EVENTS, LeavingBond, leaving_bonds
from keel.sight.recorded_keys import Recorded, recorded_keys

_NAMES = {
    "registry": (*KEY_EVENTS, COMMISSION_SET),
    "exits": EXIT_EVENTS,
    "bonds": BOND_EVENTS,
    "vault": ("ModulesSet",),
}


@dataclass(frozen=True)
class History:
    """Events up to one block, in order."""

    events: tuple[Event, ...]

    @cached_property
    def _lives(self) -> dict[bytes, KeyLife]:
        return key_lives(self.events)

    def recorded(self, block_number: int) -> Recorded:
        """Keys that were staked up to a block."""
        staked = [e for e in self._named("KeyStaked") if e.log.block_number <= block_number]
        keys = [(event.inputs["pubkey"], event.inputs["operatorId"]) for event in staked]
        return recorded_keys(keys)

    def key_lives(self) -> dict[bytes, KeyLife]:
        """Every key that was ever predeposited, in order, by its public key."""
        return self._lives

    def keys_at(self, stage: Stage) -> tuple[KeyLife, ...]:
        """Keys that stand at a stage, in the order of their predeposits."""
        return tuple(life for life in self._lives.values() if life.stage is stage)

    def known_keys(self) -> dict[bytes, str]:
        """What became of every key: it can never be predeposited again (KEY-1)."""
        return {pubkey: str(life) for pubkey, life in self._lives.items()}

    @cached_property
    def exit_lives(self) -> dict[bytes, ExitLife]:
        """What was said of exits, by the root of the key."""
        return exit_lives(self.events)

    @cached_property
    def leaving_bonds(self) -> tuple[LeavingBond, ...]:
        """What operators are still to be paid of their bonds."""
        return leaving_bonds(self.events)

    def exits_unknown(self) -> tuple[KeyLife, ...]:
        """Staked keys that Exits has not as leaving, but for sources of consolidations.

        To show the exit of such a one changes nothing (REQ-2).
        """
        told, nothing = self.exit_lives, ExitLife()
        found = ((life, told.get(life.pubkey_root, nothing)) for life in self.keys_at(Stage.STAKED))
        return tuple(life for life, one in found if not (one.is_under_way or one.merges))

    def exits_over(self) -> tuple[KeyLife, ...]:
        """Slashed and withdrawn keys whose exits nobody has ended.

        A merged one has no parts, and counts for something only when its exit was asked for. One
        that was ended since it was slashed has nothing to end once it is paid out.
        """
        told, nothing = self.exit_lives, ExitLife()
        return tuple(
            life
            for stage in OVER_STAGES
            for life in self.keys_at(stage)
            if (one := told.get(life.pubkey_root, nothing)).ended_block < life.over_block
            and (life.parts or one.asked_block)
        )

    def oracles(self, block_number: int) -> tuple[str, ...]:
        """Oracles that the vault had up to a block, each once, the present one last."""
        named = [
            event.inputs["modules"].oracle
            for event in self._named("ModulesSet")
            if event.log.block_number <= block_number
        ]
        return tuple(reversed(dict.fromkeys(reversed(named))))

    def _named(self, name: str) -> Iterable[Event]:
        return (event for event in self.events if event.name == name)


class Historian:
    """Reads histories, each block's events once.

    With a file, what an earlier process has read is not read again.
    """

    def __init__(
        self, contracts: Bindings, first_block: int, file: EventFile | None = None
    ) -> None:
        self._rpc = contracts.rpc
        self._index = EventIndex(contracts, first_block, _NAMES, file)
        self._told: tuple[Happened, ...] = ()
        self._history = History(())

    def commissions_at(self, head: BlockHead) -> Commissions:
        """What operators had set up to a block; raises as `up_to`."""
        self.up_to(head)
        return commissions(self._told)  # none of a later block is kept

    def up_to(self, head: BlockHead) -> History:
        """The history up to a block; raises NodeError when it is replaced meanwhile.

        Also when the node's logs do not hold all of it.
        """
        try:
            while not self._index.follow(self._rpc, head):
                pass
        except ChainMovedError as error:
            raise NodeError(self._rpc.name, str(error)) from error
        if self._told is not self._index.events:
            self._told = self._index.events
            self._history = History(tuple(happened.event for happened in self._told))
        return self._history
