"""The state that a proof starts from, and the block that tells the chain its root."""

from collections.abc import Iterator

import pytest

from keel.chain.rpc import RpcClient
from keel.consensus.api.server import serving
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.scenarios.beacon_world import BeaconWorld
from keel.sight.provable_state import read_provable_state
from keel.sight.proving_time import proving_time, told_root


@pytest.fixture
def beacon(beacon_world: BeaconWorld) -> Iterator[AgreedBeacon]:
    with serving(beacon_world.beacon.chain) as url, AgreedBeacon([url]) as nodes:
        yield nodes


def test_it_is_that_of_the_block_before_the_newest_whatever_slots_were_missed(
    beacon_world: BeaconWorld, beacon: AgreedBeacon
) -> None:
    chain = beacon_world.beacon.chain
    first = chain.run(2)[0].slot
    assert _read(beacon, chain.rpc) == (first, chain.time_at(first + 1))
    chain.participation.miss([first + 2, first + 3])
    chain.run(3)
    assert chain.slot == first + 4
    assert _read(beacon, chain.rpc) == (first + 1, chain.time_at(first + 4))


def test_only_the_chains_own_block_has_a_time_and_only_once_there_is_a_later_one(
    beacon_world: BeaconWorld, beacon: AgreedBeacon
) -> None:
    chain = beacon_world.beacon.chain
    slot = chain.run(2)[1].slot
    head = chain.head_block
    assert head is not None
    root, network = bytes(chain.spec.hash_tree_root(head.message)), beacon.network
    assert proving_time(chain.rpc, network, slot, root, chain.slot) is None
    chain.run(1)
    later = chain.time_at(slot + 1)
    assert proving_time(chain.rpc, network, slot, root, chain.slot) == later
    assert told_root(chain.rpc, later) == root
    assert proving_time(chain.rpc, network, slot, bytes(32), chain.slot) is None
    assert proving_time(chain.rpc, network, slot, root, slot) is None
    assert told_root(chain.rpc, later + 1) is None


def _read(beacon: AgreedBeacon, rpc: RpcClient) -> tuple[int, int]:
    state = read_provable_state(beacon, rpc)
    header = state.prover.tree.header_fields
    assert told_root(rpc, state.timestamp) == header.root
    return state.slot, state.timestamp
