"""What the keeper knows from events follows the chain, back where a block was replaced."""

import pytest

from keel.chain.state import BlockHead, block_head
from keel.consensus.beacon.branches import branching
from keel.keeper.history import Historian
from keel.model.constants import ETHER
from keel.nodes.errors import NodeError
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.keepers import stake
from keel.scenarios.users import deposit


def staked(historian: Historian, world: BeaconWorld) -> int:
    return len(historian.up_to(block_head(world.rpc)).staked_pubkeys())


def test_keys_that_were_staked_on_a_branch_are_forgotten_with_it(
    keepers_world: BeaconWorld,
) -> None:
    historian = Historian(keepers_world.contracts, keepers_world.first_block)
    assert staked(historian, keepers_world) == 8
    with branching(keepers_world.beacon.chain):
        deposit(keepers_world, "depositor", 33 * ETHER)
        stake(keepers_world)
        assert staked(historian, keepers_world) == 9
    assert staked(historian, keepers_world) == 8


def test_a_head_that_is_gone_is_a_nodes_error_and_not_a_fault(keepers_world: BeaconWorld) -> None:
    historian = Historian(keepers_world.contracts, keepers_world.first_block)
    head = block_head(keepers_world.rpc)
    gone = BlockHead(head.number, "0x" + "00" * 32, head.timestamp, 0, 0)
    with pytest.raises(NodeError, match=f"block {head.number} was replaced"):
        historian.up_to(gone)
