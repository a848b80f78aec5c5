"""`ape run operators stake-more`: on a validator that compounds, and on none that does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keel.commands.operators import cli as operators
from keel.consensus.beacon.execution import mine_on_request
from keel.consensus.deposit_data import (
    PREDEPOSIT_GWEI,
    execution_credentials,
    make_deposit_data,
)
from keel.deploy.artifacts import Artifacts
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.identity import require_identity
from keel.scenarios.keepers import stake
from keel.scenarios.members import report
from keel.scenarios.operators import NETWORK, admit, history_of, own_keys
from keel.scenarios.users import deposit
from keel.sight.predeposits import predeposits_of
from tests.scenarios.terminal import Terminal, mining_at_once, terminal_and_beacon

MANAGER = "operator_manager_1"


@pytest.fixture
def staked(beacon_world: BeaconWorld) -> tuple[str, str]:
    """Two staked keys of one operator: with 0x01 and with 0x02 credentials."""
    world = beacon_world
    operator_id = admit(world, "Harbour", MANAGER, target_bps=10_000)
    plain = world.contracts.vault.withdrawalCredentials()
    compounding = execution_credentials(plain[-20:], compounding=True)
    keys = own_keys(world, 0, 2)
    entries = [
        make_deposit_data(key, credentials, PREDEPOSIT_GWEI, NETWORK.name)
        for key, credentials in zip(keys, (plain, compounding), strict=True)
    ]
    calls = predeposits_of(entries)
    assert len(calls) == 2
    for call in calls:
        world.contracts.registry.predeposit.send(
            operator_id, *call.arguments, sender=world.actors[MANAGER], value_wei=call.value_wei
        )
    deposit(world, "depositor", 140 * ETHER)
    assert stake(world).validators == 2
    one, other = (key.public_key.hex() for key in keys)
    return one, other


@pytest.fixture
def places(
    beacon_world: BeaconWorld, staked: tuple[str, str], artifacts: Artifacts, tmp_path: Path
) -> Iterator[tuple[Terminal, str]]:
    """A terminal at the chain, which mines at once, and its Beacon API."""
    world = beacon_world
    with terminal_and_beacon(world, artifacts, tmp_path) as places, mining_at_once(world):
        yield places


def test_the_pool_s_ether_follows_the_operator_s_on_a_validator_that_compounds(
    beacon_world: BeaconWorld, staked: tuple[str, str], places: tuple[Terminal, str]
) -> None:
    c, (terminal, beacon_url) = beacon_world.contracts, places
    (_, compounding) = staked
    before = c.registry.operator(0).staked, c.bonds.bondOf(0).parts
    told = terminal.succeed(
        operators, "stake-more", compounding, "--times", "2", "--beacon", beacon_url
    )
    assert "2 ETH of 0x" in told
    assert "62 ETH of the pool will join validator" in told
    assert "64 ETH more are staked; 2 ETH went into the operator's bond" in told
    root = public_key_hash(bytes.fromhex(compounding))
    assert c.registry.keyOf(root).parts == 3
    lives = history_of(beacon_world).key_lives()  # whose events add up to what the registry says
    assert lives[bytes.fromhex(compounding)].parts == 3
    assert (c.registry.operator(0).staked, c.bonds.bondOf(0).parts) == tuple(n + 2 for n in before)
    mine_on_request(beacon_world.beacon.chain.rpc)
    reported = report(beacon_world)
    assert reported.report.consensus_balance_gwei == (2 + 2) * 32 * 10**9
    require_identity(beacon_world)


def test_what_cannot_hold_more_is_refused_before_anything_is_sent(
    beacon_world: BeaconWorld, staked: tuple[str, str], places: tuple[Terminal, str]
) -> None:
    terminal, beacon_url = places
    plain, compounding = staked

    def refused(key: str, *more: str, code: int) -> str:
        return terminal.refuse(
            operators, "stake-more", key, "--beacon", beacon_url, *more, code=code
        )

    assert "has 0x01 withdrawal credentials, 0x02 expected" in refused(plain, code=2)
    assert "3 times 31 ETH of the pool are asked for, 2 times are free now" in refused(
        compounding, "--times", "3", code=1
    )
    assert f"key 0x{'ab' * 48} is unknown, staked for operator 0 expected" in refused(
        "ab" * 48, code=2
    )
    assert "manages none" in refused(compounding, "--account", "attacker", code=1)
    assert "64 is not in the range 1<=x<=63" in refused(compounding, "--times", "64", code=2)
    assert beacon_world.contracts.registry.totals().staked == 2
