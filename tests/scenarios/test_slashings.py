"""A slashing on the beacon chain: what a proof of it closes, who pays, who gains by running."""

from dataclasses import replace

from keel.model.constants import ETHER
from keel.model.frames import State
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.identity import require_identity
from keel.scenarios.slashings import await_loss, prove_slashed, run_for_the_exit
from keel.scenarios.users import claim_ticket, request_ticket
from keel.scenarios.validators import sign_twice
from tests.causes import fails

_TICKET_WEI = 20 * ETHER


def test_a_proof_closes_the_doors_until_a_report_counts_the_slashing(
    validating_world: BeaconWorld,
) -> None:
    world = validating_world
    slashed = sign_twice(world, 1)
    before = run_for_the_exit(world, "depositor", "holder")
    assert before.redemption == before.deposit == ""  # the race that remains
    proven = prove_slashed(world, slashed)
    assert (proven.validators, proven.balance_wei) == (1, 32 * ETHER)
    assert proven.state is State.SLASHED
    run = run_for_the_exit(world, "depositor", "holder")
    assert run.redemption == "StateNotNormal(state=2)"
    assert run.deposit == "ActionClosed(action=0, state=2)"
    await_loss(world)
    assert run_for_the_exit(world, "depositor", "holder").redemption == ""
    require_identity(world)


def test_forfeited_bonds_bear_a_loss_before_anybody_else(validating_world: BeaconWorld) -> None:
    world = validating_world
    slashed = sign_twice(world, 1)
    bonds = world.contracts.bonds
    assert bonds.forfeitUnits() == 0
    proven = prove_slashed(world, slashed)
    assert ETHER <= proven.forfeit_wei < ETHER * 101 // 100
    announced, lost = await_loss(world)
    assert announced is None
    assert lost.loss_wei > lost.bond_wei >= proven.forfeit_wei  # a bond earns until then
    assert bonds.forfeitUnits() == 0
    assert lost.unvested_wei + lost.cover_wei == lost.loss_wei - lost.bond_wei
    require_identity(world)


def test_a_ticket_of_the_run_for_the_exit_loses_what_holders_lose(
    validating_world: BeaconWorld,
) -> None:
    world = validating_world
    prove_slashed(world, sign_twice(world, 3))
    ticket_id = request_ticket(world, "depositor", _TICKET_WEI)
    announced, lost = await_loss(world)
    assert announced is not None
    assert min(lost.bond_wei, lost.holders_wei, lost.tickets_wei) > 0
    assert lost.tickets_wei * 10_000 // _TICKET_WEI == lost.holders_bps > 0
    assert _TICKET_WEI - claim_ticket(world, ticket_id).paid_wei - lost.tickets_wei in (0, 1)
    require_identity(world)


def test_nobody_closes_doors_without_a_slashing(validating_world: BeaconWorld) -> None:
    world = validating_world
    slashed = sign_twice(world, 1)
    honest = next(
        one.index for one in world.beacon.standings().values() if one.index not in slashed.indices
    )
    with fails("NotSlashed", index=honest):
        prove_slashed(world, replace(slashed, indices=(honest,)))
    assert State(world.contracts.vault.state()) is State.NORMAL
    (culprit,) = slashed.indices
    prove_slashed(world, slashed)
    root = world.beacon.shown()[0].pubkey_root(culprit)
    with fails("WrongStage", pubkeyRoot=root, stage=6, expected=3):
        prove_slashed(world, slashed)
