"""After a report with profit both tokens grow, every second, and not at the report itself."""

from dataclasses import dataclass

from keel.chain.clock import now
from keel.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Worth:
    """Wei of kETH that somebody has, and wei that somebody's wkETH are worth."""

    keth_wei: int
    wketh_wei: int


@dataclass(frozen=True, slots=True)
class Grown:
    """At the start, after half of the time, at the end."""

    start: Worth
    middle: Worth
    end: Worth
    seconds: int


def a_frame_passes(world: World, keth_holder: str, wketh_holder: str) -> Grown:
    """Watch two holders over one frame, a day on mainnet."""
    seconds = world.profile.frame_seconds
    start = worth(world, keth_holder, wketh_holder)
    world.beacon.go_to(now(world.rpc) + seconds // 2)
    middle = worth(world, keth_holder, wketh_holder)
    world.beacon.go_to(now(world.rpc) + seconds - seconds // 2)
    return Grown(start, middle, worth(world, keth_holder, wketh_holder), seconds)


def worth(world: World, keth_holder: str, wketh_holder: str) -> Worth:
    """What two holders have now."""
    wrapped = world.contracts.wrapped
    units = wrapped.balanceOf(world.actors[wketh_holder])
    return Worth(
        keth_wei=world.contracts.vault.balanceOf(world.actors[keth_holder]),
        wketh_wei=wrapped.convertToAssets(units),
    )
