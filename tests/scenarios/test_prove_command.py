"""`ape run prove` on a real beacon chain: what it proves, what it leaves out, what it refuses."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keel.chain.deposit_contract import DepositData, deposit_data_root
from keel.commands.prove import cli as prove
from keel.commands.validators import cli as validators
from keel.consensus.beacon.offences import vote_twice
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.consensus.deposit_data import (
    PREDEPOSIT_GWEI,
    DepositDataEntry,
    execution_credentials,
    make_deposit_data,
)
from keel.deploy.artifacts import Artifacts
from keel.formatting.amounts import shown_ether
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.operators import NETWORK, admit, history_of, own_keys
from keel.sight.predeposits import Predeposit
from tests.scenarios.terminal import Terminal, mining_at_once, terminal_and_beacon

MANAGER = "operator_manager_1"


@pytest.fixture
def places(
    beacon_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> Iterator[tuple[Terminal, str]]:
    """A terminal at the chain, and its Beacon API."""
    with terminal_and_beacon(beacon_world, artifacts, tmp_path) as places:
        yield places


def void(entry: DepositDataEntry) -> DepositDataEntry:
    """The same deposit without a signature."""
    data = DepositData(entry.pubkey, entry.withdrawal_credentials, entry.amount, bytes(96))
    return replace(entry, signature=bytes(96), deposit_data_root=deposit_data_root(data))


def predeposit(world: BeaconWorld, *entries: DepositDataEntry) -> None:
    operator_id = admit(world, "Harbour", MANAGER)
    call = Predeposit(entries)
    world.contracts.registry.predeposit.send(
        operator_id, *call.arguments, sender=world.actors[MANAGER], value_wei=call.value_wei
    )


def test_every_key_is_proven_for_what_it_is_or_left_out_with_the_reason(
    beacon_world: BeaconWorld, places: tuple[Terminal, str]
) -> None:
    world, (terminal, beacon_url) = beacon_world, places
    credentials = world.contracts.vault.withdrawalCredentials()
    keys = own_keys(world, 0, 4)
    one, two, foreign, unsigned = (
        make_deposit_data(key, credentials, PREDEPOSIT_GWEI, NETWORK.name) for key in keys
    )
    unsigned = void(unsigned)
    manager = world.actors[MANAGER]
    own = execution_credentials(bytes.fromhex(manager[2:]))
    first = make_deposit_data(keys[2], own, PREDEPOSIT_GWEI, NETWORK.name)
    world.contracts.deposits.deposit.send(
        first.pubkey,
        own,
        first.signature,
        first.deposit_data_root,
        sender=manager,
        value_wei=ETHER,
    )
    predeposit(world, one, two, foreign, unsigned)
    early = terminal.refuse(prove, "--beacon", beacon_url)
    assert early == "Error: nothing can be proven of these keys now"
    world.beacon.await_validators([each.pubkey for each in (one, two, foreign)])

    with mining_at_once(world):
        text = terminal.succeed(prove, f"0x{one.pubkey.hex()}", "--beacon", beacon_url)
    assert "1 predeposited validator" in text
    assert "Done: 1 proven" in text
    known = f"0x{one.pubkey.hex()}"
    again = terminal.run(prove, known, "--beacon", beacon_url)
    assert again.exit_code == 1
    assert f"Left out: key {known} is proven for operator 0 in the beacon state" in again.output

    with mining_at_once(world):
        text = terminal.succeed(prove, "--beacon", beacon_url)
    assert text.index("Done: 1 foreign") < text.index("Done: 1 proven")
    assert "the proof freezes the operator" in text
    assert f"Left out: 1 key (0x{unsigned.pubkey.hex()} of operator 0) without validator" in text
    lives = history_of(world).key_lives()
    assert [lives[each.pubkey].stage for each in (one, two, foreign, unsigned)] == [
        Stage.PROVEN,
        Stage.PROVEN,
        Stage.FOREIGN,
        Stage.PREDEPOSITED,
    ]
    assert world.contracts.registry.operator(0).frozen


def test_an_unknown_key_is_a_mistake_and_without_keys_there_is_nothing_to_prove(
    places: tuple[Terminal, str],
) -> None:
    terminal, beacon_url = places
    unknown = "0x" + "ab" * 48
    line = terminal.refuse(prove, unknown, "--beacon", beacon_url, code=2)
    assert line == f"Error: key {unknown} is unknown: nothing can be proven of it"
    line = terminal.refuse(prove, "--beacon", beacon_url)
    assert line.startswith("Error: no key waits for a proof")


def test_a_slashing_and_a_payout_are_proven_and_nothing_of_those_that_stay(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    world, chain = validating_world, validating_world.beacon.chain
    registry = world.contracts.registry
    culprit, leaver, other = list(world.beacon.operators)[:3]
    with terminal_and_beacon(world, artifacts, tmp_path) as (terminal, beacon_url):
        stays = terminal.run(prove, f"0x{other.hex()}", "--beacon", beacon_url)
        assert stays.exit_code == 1
        assert f"0x{other.hex()} is not slashed or paid out" in stays.output

        vote_twice(chain, [chain.index_of(culprit)])
        exit_voluntarily(chain, chain.index_of(leaver))
        chain.run_until(lambda c: c.state.validators[c.index_of(culprit)].slashed)
        chain.step()
        with mining_at_once(world):
            text = terminal.succeed(prove, "--beacon", beacon_url)
        assert "nobody shall leave before a report counts it" in text
        assert text.count("Done: 1 proven to be slashed") == 1
        assert registry.keyOf(public_key_hash(culprit)).stage == Stage.SLASHED
        assert world.contracts.vault.state() == State.SLASHED

        chain.run_until(
            lambda c: c.state.validators[c.index_of(leaver)].effective_balance == 0, 40 * 8
        )
        chain.step()
        with mining_at_once(world):
            text = terminal.succeed(prove, "--beacon", beacon_url)
        assert text.count("Done: 1 proven to be paid out") == 1
        assert "slashed" not in text
    lives = history_of(world).key_lives()
    assert lives[leaver].stage is Stage.WITHDRAWN
    assert lives[other].stage is Stage.STAKED
    (bond,) = history_of(world).leaving_bonds
    assert bond.pubkey_root == public_key_hash(leaver)
    listed = terminal.succeed(validators)
    assert listed.count("keel prove, once the validator is paid out") == 1
    assert f"{shown_ether(bond.units)} wkETH of the bond cool down for" in listed
