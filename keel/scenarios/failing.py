"""On a beacon chain: validators go offline, or sign twice, and the chain itself makes them pay."""

from dataclasses import dataclass

from keel.circle.reports import Reported
from keel.consensus.beacon.offences import vote_twice
from keel.model.constants import GWEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.losing import Lost, lost_by
from keel.scenarios.reporting import next_reference_slot
from keel.scenarios.working import report_until


@dataclass(frozen=True, slots=True)
class Slashed:
    """Keel's validators that were slashed, and what the chain took from them at once.

    `penalty_slot` is the first slot after the larger penalty, that for many slashings at a time.
    """

    indices: tuple[int, ...]
    first_penalty_gwei: int
    penalty_slot: int


def frames_offline(world: BeaconWorld) -> Lost:
    """Let all of Keel's validators miss two whole frames; the loss is that of the second one.

    The first one is still paid for duties done before it. They stop one reference slot earlier,
    since a report's frame begins before it is final.
    """
    beacon = world.beacon
    indices = [standing.index for standing in beacon.standings().values()]
    beacon.go_to(world.configuration.geometry.time_of(next_reference_slot(world) - 1))
    beacon.chain.participation.go_offline(indices)
    for _ in range(2):
        world.next_report()
    lost = lost_by(world.next_report())
    beacon.chain.participation.come_back(indices)
    return lost


def sign_twice(world: BeaconWorld, count: int) -> Slashed:
    """Let validators, each of another operator, vote twice; the next block slashes them.

    It happens right after a report, so that the larger penalty falls late in a later frame, when
    the frame before has been reported.
    """
    world.next_report()
    beacon = world.beacon
    chosen = _one_of_each_operator(world)[:count]
    indices = tuple(beacon.standings()[pubkey].index for pubkey in chosen)
    before = [int(beacon.chain.state.balances[index]) for index in indices]
    vote_twice(beacon.chain, indices)
    beacon.chain.run_until(
        lambda chain: all(chain.state.validators[index].slashed for index in indices),
        what="the slashing",
    )
    state, spec = beacon.chain.state, beacon.chain.spec
    after = [int(state.balances[index]) for index in indices]
    withdrawable = max(int(state.validators[index].withdrawable_epoch) for index in indices)
    penalty_epoch = withdrawable - int(spec.EPOCHS_PER_SLASHINGS_VECTOR) // 2
    return Slashed(
        indices, sum(before) - sum(after), (penalty_epoch + 1) * int(spec.SLOTS_PER_EPOCH)
    )


def approach_penalty(world: BeaconWorld, slashed: Slashed) -> list[Reported]:
    """Let frames pass, each with its report, up to the one that will hold the larger penalty."""
    return report_until(world, lambda: next_reference_slot(world) >= slashed.penalty_slot)


def suffer_penalty(world: BeaconWorld, slashed: Slashed) -> tuple[int, Lost]:
    """Let the larger penalty come and be reported; returns it in wei, and the loss."""
    chain = world.beacon.chain
    chain.to_slot(slashed.penalty_slot - 1)
    before = sum(int(chain.state.balances[index]) for index in slashed.indices)
    chain.run(1)
    after = sum(int(chain.state.balances[index]) for index in slashed.indices)
    return (before - after) * GWEI, lost_by(world.next_report())


def _one_of_each_operator(world: BeaconWorld) -> list[bytes]:
    last = {operator_id: pubkey for pubkey, operator_id in world.beacon.operators.items()}
    return list(last.values())
