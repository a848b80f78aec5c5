"""Reporters and a keeper on a local chain whose snapshots are restored through its RPC address."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, set_balance_wei
from keel.consensus.gateway.server import serving_rpc
from keel.consensus.gateway.steering import Steering
from keel.deploy.artifacts import Artifacts
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld, put_back
from keel.scenarios.circle_world import CircleWorld, circle_around
from keel.scenarios.identity import require_identity
from tests.nursery import Rear


@pytest.fixture
def circled(
    _validating_on_beacon: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> Iterator[CircleWorld]:
    with (
        put_back(_validating_on_beacon) as world,
        circle_around(world, tmp_path, artifacts, make_process=rear, keepers=1) as around,
    ):
        yield around


def alarms(world: CircleWorld) -> dict[str, dict[str, str]]:
    """All but that of a keeper which has more ether than the test's operators have keys."""
    told = {each.name: dict(each.health().alarms) for each in world.circle.processes}
    for texts in told.values():
        texts.pop("keys_exhausted", None)
    return {name: texts for name, texts in told.items() if texts}


def test_everybody_lives_through_snapshots_that_are_restored(circled: CircleWorld) -> None:
    chain, contracts = circled.beacon.chain, circled.contracts
    circled.next_report()
    with serving_rpc(Steering(chain)) as url, RpcClient(url) as rpc:
        for extra_wei in (ETHER // 10, ETHER // 5):
            snapshot, slot = rpc.call("evm_snapshot"), chain.slot
            vault = contracts.rewards_vault.address
            set_balance_wei(rpc, vault, balance_wei(rpc, vault) + extra_wei)
            gone = [circled.next_report() for _ in range(2)]
            assert rpc.call("evm_revert", snapshot) is True
            assert chain.slot == slot
            again = [circled.next_report() for _ in range(2)]
            assert [each.report.ref_slot for each in again] == [
                each.report.ref_slot for each in gone
            ]
            assert all(each.applied for each in again)
            assert again[0].report != gone[0].report
            circled.circle.settle()
            assert alarms(circled) == {}
    require_identity(circled)
