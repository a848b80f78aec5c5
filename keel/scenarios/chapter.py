"""A chapter of Keel's life, and what one hands on to the next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.validators import Slashed


@dataclass
class Life:
    """A folder for files of operators, the ticket that changes hands, and who was slashed.

    The world becomes a CircleWorld when the processes have started.
    """

    world: BeaconWorld
    folder: Path
    start_circle: Callable[[BeaconWorld], CircleWorld]
    ticket_id: int = 0
    slashed: Slashed | None = None

    @property
    def circled(self) -> CircleWorld:
        """The world with its processes; raises ValueError before they have started."""
        if not isinstance(self.world, CircleWorld):
            raise ValueError("no reporter and no keeper has started yet")
        return self.world


type Act = Callable[[Life], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Chapter:
    """`act` does it and says what happened, sentence by sentence."""

    title: str
    act: Act


def name_of(world: BeaconWorld, address: str) -> str:
    """Who in the story has an address; the address itself if nobody has."""
    return next((name for name, each in world.actors.items() if each == address), address)
