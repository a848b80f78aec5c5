"""The chart's points are the chain's: exact at each report, and to a few wei between them."""

from keel.chain.state import block_head
from keel.dashboard.deployment import TOLD
from keel.dashboard.series import Point, series
from keel.dashboard.snapshot_reader import read_snapshot
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import report
from keel.scenarios.users import deposit, request_ticket
from keel.sight.event_index import EventIndex

_ULPS = 1e-12  # relative; a float has 16 digits


def points_of(world: BeaconWorld) -> tuple[Point, ...]:
    index = EventIndex(world.contracts, world.first_block, TOLD)
    head = block_head(world.rpc)
    index.follow(world.rpc, head)
    return series(index.events, read_snapshot(world.contracts, head, index))


def chain_at(world: BeaconWorld, block: int) -> tuple[float, float, float]:
    c = world.contracts
    return (
        c.wrapped.convertToAssets(ETHER, block=block) / ETHER,
        c.vault.totalSupply(block=block) / ETHER,
        c.wrapped.totalSupply(block=block) / ETHER,
    )


def test_points_equal_the_chain_at_every_block_that_has_one(
    validating_world: BeaconWorld,
) -> None:
    world = validating_world
    deposit(world, "depositor", 3 * ETHER)
    request_ticket(world, "depositor", ETHER)
    report(world)
    deposit(world, "depositor", 2 * ETHER)
    points = points_of(world)
    last = block_head(world.rpc).number
    compared = 0
    joined = world.contracts.registry.events_between(world.first_block, last, "OperatorAdded")
    for block in range(joined[0].log.block_number, last + 1):
        here = [p for p in points if p.time == block_head(world.rpc, block).timestamp]
        if not here:
            continue
        rate, keth, wketh = chain_at(world, block)
        assert abs(here[-1].rate / rate - 1) < _ULPS
        assert abs(here[-1].keth / keth - 1) < _ULPS
        assert here[-1].wketh == wketh
        compared += 1
    assert compared > 10


def test_time_never_runs_back_and_the_last_point_is_now(validating_world: BeaconWorld) -> None:
    points = points_of(validating_world)
    assert [p.time for p in points] == sorted(p.time for p in points)
    head = block_head(validating_world.rpc)
    last = points[-1]
    assert last.time == head.timestamp
    assert (last.rate, last.keth, last.wketh) == chain_at(validating_world, head.number)
