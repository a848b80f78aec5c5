"""Keepers beside a world, and what the chain shows of their work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keel.chain.abi import Event
from keel.chain.contract import Contract
from keel.chain.state import block_head
from keel.consensus.beacon.chain import BeaconChain
from keel.deploy.artifacts import Artifacts
from keel.keeper.chores import Kind
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.circle_world import CircleWorld, circle_around
from keel.scenarios.operators import pubkeys_by_root
from tests.nursery import Rear

ALL_CHORES = [str(kind) for kind in Kind]


@contextmanager
def keepers_beside(
    world: BeaconWorld,
    folder: Path,
    artifacts: Artifacts,
    rear: Rear,
    *,
    keepers: int = 1,
    **settings: Any,
) -> Iterator[CircleWorld]:
    """Start keepers that may do everything and offer no tip; keys of `[keeper]` by name."""
    table = {f"keeper.{key}": value for key, value in {"chores": ALL_CHORES, **settings}.items()}
    table["fees.priority_fee_gwei"] = 0
    changes = {f"keeper_{number}": table for number in range(1, keepers + 1)}
    place = folder / "circle"
    with circle_around(
        world,
        place,
        artifacts,
        reporters=0,
        keepers=keepers,
        changes=changes,
        make_process=rear,
    ) as circled:
        circled.reward_leaves = dict(world.reward_leaves)
        yield circled


def events(world: BeaconWorld, contract: Contract, name: str) -> list[Event]:
    """All events of a name, from the deployment on."""
    return contract.events_between(world.first_block, block_head(world.rpc).number, name)


def asked_exits(world: BeaconWorld) -> list[bytes]:
    """Public keys of all requests for exits, repetitions among them."""
    pubkeys = pubkeys_by_root(world)
    requested = events(world, world.contracts.exits, "ExitRequested")
    return [pubkeys[event.inputs["pubkeyRoot"]] for event in requested]


def leaving(world: BeaconWorld) -> dict[bytes, int]:
    """Gwei of validators whose exit has a date, by public key."""
    state = world.beacon.chain.state
    never = world.beacon.chain.spec.FAR_FUTURE_EPOCH
    return {
        bytes(validator.pubkey): int(balance)
        for validator, balance in zip(state.validators, state.balances, strict=True)
        if validator.exit_epoch != never
    }


def sleep_to(chain: BeaconChain, slot: int) -> None:
    """Let all validators be offline up to a slot, and wait for the first block after it.

    Slots without blocks and attestations pass several times as fast.
    """
    everyone = range(len(chain.state.validators))
    chain.participation.go_offline(everyone)
    chain.to_slot(slot - 1)
    chain.participation.come_back(everyone)
    chain.run_until(lambda chain: chain.store.block_at(chain.slot) is not None, what="a block")
