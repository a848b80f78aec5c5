"""On a beacon chain: staked validators become active, do their duties, and are paid for them."""

from collections.abc import Callable
from dataclasses import dataclass

from keel.chain.clock import now
from keel.chain.state import balance_wei
from keel.circle.reports import Reported
from keel.model.constants import GWEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.reporting import next_reference_slot

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
