"""What events tell of keys, exits and roles follows the chain, back where a block was replaced."""

from pathlib import Path
from typing import Any

import pytest

from keel.chain.rpc import RpcClient
from keel.chain.state import BlockHead, block_head
from keel.consensus.beacon.branches import branching
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.model.constants import ETHER
from keel.model.key_stage import Stage
from keel.nodes.errors import NodeError
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.keepers import stake_proven
from keel.scenarios.users import deposit
from keel.sight.event_file import EventFile
from keel.sight.history import Historian
from keel.sight.recorded_keys import staked_pubkeys

CHAIN_ID = 31337


def staked(historian: Historian, world: BeaconWorld) -> int:
    return len(historian.up_to(block_head(world.rpc)).keys_at(Stage.STAKED))


def test_keys_that_were_staked_on_a_branch_are_forgotten_with_it(
    keepers_world: BeaconWorld,
) -> None:
    historian = Historian(keepers_world.contracts, keepers_world.first_block)
    assert staked(historian, keepers_world) == 8
    with branching(keepers_world.beacon.chain):
        deposit(keepers_world, "depositor", 33 * ETHER)
        stake_proven(keepers_world)
        assert staked(historian, keepers_world) == 9
    assert staked(historian, keepers_world) == 8


def test_the_keys_of_any_block_are_those_that_were_staked_up_to_it(
    keepers_world: BeaconWorld,
) -> None:
    world, registry = keepers_world, keepers_world.contracts.registry
    historian = Historian(world.contracts, world.first_block)
    whole = historian.up_to(block_head(world.rpc))
    found = {life.pubkey: life.operator_id for life in whole.keys_at(Stage.STAKED)}
    assert found == staked_pubkeys(registry, world.first_block)
    events = registry.events_between(world.first_block, block_head(world.rpc).number, "KeyStaked")
    (staked_at,) = {event.log.block_number for event in events}
    for number, count in ((staked_at - 1, 0), (staked_at, 8), (staked_at - 1, 0)):
        recorded = historian.up_to(block_head(world.rpc, number)).recorded(number)
        assert len(recorded) == count
    assert historian.up_to(block_head(world.rpc)) == whole


def test_a_head_that_is_gone_is_a_nodes_error_and_not_a_fault(keepers_world: BeaconWorld) -> None:
    historian = Historian(keepers_world.contracts, keepers_world.first_block)
    head = block_head(keepers_world.rpc)
    gone = BlockHead(head.number, "0x" + "00" * 32, head.timestamp, 0, 0)
    with pytest.raises(NodeError, match=f"block {head.number} was replaced"):
        historian.up_to(gone)


class _Forgetful(RpcClient):
    """A node that has lost the logs of some blocks, until it is repaired."""

    lost: frozenset[int] = frozenset()

    def call(self, method: str, *params: Any) -> Any:
        answer = super().call(method, *params)
        if method != "eth_getLogs":
            return answer
        return [log for log in answer if int(log["blockNumber"], 16) not in self.lost]


def test_logs_that_a_node_left_out_are_named_and_never_kept(
    keepers_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    world = keepers_world
    with _Forgetful(world.rpc.url) as rpc:
        contracts = bind(rpc, world.manifest.addresses, artifacts)
        file = EventFile(tmp_path, CHAIN_ID)
        historian = Historian(contracts, world.first_block, file)
        events = contracts.registry.events_between(
            world.first_block, block_head(rpc).number, "KeyStaked"
        )
        rpc.lost = frozenset(event.log.block_number for event in events[-1:])
        with pytest.raises(NodeError, match=r"show 0 times 32 ETH staked, the registry says 8$"):
            staked(historian, world)
        assert not file.path.exists()
        rpc.lost = frozenset()
        assert staked(historian, world) == 8
        kept = file.path.read_bytes()
        deposit(world, "depositor", 33 * ETHER)
        stake_proven(world)
        rpc.lost = frozenset({block_head(rpc).number})
        with pytest.raises(NodeError, match=r"show 8 times 32 ETH staked, the registry says 9$"):
            staked(historian, world)
        rpc.lost = frozenset()
        assert staked(historian, world) == 9
        assert file.path.read_bytes() == kept
    assert staked(Historian(world.contracts, world.first_block, file), world) == 9
