"""The committee of a chain that runs by itself, and the same reports read over the Beacon API."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from keel.circle.reports import Reported
from keel.consensus.api.serving import serving
from keel.consensus.beacon.branching import branching
from keel.consensus.beacon.errors import BeaconError
from keel.consensus.beacon.participation import enough_to_stop_finality
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import CONTRACT_NAMES, bind
from keel.scenarios.api_beacon import ApiBeacon
from keel.scenarios.attending import Committee, reportable_slot
from keel.scenarios.beacon_world import BeaconWorld, open_beacon_world
from keel.scenarios.identity import require_identity
from keel.scenarios.reporting import look
from keel.scenarios.reporting_once import report_final_frame
from keel.scenarios.world import World

FRAME = 32


@contextmanager
def attending(world: BeaconWorld, artifacts: Artifacts) -> Iterator[list[Reported]]:
    """Let a committee listen whose transactions wait for the next slot."""
    told: list[Reported] = []
    chain = world.beacon.chain
    addresses = {name: getattr(world.contracts, f).address for f, name in CONTRACT_NAMES.items()}
    contracts = bind(chain.rpc, addresses, artifacts)
    opened = open_beacon_world(chain, contracts, world.manifest, world.actors)
    committee = Committee(opened, told.append)
    chain.listeners.append(committee.after_slot)
    try:
        yield told
    finally:
        chain.listeners.remove(committee.after_slot)


@pytest.fixture
def over_api(validating_world: BeaconWorld) -> Iterator[World]:
    """The same chain and Keel, the consensus layer being read over http."""
    world = validating_world
    with serving(world.beacon.chain) as url:
        beacon = ApiBeacon(url, world.contracts.registry, world.first_block)
        yield World(
            contracts=world.contracts,
            configuration=world.configuration,
            actors=world.actors,
            members=world.members,
            first_block=world.first_block,
            beacon=beacon,
            reward_leaves=dict(world.reward_leaves),
        )


def test_each_final_frame_is_reported_once(beacon_world: BeaconWorld, artifacts: Artifacts) -> None:
    with attending(beacon_world, artifacts) as told:
        beacon_world.beacon.chain.run(3 * FRAME)
    assert [reported.report.ref_slot for reported in told] == [63, 95]
    assert all(reported.applied for reported in told)
    require_identity(beacon_world)


def test_nothing_is_reported_while_nothing_becomes_final(
    beacon_world: BeaconWorld, artifacts: Artifacts
) -> None:
    chain = beacon_world.beacon.chain
    chain.participation.go_offline(enough_to_stop_finality(chain.spec, chain.state))
    with attending(beacon_world, artifacts) as told:
        chain.run(2 * FRAME)
    assert told == []


def test_a_report_that_a_restored_snapshot_dropped_is_sent_again(
    beacon_world: BeaconWorld, artifacts: Artifacts
) -> None:
    chain = beacon_world.beacon.chain
    with attending(beacon_world, artifacts) as told:
        with branching(chain):
            chain.run_until(lambda _: reportable_slot(beacon_world, beacon_world.beacon) == 63)
        assert told == []
        chain.run(2 * FRAME)
    assert [reported.report.ref_slot for reported in told] == [63]


def test_the_beacon_api_says_what_the_chain_says(
    validating_world: BeaconWorld, over_api: World
) -> None:
    ref_slot = validating_world.configuration.geometry.newest_reference_slot(
        validating_world.beacon.chain.time_at(validating_world.beacon.chain.slot)
    )
    over_api.beacon.follow()
    assert look(over_api, ref_slot) == look(validating_world, ref_slot)
    require_identity(over_api)


def test_a_final_frame_is_reported_over_the_api(
    validating_world: BeaconWorld, over_api: World
) -> None:
    assert isinstance(over_api.beacon, ApiBeacon)
    screen = Console(file=io.StringIO(), width=200)
    with screen.capture() as before:
        report_final_frame(over_api, over_api.beacon, screen)
    assert "is not final yet" in before.get()
    validating_world.beacon.chain.run(FRAME)
    with screen.capture() as after:
        report_final_frame(over_api, over_api.beacon, screen)
    assert "5 members signed the report of slot" in after.get()
    require_identity(over_api)
    require_identity(validating_world)


def test_an_api_that_is_not_there_is_named(validating_world: BeaconWorld) -> None:
    registry = validating_world.contracts.registry
    with pytest.raises(BeaconError, match=r"no Beacon API answers at http://127\.0\.0\.1:9"):
        ApiBeacon("http://127.0.0.1:9", registry, 0)
