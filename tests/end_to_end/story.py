"""A chain with its processes, and what stories ask of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from keel.chain.abi import Event
from keel.chain.contract import Contract
from keel.chain.state import block_head
from keel.circle.circle import Circle
from keel.circle.reports import Reported
from keel.consensus.beacon.chain import BeaconChain
from keel.deploy.bindings import Bindings
from keel.model.frames import State
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.operators import pubkeys_by_root
from tests.end_to_end.final_frames import FinalFrames


@dataclass
class Story:
    """`frames` has counted the books at every report that was applied so far."""

    world: CircleWorld
    frames: FinalFrames

    @property
    def circle(self) -> Circle:
        return self.world.circle

    @property
    def chain(self) -> BeaconChain:
        return self.world.beacon.chain

    @property
    def contracts(self) -> Bindings:
        return self.world.contracts

    @property
    def frame_slots(self) -> int:
        return self.world.configuration.geometry.frame_slots

    @property
    def state(self) -> State:
        return State(self.contracts.vault.state())

    @property
    def members(self) -> list[str]:
        """Accounts of the reporters, the first one first."""
        return [member.address for member in self.world.members]

    def events(self, contract: Contract, name: str) -> list[Event]:
        """All of a name, from the deployment on."""
        last_block = block_head(self.world.rpc).number
        return contract.events_between(self.world.first_block, last_block, name)

    def exits_asked(self) -> list[bytes]:
        """Public keys of all requests for exits, repetitions among them."""
        pubkeys = pubkeys_by_root(self.world)
        requested = self.events(self.contracts.exits, "ExitRequested")
        return [pubkeys[event.inputs["pubkeyRoot"]] for event in requested]

    def staked(self) -> list[bytes]:
        """Public keys of all validators, in the order of staking."""
        return [
            bytes(event.inputs["pubkey"])
            for event in self.events(self.contracts.registry, "KeyStaked")
        ]

    def reports(self, count: int) -> list[Reported]:
        """Let so many frames pass, each with its report."""
        return [self.world.next_report() for _ in range(count)]

    def finalise(self, ticket_id: int) -> None:
        """Let frames pass, each with its report, until a ticket can be claimed."""
        while self.contracts.queue.lastFinalised() < ticket_id:
            self.world.next_report()

    @contextmanager
    def unattended(self) -> Iterator[None]:
        """Let slots pass without waiting for anybody; processes see what they can."""
        self.chain.watchers.remove(self.circle.passed)
        try:
            yield
        finally:
            self.chain.watchers.append(self.circle.passed)
            self.circle.settle()
