"""`keel exits` on a real beacon chain: what it asks, shows and ends, and what it refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keel.commands.exits import cli as exits
from keel.commands.prove import cli as prove
from keel.consensus.beacon.offences import vote_twice
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.deploy.artifacts import Artifacts
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER, GWEI
from keel.model.exits import INACTIVE_FRAMES
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.users import request_ticket
from tests.scenarios.terminal import Terminal, mining_at_once, terminal_and_beacon

NEVER = 2**64 - 1


@pytest.fixture
def places(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> Iterator[tuple[Terminal, str]]:
    """A terminal at the chain, and its Beacon API."""
    with terminal_and_beacon(validating_world, artifacts, tmp_path) as places:
        yield places


def keys_of(world: BeaconWorld, operator_id: int) -> list[bytes]:
    registry = world.contracts.registry
    return [
        key
        for key in world.beacon.operators
        if registry.keyOf(public_key_hash(key)).operatorId == operator_id
    ]


def exit_epoch(world: BeaconWorld, pubkey: bytes) -> int:
    chain = world.beacon.chain
    return int(chain.state.validators[chain.index_of(pubkey)].exit_epoch)


def shown(key: bytes) -> str:
    return f"0x{key.hex()}"


def test_a_manager_exits_its_own_validator_and_a_stranger_only_what_tickets_need(
    validating_world: BeaconWorld, places: tuple[Terminal, str]
) -> None:
    world, (terminal, beacon_url) = validating_world, places
    own, others = keys_of(world, 0)[0], keys_of(world, 1)
    at = ("--beacon", beacon_url)
    assert "Tickets lack 0 ETH" in terminal.succeed(exits, "list")
    refused = terminal.refuse(exits, "request", shown(own), *at)
    assert refused == "Error: requestExit is refused: NothingMissing()"

    with mining_at_once(world):
        told = terminal.succeed(
            exits, "request", shown(own), *at, "--account", "operator_manager_1"
        )
    assert "Done: 32 ETH are asked for: its operator's manager asks." in told
    world.beacon.chain.step()
    assert exit_epoch(world, own) != NEVER
    assert exit_epoch(world, others[0]) == NEVER

    request_ticket(world, "depositor", 100 * ETHER)
    listed = terminal.succeed(exits, "list")
    assert "Tickets lack 0 ETH" not in listed
    assert f"{own.hex()[-6:]} operator: 0 ETH: 32 how: asked in block" in listed
    with mining_at_once(world):
        told = terminal.succeed(exits, "request", shown(others[0]), *at)
    assert "tickets lack ether" in told
    world.beacon.chain.step()
    assert exit_epoch(world, others[0]) != NEVER


def test_an_exit_that_was_begun_elsewhere_is_shown_once(
    validating_world: BeaconWorld, places: tuple[Terminal, str]
) -> None:
    world, (terminal, beacon_url) = validating_world, places
    chain, (key, *_) = world.beacon.chain, keys_of(world, 2)
    nothing = terminal.refuse(exits, "note", "--beacon", beacon_url)
    assert nothing.startswith("Error: Exits knows every exit in the beacon state of slot")
    exit_voluntarily(chain, chain.index_of(key))
    chain.run(2)
    with mining_at_once(world):
        told = terminal.succeed(exits, "note", "--beacon", beacon_url)
    assert "of operator 2 leaves, and Exits does not know" in told
    assert "Done: 32 ETH are on their way" in told
    assert world.contracts.exits.leavingGwei() == 32 * GWEI
    listed = terminal.succeed(exits, "list")
    assert f"{key.hex()[-6:]} operator: 2 ETH: 32 how: shown in block" in listed
    terminal.refuse(exits, "note", "--beacon", beacon_url)
    assert terminal.refuse(exits, "end").startswith("Error: no exit is to be ended")


def test_a_manager_switches_joins_and_withdraws_and_nobody_else_does(
    validating_world: BeaconWorld, places: tuple[Terminal, str]
) -> None:
    world, (terminal, _) = validating_world, places
    chain, (source, target, third, *_) = world.beacon.chain, keys_of(world, 0)
    manager = ("--account", "operator_manager_1")
    foreign = terminal.refuse(
        exits, "consolidate", shown(target), shown(target), "--account", "operator_manager_2"
    )
    assert "OnlyManager" in foreign
    with mining_at_once(world):
        told = terminal.succeed(exits, "consolidate", shown(target), shown(target), *manager)
    assert "will be asked to switch to 0x02 credentials" in told
    place = chain.index_of(target)
    chain.run_until(lambda c: c.state.validators[place].withdrawal_credentials[0] == 2)
    with mining_at_once(world):
        told = terminal.succeed(exits, "consolidate", shown(source), shown(target), *manager)
    assert "and exits" in told
    chain.step()
    (pending,) = chain.state.pending_consolidations
    assert int(pending.target_index) == place
    with mining_at_once(world):
        told = terminal.succeed(exits, "withdraw", shown(third), "0.5", *manager)
    assert "0.5 ETH of validator" in told
    zero = terminal.refuse(exits, "withdraw", shown(third), "0", *manager, code=2)
    assert zero.endswith("0 is not above 0")
    much = terminal.refuse(exits, "withdraw", shown(third), "2016.000000001", *manager, code=2)
    assert (
        "2,016.000000001 ETH is above 2,016 ETH: a validator earns on 2,048 at most, and 32 stay"
        in much
    )
    with mining_at_once(world):
        terminal.succeed(exits, "withdraw", shown(third), "2016", *manager)


def test_a_balance_of_32_ether_shows_no_absence(
    validating_world: BeaconWorld, places: tuple[Terminal, str]
) -> None:
    world, (terminal, beacon_url) = validating_world, places
    chain, (key, *_) = world.beacon.chain, keys_of(world, 1)
    at = ("--beacon", beacon_url)
    assert "BalanceTooHigh" in terminal.refuse(exits, "watch", shown(key), *at)
    place = chain.index_of(key)
    chain.participation.go_offline([place])
    chain.run_until(lambda c: int(c.state.balances[place]) < 32 * GWEI)
    chain.run(2)
    with mining_at_once(world):
        told = terminal.succeed(exits, "watch", shown(key), *at)
    assert "ETH in slot" in told
    assert told.split(" transaction ")[0].endswith(": noted.")
    assert "BalanceTooEarly" in terminal.refuse(exits, "watch", shown(key), *at)


def test_who_was_absent_for_7_frames_may_be_asked_to_exit_and_who_came_back_may_not(
    validating_world: BeaconWorld, places: tuple[Terminal, str]
) -> None:
    """REQ-5: tickets lack nothing."""
    world, (terminal, beacon_url) = validating_world, places
    chain, (absent, back, *_) = world.beacon.chain, keys_of(world, 1)
    at, both = ("--beacon", beacon_url), [chain.index_of(absent), chain.index_of(back)]
    chain.participation.go_offline(both)
    chain.run_until(lambda c: all(int(c.state.balances[one]) < 32 * GWEI for one in both))
    chain.run(2)
    with mining_at_once(world):
        told = terminal.succeed(exits, "watch", shown(absent), shown(back), *at)
    assert told.count("noted. transaction") == 2
    frames = INACTIVE_FRAMES * world.profile.frame_slots
    chain.run(frames * 3 // 4)
    chain.participation.come_back([chain.index_of(back)])
    chain.run(frames // 4 + 1)
    with mining_at_once(world):
        told = terminal.succeed(exits, "watch", shown(absent), shown(back), *at)
        assert told.count("absent: anybody may ask for its exit. transaction") == 1
        assert told.count("noted. transaction") == 1
        asked = terminal.succeed(exits, "request", shown(absent), *at)
        assert "32 ETH are asked for: it was shown to be absent." in asked
    refused = terminal.refuse(exits, "request", shown(back), *at)
    assert refused == "Error: requestExit is refused: NothingMissing()"


def test_what_was_proven_to_be_over_is_ended_once(
    validating_world: BeaconWorld, places: tuple[Terminal, str]
) -> None:
    """REQ-2."""
    world, (terminal, beacon_url) = validating_world, places
    chain, (key, other, *_) = world.beacon.chain, keys_of(world, 0)
    at, manager = ("--beacon", beacon_url), ("--account", "operator_manager_1")
    with mining_at_once(world):
        terminal.succeed(exits, "request", shown(key), shown(other), *at, *manager)
    place = chain.index_of(key)
    vote_twice(chain, [place])
    chain.run_until(lambda c: bool(c.state.validators[place].slashed))
    chain.run(2)
    assert terminal.refuse(exits, "end").startswith("Error: no exit is to be ended")
    with mining_at_once(world):
        terminal.succeed(prove, shown(key), *at)
        told = terminal.succeed(exits, "end")
    assert "Done: 1 no more count as on their way." in told
    assert world.contracts.exits.leavingGwei() == 32 * GWEI
    listed = terminal.succeed(exits, "list")
    assert key.hex()[-6:] not in listed
    assert other.hex()[-6:] in listed
    assert terminal.refuse(exits, "end").startswith("Error: no exit is to be ended")


def test_a_key_that_is_not_staked_is_a_mistake(places: tuple[Terminal, str]) -> None:
    terminal, beacon_url = places
    unknown = "0x" + "ab" * 48
    line = terminal.refuse(exits, "request", unknown, "--beacon", beacon_url, code=2)
    assert line == f"Error: key {unknown} is unknown, staked expected"
