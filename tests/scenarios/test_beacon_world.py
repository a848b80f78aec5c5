"""Keel on a beacon chain: what it learns from the state, and what the chain does to its books."""

import time
from pathlib import Path

import pytest

from keel.chain.clock import now
from keel.chain.state import balance_wei
from keel.consensus.beacon.branches import restore_branch, take_branch
from keel.consensus.beacon.requests import submit_deposit
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.consensus.deposit_data import make_deposit_data
from keel.model.constants import ETHER, GWEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.front_run import front_run
from keel.scenarios.identity import BooksBrokenError, measure_identity, require_identity
from keel.scenarios.keepers import stake
from keel.scenarios.members import next_reference_slot, report
from keel.scenarios.operators import operators_join, own_keys
from keel.scenarios.users import deposit
from keel.scenarios.validators import (
    LossNotAppliedError,
    count_active,
    lost_by,
    report_until,
    sign_twice,
    work,
)


def test_frames_are_those_of_the_beacon_chain(beacon_world: BeaconWorld) -> None:
    chain, oracle = beacon_world.beacon.chain, beacon_world.contracts.oracle
    assert oracle.GENESIS_TIME() == int(chain.state.genesis_time)
    assert oracle.SECONDS_PER_SLOT() == chain.config.slot_seconds
    frame_slots = beacon_world.configuration.geometry.frame_slots
    assert frame_slots % int(chain.spec.SLOTS_PER_EPOCH) == 0
    assert next_reference_slot(beacon_world) == 2 * frame_slots - 1


def test_an_empty_keel_is_reported_once_its_slot_is_finalised(beacon_world: BeaconWorld) -> None:
    chain = beacon_world.beacon.chain
    assert chain.finalised_epoch > 0
    ref_slot = report(beacon_world).report.ref_slot
    assert chain.finalised_epoch * int(chain.spec.SLOTS_PER_EPOCH) == ref_slot + 1
    require_identity(beacon_world)


def test_predeposits_count_nowhere(beacon_world: BeaconWorld, tmp_path: Path) -> None:
    operators_join(beacon_world, tmp_path, keys_each=1)
    reported = report(beacon_world)
    assert reported.report.consensus_balance_gwei == 0
    found = require_identity(beacon_world)
    assert (found.consensus_wei, found.pending_wei) == (0, 0)


def test_stakes_are_in_p_with_their_predeposits_and_then_in_c(
    beacon_world: BeaconWorld, tmp_path: Path
) -> None:
    operators_join(beacon_world, tmp_path, keys_each=1)
    deposit(beacon_world, "depositor", 100 * ETHER)
    before_wei = require_identity(beacon_world).buffered_wei
    stake(beacon_world)
    before = require_identity(beacon_world)
    assert (before.consensus_wei, before.pending_wei) == (0, 96 * ETHER)
    assert before_wei - before.buffered_wei == 93 * ETHER
    reported = report(beacon_world)
    after = require_identity(beacon_world)
    assert (after.consensus_wei, after.pending_wei) == (96 * ETHER, 0)
    assert reported.report.active_validators == 0


def test_who_deposits_first_with_own_credentials_gets_nothing_of_the_pool(
    beacon_world: BeaconWorld, tmp_path: Path
) -> None:
    operators_join(beacon_world, tmp_path, keys_each=1)
    deposit(beacon_world, "depositor", 100 * ETHER)
    tried = front_run(beacon_world)
    assert tried.is_frozen
    assert tried.refused_stake == "NothingToStake()"
    assert tried.refused_predeposit == "OperatorFrozen(operatorId=3)"
    assert tried.paid_to == beacon_world.actors["attacker"]
    before_wei, after_wei = tried.pool_wei
    assert before_wei == after_wei > 100 * ETHER
    assert tried.own_wei == 2 * ETHER
    require_identity(beacon_world)
    honest = stake(beacon_world)
    assert honest.by_operator == {0: 1, 1: 1, 2: 1}
    require_identity(beacon_world)


def test_an_honest_operator_is_not_frozen_by_somebody_s_gift(
    beacon_world: BeaconWorld, tmp_path: Path
) -> None:
    """Ether for a key after its predeposit only makes the whole validator's proof necessary."""
    operators_join(beacon_world, tmp_path, keys_each=1)
    deposit(beacon_world, "depositor", 100 * ETHER)
    (first,) = own_keys(beacon_world, 0, 1)
    credentials = beacon_world.contracts.vault.withdrawalCredentials()
    copied = make_deposit_data(first, credentials, GWEI)
    submit_deposit(beacon_world.rpc, copied, beacon_world.actors["stranger"])
    assert stake(beacon_world).by_operator == {0: 1, 1: 1, 2: 1}
    assert not beacon_world.contracts.registry.operator(0).frozen
    reported = report(beacon_world)
    assert reported.judgement.growthWei == ETHER
    require_identity(beacon_world)


def test_active_validators_are_there_again_within_two_seconds(
    validating_world: BeaconWorld,
) -> None:
    chain = validating_world.beacon.chain
    snapshot = take_branch(chain)
    slot = chain.slot
    chain.to_next_epoch()
    began = time.monotonic()
    restore_branch(chain, snapshot)
    assert time.monotonic() - began < 2
    assert (chain.slot, count_active(validating_world)) == (slot, 24)
    chain.run(1)
    require_identity(validating_world)


def test_only_recorded_keys_count(validating_world: BeaconWorld) -> None:
    view = validating_world.beacon.view(validating_world.beacon.chain.slot)
    assert len(view.by_pubkey) == 64 + 24
    assert len(validating_world.beacon.standings()) == 24
    identity = require_identity(validating_world)
    assert 767 * ETHER < identity.consensus_wei < 769 * ETHER


def test_the_identity_breaks_when_a_recorded_key_is_overlooked(
    validating_world: BeaconWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    beacon = validating_world.beacon
    overlooked = next(iter(beacon.operators))
    monkeypatch.setattr(beacon, "follow", lambda: None)
    require_identity(validating_world)
    del beacon.operators[overlooked]
    with pytest.raises(BooksBrokenError, match=r": -32\d{18} wei$"):
        require_identity(validating_world)


def test_growth_is_what_the_chain_paid_to_the_wei(validating_world: BeaconWorld) -> None:
    world = validating_world
    world.beacon.chain.fees.mev_payment_wei = ETHER // 200
    booked_wei = measure_identity(world).consensus_wei
    worked = work(world)
    assert worked.fees_wei > 0
    assert worked.swept_gwei > 0
    reported = report(world)
    seen = reported.report
    gross_wei = (
        seen.consensus_balance_gwei * GWEI
        + seen.withdrawal_vault_balance_wei
        + seen.rewards_vault_balance_wei
    )
    assert reported.judgement.growthWei == gross_wei - booked_wei
    assert seen.rewards_vault_balance_wei >= worked.fees_wei
    assert seen.active_validators == 24
    require_identity(world)


def test_a_missed_reference_slot_is_reported_all_the_same(validating_world: BeaconWorld) -> None:
    world = validating_world
    ref_slot = next_reference_slot(world)
    world.beacon.chain.participation.miss([ref_slot])
    reported = report(world)
    assert reported.report.ref_slot == ref_slot
    assert world.beacon.chain.store.block_at(ref_slot) is None
    require_identity(world)


def test_what_came_after_the_reference_slot_waits_for_the_next_report(
    validating_world: BeaconWorld,
) -> None:
    world = validating_world
    seen = report(world).report
    vault = world.contracts.withdrawal_vault.address
    ref_time = world.configuration.geometry.time_of(seen.ref_slot)
    at_ref_slot_wei = balance_wei(world.rpc, vault, world.beacon.block_at(ref_time))
    assert seen.withdrawal_vault_balance_wei == at_ref_slot_wei > 0
    assert balance_wei(world.rpc, vault) > 0
    assert now(world.rpc) - ref_time >= world.profile.finality_seconds


def test_a_frame_of_work_costs_nothing(validating_world: BeaconWorld) -> None:
    with pytest.raises(LossNotAppliedError):
        lost_by(report(validating_world))


def test_slashed_validators_are_counted_and_lose_at_once(validating_world: BeaconWorld) -> None:
    slashed = sign_twice(validating_world, 2)
    chain = validating_world.beacon.chain
    quotient = int(chain.spec.MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA)
    assert slashed.first_penalty_gwei >= 2 * 32 * 10**9 // quotient
    reported = report(validating_world)
    assert reported.report.slashed_validators == 2
    require_identity(validating_world)


def test_an_exited_validator_comes_back_as_buffered_ether(validating_world: BeaconWorld) -> None:
    world = validating_world
    chain = world.beacon.chain
    leaving = next(iter(world.beacon.operators))
    index = world.beacon.standings()[leaving].index
    before_wei = require_identity(world).buffered_wei
    chain.to_next_epoch()
    exit_voluntarily(chain, index)
    reports = report_until(world, lambda: int(chain.state.balances[index]) == 0)
    last = report(world)
    assert last.report.exited_validators == 1
    assert last.report.active_validators == 23
    assert len(reports) >= 1
    assert require_identity(world).buffered_wei - before_wei >= 32 * ETHER
