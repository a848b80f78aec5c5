"""Exits and keeper differ: it refuses what would be asked, or has more as on its way (EXT)."""

from pathlib import Path

import orjson

from keel.chain.state import set_runtime_code
from keel.consensus.beacon.offences import vote_twice
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.deploy.artifacts import Artifacts, artifact_named
from keel.model.commitment import public_key_hash
from keel.model.constants import DEAD_FRAMES, ETHER, GWEI
from keel.model.exits import INACTIVE_FRAMES
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.exits import ask_exit
from keel.scenarios.users import request_ticket
from tests.keeper.stage import asked_exits, events, keepers_beside, leaving
from tests.keeper.test_keys import SELDOM
from tests.nursery import Rear
from tests.reporter.stage import metric
from tests.unit.contracts.proven_states import Numbers, numbers_of


def test_refused_validators_are_passed_over_in_the_same_turn_and_told_once(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    """EXT-7: the verifier takes no validator of the younger epoch.

    Operator 1 goes first (EXT-3) with its old validator, then its two young ones are refused.
    """
    chain = keepers_world.beacon.chain
    (a_old, *a_rest), (b_old, *b_young), (c_old, _) = (
        _of_operator(keepers_world, number) for number in range(3)
    )
    assert _activated(keepers_world, b_old) + 1 == _activated(keepers_world, b_young[0])
    for pubkey in (*a_rest, c_old):
        exit_voluntarily(chain, chain.index_of(pubkey))
    chain.step()
    vault, queue = keepers_world.contracts.vault, keepers_world.contracts.queue
    coming_wei = sum(leaving(keepers_world).values()) * GWEI + vault.bufferedWei() - queue.owedWei()
    request_ticket(keepers_world, "depositor", coming_wei + 40 * ETHER)
    chain.to_slot((chain.slot // 8 + 1) * 8)
    period = chain.slot // 8 - _activated(keepers_world, b_old)
    _put_verifier(keepers_world, artifacts, shard_committee_period=period)
    with keepers_beside(keepers_world, tmp_path, artifacts, rear, chores=["exit"]) as world:
        world.circle.advance(4, settle_each=True)
        assert asked_exits(world) == [b_old, a_old]
        first, second = events(world, world.contracts.exits, "ExitRequested")
        assert second.log.block_number == first.log.block_number + 1
        (keeper,) = world.circle.keepers
        lines = [orjson.loads(line) for line in keeper.service.log_path.read_bytes().splitlines()]
        refused = [line for line in lines if line["event"] == "chore.refused"]
        assert [line["chore"] for line in refused] == [
            f"exit {chain.index_of(pubkey)} 0" for pubkey in b_young
        ]
        assert all("NotExitable" in line["reason"] for line in refused)


def test_in_the_dead_state_no_old_state_hides_what_tickets_lack(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    """EXT-1: Exits has a slashed one as on its way, and finds nothing missing."""
    chain, c = keepers_world.beacon.chain, keepers_world.contracts
    slashed = next(iter(keepers_world.beacon.operators))
    ask_exit(keepers_world, slashed, "operator_manager_1")
    vote_twice(chain, [chain.index_of(slashed)])
    dead_at = c.vault.consensus().lastRefTime + DEAD_FRAMES * c.vault.FRAME_SECONDS()
    chain.to_slot(keepers_world.beacon.slot_at(dead_at))
    with keepers_beside(
        keepers_world, tmp_path, artifacts, rear, chores=["exit"], state_slots=SELDOM
    ) as world:
        (keeper,) = world.circle.keepers
        read = metric(keeper, "keel_keeper_state_slot")
        world.circle.advance(9, settle_each=True)
        assert metric(keeper, "keel_keeper_state_slot") == read
        request_ticket(world, "depositor", c.vault.bufferedWei() - c.queue.owedWei() + 20 * ETHER)
        assert c.exits.missingWei() == 0
        world.circle.until(lambda: len(asked_exits(world)) == 2, "an exit", 10)
        assert asked_exits(world)[1] != slashed


def test_an_absent_validator_is_inactive_after_7_frames_and_no_other_one(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    """EXT-8; whether it shall leave is not for keepers to say."""
    chain, exits = keepers_world.beacon.chain, keepers_world.contracts.exits
    absent = next(iter(keepers_world.beacon.operators))
    index, frame_slots = chain.index_of(absent), keepers_world.profile.frame_slots
    chain.participation.go_offline([index])
    chain.run_until(lambda c: int(c.state.balances[index]) < 32 * GWEI, 64)
    chain.run(frame_slots + frame_slots // 4)
    for turn in range(2):
        folder = tmp_path / str(turn)
        with keepers_beside(keepers_world, folder, artifacts, rear, chores=["exit"]) as world:
            world.circle.advance(4, settle_each=True)
            noted = events(world, exits, "BalanceNoted")
            assert {each.inputs["pubkeyRoot"] for each in noted} == {public_key_hash(absent)}
            assert [each.inputs["isInactive"] for each in noted] == [False, True][: turn + 1]
            assert asked_exits(world) == []
        chain.run((1 - turn) * INACTIVE_FRAMES * frame_slots)


def _of_operator(world: BeaconWorld, operator_id: int) -> list[bytes]:
    """Keys of an operator, the oldest validator first."""
    chain, registry = world.beacon.chain, world.contracts.registry
    keys = [
        key
        for key in world.beacon.operators
        if registry.keyOf(public_key_hash(key)).operatorId == operator_id
    ]
    return sorted(keys, key=lambda key: (_activated(world, key), chain.index_of(key)))


def _activated(world: BeaconWorld, pubkey: bytes) -> int:
    chain = world.beacon.chain
    return int(chain.state.validators[chain.index_of(pubkey)].activation_epoch)


def _put_verifier(world: BeaconWorld, artifacts: Artifacts, **numbers: int) -> None:
    """Give the verifier's address the code of another one, as if governance had replaced it."""
    chain, artifact = world.beacon.chain, artifact_named(artifacts, "ValidatorProofs")
    given = Numbers(*numbers_of(chain.spec, chain.time_at(0)))._replace(**numbers)
    creation = artifact.creation_code + artifact.abi.constructor.encode((given,))
    code = world.rpc.call("eth_call", {"data": "0x" + creation.hex()}, "latest")
    set_runtime_code(world.rpc, world.contracts.proofs.address, bytes.fromhex(code[2:]))
