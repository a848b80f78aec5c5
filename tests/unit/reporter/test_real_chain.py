"""On a real beacon chain the report is that of the older, slower reading of the same state."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from keel.chain.clock import now
from keel.chain.state import block_head
from keel.committee.timetable import Timetable
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.requests import top_up
from keel.consensus.beacon.spec import load_spec
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.deploy.actors import OPERATOR_MANAGERS
from keel.model.commitment import OperatorTotals
from keel.model.constants import ETHER, GWEI
from keel.reporter.assessment import Assessment, assess
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.keepers import stake
from keel.scenarios.members import look, next_reference_slot, post, report
from keel.scenarios.operators import operators_join, predeposit_keys, write_key_file
from keel.scenarios.validators import sign_twice
from keel.sight.agreed_state import staked_state_block, verified_state
from keel.sight.consensus_view import consensus_view
from keel.sight.history import Historian
from keel.sight.protocol_view import ProtocolView, read_protocol, report_to_go_on_from

TOP_UP_GWEI = 3 * ETHER // GWEI


def protocol_at(world: BeaconWorld, number: int) -> ProtocolView:
    """What a reporter with an empty folder reads at a block."""
    historian, head = Historian(world.contracts, world.first_block), block_head(world.rpc, number)
    root = world.contracts.oracle.operatorsRoot(block=number)
    last_time = world.contracts.vault.consensus(block=number).lastRefTime
    ref_time = last_time + world.profile.frame_seconds
    span = historian.commissions_at(head).span(last_time, ref_time)
    recorded = historian.up_to(head).recorded(number)
    return read_protocol(world.contracts, recorded, number, root, span)


def root_before(world: BeaconWorld, ref_slot: int, number: int) -> bytes:
    """What the report of a slot goes on from, whose state names this block."""
    history = Historian(world.contracts, world.first_block).up_to(block_head(world.rpc, number))
    slot_of = Timetable(world.configuration.geometry, 0).slot_at
    oracles = history.oracles(number)
    last = report_to_go_on_from(world.contracts, oracles, slot_of, ref_slot, number)
    return last.operators_root


def assessed(world: BeaconWorld, slot: int, previous: Sequence[OperatorTotals]) -> Assessment:
    """The report of a slot, from the bytes of its state, as a reporter would make it."""
    chain = world.beacon.chain
    state = chain.store.state_at(slot)
    plain = load_spec(ChainConfig(fork=chain.config.fork, preset=chain.config.preset))
    root = bytes(chain.spec.hash_tree_root(state))
    encoded = verified_state(plain, state.encode_bytes(), root)
    number, block_hash = staked_state_block(encoded)
    assert block_hash == bytes(state.latest_execution_payload_header.block_hash)
    protocol = protocol_at(world, number)
    view = consensus_view(encoded, protocol.recorded, protocol.credentials)
    return assess(view, protocol, previous)


def require_same(world: BeaconWorld, slot: int, previous: Sequence[OperatorTotals]) -> Assessment:
    """Compare with the older reading all but the operators' root, whose rule is another (OPR-5)."""
    before = dict(world.reward_leaves)
    older, _ = look(world, slot)
    world.reward_leaves = before
    assessment = assessed(world, slot, previous)
    assert replace(assessment.report, operators_root=older.operators_root) == older
    time = world.configuration.geometry.time_of(slot)
    assert {
        one.operator_id: (one.active, one.exited, one.slashed) for one in assessment.operators
    } == world.beacon.counts(time)
    own = dict.fromkeys(range(3), 0)
    view = world.beacon.view(slot)
    for pubkey, operator_id in world.beacon.operators.items():
        own[operator_id] += view.worth_gwei(pubkey)
    assert {one.operator_id: one.balance_gwei for one in assessment.operators} == own
    assert sum(own.values()) == assessment.report.consensus_balance_gwei
    return assessment


def test_frames_with_every_kind_of_change_are_read_as_before(
    validating_world: BeaconWorld, tmp_path: Path
) -> None:
    world, chain = validating_world, validating_world.beacon.chain
    chain.to_next_epoch()
    leaving, topped_up, *_ = world.beacon.standings().values()
    exit_voluntarily(chain, leaving.index)
    sign_twice(world, 1)
    manager = world.actors[OPERATOR_MANAGERS[0]]
    predeposit_keys(world, 0, manager, write_key_file(world, tmp_path, 24, 1))
    stake(world, most=1)
    top_up(chain, topped_up.index, TOP_UP_GWEI, world.actors["stranger"])
    chain.participation.miss([next_reference_slot(world)])
    frames: list[Assessment] = []
    while not frames or frames[-1].report.exited_validators < 2:  # the slashed one leaves too
        slot = report(world).report.ref_slot
        frames.append(require_same(world, slot, ()))
        assert len(frames) < 8
    first, last = frames[0], frames[-1]
    assert chain.store.block_at(first.report.ref_slot) is None
    assert first.pending_gwei == 31 * ETHER // GWEI + TOP_UP_GWEI
    assert first.operators[0].pending == 1
    assert (last.report.slashed_validators, last.report.exited_validators) == (1, 2)
    assert not first.foreign


def test_operators_that_work_are_paid_and_one_that_sleeps_is_not(
    validating_world: BeaconWorld,
) -> None:
    world, beacon = validating_world, validating_world.beacon
    asleep = [beacon.standings()[key].index for key, who in beacon.operators.items() if who == 1]
    beacon.chain.participation.go_offline(asleep)
    report(world)
    slot = report(world).report.ref_slot
    first, sleeper, third = assessed(world, slot, ()).operators
    assert (sleeper.weight, sleeper.added_shares, sleeper.active) == (0, 0, 8)
    assert first.added_shares > 0
    assert third.added_shares > 0
    given = [OperatorTotals(one.operator_id, 0, 0, 0, one.added_shares) for one in (first, third)]
    again = assessed(world, slot, given)
    assert again.undistributed_shares in (0, 1)
    assert again.added_shares == 0
    assert again.leaves == assessed(world, slot, ()).leaves


def test_everything_is_of_the_block_that_was_asked_for(validating_world: BeaconWorld) -> None:
    world, contracts = validating_world, validating_world.contracts
    last = block_head(world.rpc).number
    before = protocol_at(world, last)
    assert before.operator_names == dict(enumerate(("Harbour", "Lighthouse Quay", "North Mole")))
    assert before.credentials == contracts.vault.withdrawalCredentials()
    report(world)
    root, span = before.operators_root, before.commissions
    again = read_protocol(contracts, before.recorded, last, root, span)
    for name in ("withdrawal_vault_balance_wei", "rewards_vault_balance_wei"):
        assert getattr(again, name) == getattr(before, name)
    assert (again.minted_shares, again.claimed_shares) == (before.minted_shares, {0: 0, 1: 0, 2: 0})
    now = protocol_at(world, block_head(world.rpc).number)
    assert now.operators_root == contracts.oracle.operatorsRoot() != before.operators_root
    assert now.minted_shares > before.minted_shares


def test_leaves_go_on_from_the_last_report_of_an_earlier_slot_however_late_it_came(
    beacon_world: BeaconWorld, tmp_path: Path
) -> None:
    world = beacon_world
    report(world)
    operators_join(world, tmp_path)
    slot = next_reference_slot(world)
    slot_seconds = world.configuration.geometry.seconds_per_slot
    next_slot = slot + world.configuration.geometry.frame_slots
    world.beacon.go_to(world.configuration.geometry.time_of(slot))
    world.beacon.await_final(world.configuration.geometry.time_of(slot))
    seen, _ = look(world, slot)
    late_seconds = (next_slot + 2 - world.beacon.chain.slot) * slot_seconds
    world.beacon.go_to(now(world.rpc) + late_seconds)
    root = bytes(range(32))
    post(world, replace(seen, operators_root=root), world.members)
    block_number = world.beacon.block_at(world.configuration.geometry.time_of(next_slot))
    own = world.contracts.oracle.operatorsRoot(block=block_number)
    assert own == bytes(32) != root
    assert root_before(world, next_slot, block_number) == root
    assert root_before(world, slot, block_number) == own
