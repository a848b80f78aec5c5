"""Events are read once, and read again where the chain was."""

from keel.chain.state import block_head
from keel.consensus.beacon.branching import branching
from keel.scenarios.beacon_world import BeaconWorld
from keel.sight.event_log import EventLog

REORG_BLOCKS = 2


def add_operator(world: BeaconWorld, name: str) -> None:
    manager = world.actors["operator_manager_1"]
    registry = world.contracts.registry
    world.send_as_role(registry, "addOperator", name, manager, manager, 1, 1)


def names(log: EventLog, world: BeaconWorld) -> list[str]:
    events = log.up_to(block_head(world.rpc).number)
    return [event.inputs["name"] for event in events if event.name == "OperatorAdded"]


def test_what_was_read_stays_and_what_is_new_is_added(keepers_world: BeaconWorld) -> None:
    contracts = (keepers_world.contracts.registry, keepers_world.contracts.manager)
    log = EventLog(contracts, keepers_world.first_block, REORG_BLOCKS)
    before = names(log, keepers_world)
    assert len(before) == 3
    for name in ("Kelp", "Foam", "Spray"):
        add_operator(keepers_world, name)
        assert names(log, keepers_world) == names(
            EventLog(contracts, keepers_world.first_block), keepers_world
        )
    assert names(log, keepers_world) == [*before, "Kelp", "Foam", "Spray"]


def test_a_reorg_deeper_than_the_blocks_read_again_is_noticed(keepers_world: BeaconWorld) -> None:
    log = EventLog((keepers_world.contracts.registry,), keepers_world.first_block, REORG_BLOCKS)
    before = names(log, keepers_world)
    with branching(keepers_world.beacon.chain):
        for name in ("Kelp", "Foam", "Spray", "Wrack"):
            add_operator(keepers_world, name)
        assert names(log, keepers_world) == [*before, "Kelp", "Foam", "Spray", "Wrack"]
    for name in ("Sand", "Shingle", "Silt", "Mud", "Clay"):
        add_operator(keepers_world, name)
    assert names(log, keepers_world) == [*before, "Sand", "Shingle", "Silt", "Mud", "Clay"]
