"""What validators do: activate, work, go offline, sign twice; their losses are reported."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keel.chain.clock import now
from keel.chain.state import balance_wei
from keel.circle.reports import Reported
from keel.consensus.beacon.offences import vote_twice
from keel.errors import KeelError
from keel.model.constants import BPS, GWEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import next_reference_slot

TIP_GAS = 21_000
TIP_WEI_PER_GAS = 100 * GWEI


@dataclass(frozen=True, slots=True)
class Activated:
    """`slots` is what it took from the deposits to the end of the frame of the last activation."""

    validators: int
    slots: int
    reports: list[Reported]


@dataclass(frozen=True, slots=True)
class Worked:
    """What Keel's validators did up to a frame's last slot but one.

    `earned_gwei` is what the consensus layer gave them, `swept_gwei` what of it came to
    WithdrawalVault, `fees_wei` what came to RewardsVault as priority fees and MEV.
    """

    blocks: int
    earned_gwei: int
    swept_gwei: int
    fees_wei: int


def report_until(world: BeaconWorld, reached: Callable[[], bool]) -> list[Reported]:
    """Let frame after frame pass, each with its report."""
    reports = []
    while not reached():
        reports.append(world.next_report())
    return reports


def await_activation(world: BeaconWorld) -> Activated:
    """Let frames pass until all staked validators are active."""
    world.beacon.follow()
    first = world.beacon.chain.slot
    operators = world.beacon.operators
    reports = report_until(world, lambda: count_active(world) == len(operators))
    return Activated(len(operators), world.beacon.chain.slot - first, reports)


def count_active(world: BeaconWorld) -> int:
    """Keel's validators that are active now."""
    return sum(standing.active for standing in world.beacon.standings().values())


def work(world: BeaconWorld) -> Worked:
    """Let the frame pass but for its reference slot, while somebody pays a tip in every slot."""
    beacon, contracts = world.beacon, world.contracts
    vaults = (contracts.withdrawal_vault.address, contracts.rewards_vault.address)
    before_wei = [balance_wei(world.rpc, vault) for vault in vaults]
    before_gwei = beacon.total_gwei(now(world.rpc))
    blocks = 0
    for _ in range(next_reference_slot(world) - 1 - beacon.chain.slot):
        _send_tip(world)
        outcome = beacon.chain.step()
        proposer = bytes(beacon.chain.state.validators[outcome.proposer].pubkey)
        blocks += outcome.root is not None and proposer in beacon.operators
    swept_wei, fees_wei = (
        balance_wei(world.rpc, vault) - held for vault, held in zip(vaults, before_wei, strict=True)
    )
    swept_gwei = swept_wei // GWEI
    gained_gwei = beacon.total_gwei(now(world.rpc)) - before_gwei
    return Worked(blocks, gained_gwei + swept_gwei, swept_gwei, fees_wei)


def _send_tip(world: BeaconWorld) -> None:
    """Put a transaction into the pool that is worth something to whoever includes it."""
    world.beacon.chain.rpc.call(
        "eth_sendTransaction",
        {
            "from": world.actors["stranger"],
            "to": world.actors["attacker"],
            "gas": hex(TIP_GAS),
            "maxPriorityFeePerGas": hex(TIP_WEI_PER_GAS),
            "maxFeePerGas": hex(10 * TIP_WEI_PER_GAS),
        },
    )


@dataclass(frozen=True, slots=True)
class Lost:
    """The parts of a loss, wei, as LossAbsorbed names them; `visible_wei` is V before it."""

    reported: Reported
    visible_wei: int
    loss_wei: int
    bond_wei: int
    unvested_wei: int
    cover_wei: int
    holders_wei: int
    tickets_wei: int

    @property
    def holders_bps(self) -> int:
        """What each holder lost, but for bonds and fund, whose shares were burned."""
        return self.holders_wei * BPS // (self.visible_wei - self.bond_wei - self.cover_wei)


class LossNotAppliedError(KeelError):
    """A report applied no loss; one beyond the bucket waits for a second report."""


def lost_by(reported: Reported) -> Lost:
    """What a report's loss was borne by; raises LossNotAppliedError when none was applied."""
    absorbed, rebased = reported.event("LossAbsorbed"), reported.event("Rebased")
    if absorbed is None or rebased is None:
        raise LossNotAppliedError(
            f"a loss of {reported.judgement.lossWei} wei was not applied: "
            f"{reported.judgement.limitWei} wei may be applied at once"
        )
    inputs = absorbed.inputs
    return Lost(
        reported,
        rebased.inputs["visibleBeforeWei"],
        inputs["lossWei"],
        inputs["bondWei"],
        inputs["unvestedWei"],
        inputs["coverWei"],
        inputs["holdersWei"],
        inputs["ticketsWei"],
    )


@dataclass(frozen=True, slots=True)
class Slashed:
    """Keel's validators that were slashed, what the chain took from them at once, and what it will.

    `slot` is that of the block which slashed them, `penalty_slot` the first after the larger
    penalty, that for many slashings at a time.
    """

    indices: tuple[int, ...]
    slot: int
    first_penalty_gwei: int
    expected_gwei: int
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

    It happens right after a report, so that the next one is of a slot after it.
    """
    world.next_report()
    return slash(world, _one_of_each_operator(world)[:count])


def slash(world: BeaconWorld, pubkeys: Sequence[bytes]) -> Slashed:
    """Let some of Keel's validators vote twice; slots pass until the chain has slashed them."""
    beacon = world.beacon
    indices = tuple(beacon.standings()[pubkey].index for pubkey in pubkeys)
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
        indices,
        beacon.chain.slot,
        sum(before) - sum(after),
        sum(beacon.standings()[pubkey].penalty_gwei for pubkey in pubkeys),
        (penalty_epoch + 1) * int(spec.SLOTS_PER_EPOCH),
    )


def suffer_penalty(world: BeaconWorld, slashed: Slashed) -> tuple[int, Reported]:
    """Let frames pass until the larger penalty; returns it in wei, and the report after it."""
    chain = world.beacon.chain
    report_until(world, lambda: next_reference_slot(world) >= slashed.penalty_slot)
    chain.to_slot(slashed.penalty_slot - 1)
    before = sum(int(chain.state.balances[index]) for index in slashed.indices)
    chain.run(1)
    after = sum(int(chain.state.balances[index]) for index in slashed.indices)
    return (before - after) * GWEI, world.next_report()


def _one_of_each_operator(world: BeaconWorld) -> list[bytes]:
    last = {operator_id: pubkey for pubkey, operator_id in world.beacon.operators.items()}
    return list(last.values())
