"""What a slashing brings about before its report: its proof, and doors that close (STA-7)."""

from dataclasses import dataclass

from keel.chain.state import block_head
from keel.circle.reports import Reported
from keel.model.constants import ETHER
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.keepers import receipts_of
from keel.scenarios.operators import history_of
from keel.scenarios.refusals import refusal
from keel.scenarios.users import deposit, redeem_instantly
from keel.scenarios.validators import Lost, Slashed, lost_by
from keel.scenarios.world import World


@dataclass(frozen=True, slots=True)
class ProvenSlashings:
    """What proofs of slashings came to, `slots` after the chain had slashed."""

    slots: int
    validators: int
    balance_wei: int
    forfeit_wei: int
    gas_used: int
    state: State


@dataclass(frozen=True, slots=True)
class Run:
    """Why somebody who watched the beacon chain neither leaves nor enters now; empty: it does."""

    redemption: str
    deposit: str


def prove_slashed(world: BeaconWorld, slashed: Slashed, actor: str = "stranger") -> ProvenSlashings:
    """Prove them one by one, as anybody may, by the newest state that can be shown."""
    registry, chain = world.contracts.registry, world.beacon.chain
    slashing_root = chain.store.root_at(slashed.slot)
    # It must be a later block's parent; slashed proposers miss their slots.
    chain.run_until(lambda _: chain.head_root != slashing_root, what="a block after the slashing")
    prover, block = world.beacon.shown()
    for index in slashed.indices:
        proof = prover.validator(index)
        registry.proveSlashed.send(block, *proof, sender=world.actors[actor])
    return _proven(world, slashed)


def await_slashings_proven(world: CircleWorld, slashed: Slashed) -> ProvenSlashings:
    """Let slots pass until a keeper has proven all of them."""
    world.circle.until(
        lambda: _count_proven(world) >= len(slashed.indices), "proofs of the slashings"
    )
    return _proven(world, slashed)


def run_for_the_exit(world: World, holder: str, newcomer: str, amount_wei: int = ETHER) -> Run:
    """Try to redeem at once before a loss that everybody sees, and to buy in after it."""
    return Run(
        redemption=refusal(lambda: redeem_instantly(world, holder, amount_wei)),
        deposit=refusal(lambda: deposit(world, newcomer, amount_wei)),
    )


def await_loss(world: BeaconWorld) -> tuple[Reported | None, Lost]:
    """Let frames pass until a report applies a loss; one beyond the bucket is announced first."""
    reported, announced = world.next_report(), None
    if not reported.applied:
        reported, announced = world.next_report(), reported
    return announced, lost_by(reported)


def _count_proven(world: BeaconWorld) -> int:
    return sum(life.stage is Stage.SLASHED for life in history_of(world).key_lives().values())


def _proven(world: BeaconWorld, slashed: Slashed) -> ProvenSlashings:
    c = world.contracts
    receipts = receipts_of(world, "KeySlashed")
    last_block = max(receipt.block_number for receipt in receipts)
    noted = [event for each in receipts for event in c.vault.events(each, "SlashingNoted")]
    forfeit = [event for each in receipts for event in c.bonds.events(each, "BondForfeited")]
    units = sum(event.inputs["units"] for event in forfeit)
    return ProvenSlashings(
        slots=world.beacon.slot_at(block_head(world.rpc, last_block).timestamp) - slashed.slot,
        validators=len(noted),
        balance_wei=sum(event.inputs["balanceWei"] for event in noted),
        forfeit_wei=c.wrapped.convertToAssets(units),
        gas_used=sum(receipt.gas_used for receipt in receipts),
        state=State(c.vault.state()),
    )
