"""A ticket that the buffer cannot pay: the keeper asks for exits, the chain performs them."""

from dataclasses import dataclass

from keel.chain.state import block_head
from keel.circle.reports import Reported
from keel.consensus.beacon.outcome import SlotOutcome
from keel.scenarios.circle_world import CircleWorld


@dataclass(frozen=True, slots=True)
class ExitAsked:
    """Validators whose exit a keeper asked for by EIP-7002, and how many slots that took."""

    indices: tuple[int, ...]
    slots: int


@dataclass(frozen=True, slots=True)
class PaidOut:
    """`swept_slot` is the slot in which the last of them had been paid out in full."""

    swept_slot: int
    reports: list[Reported]


def await_exit_asked(world: CircleWorld) -> ExitAsked:
    """Let slots pass until the consensus layer has taken what a keeper asked for."""
    chain = world.beacon.chain
    first_block = block_head(world.rpc).number
    asked: list[bytes] = []

    def exiting() -> bool:
        events = world.contracts.withdrawal_vault.events_between(
            first_block, block_head(world.rpc).number, "ExitRequested"
        )
        asked[:] = dict.fromkeys(bytes(event.inputs["pubkey"]) for event in events)
        never = chain.spec.FAR_FUTURE_EPOCH
        validators = (chain.state.validators[chain.index_of(pubkey)] for pubkey in asked)
        return bool(asked) and all(each.exit_epoch != never for each in validators)

    slots = world.circle.until(exiting, "an exit")
    return ExitAsked(tuple(chain.index_of(pubkey) for pubkey in asked), slots)


def await_paid_out(world: CircleWorld, asked: ExitAsked, ticket_id: int) -> PaidOut:
    """Let frames pass, each with its report, until exit and sweep have paid for a ticket."""
    chain, queue = world.beacon.chain, world.contracts.queue
    reports: list[Reported] = []
    swept: list[int] = []

    def look(outcome: SlotOutcome) -> None:
        if not any(int(chain.state.balances[index]) for index in asked.indices):
            swept.append(outcome.slot)

    chain.watchers.append(look)
    try:
        while queue.lastFinalised() < ticket_id:
            reports.append(world.next_report())
    finally:
        chain.watchers.remove(look)
    return PaidOut(swept[0], reports)
