"""ACC-1, measured from outside the contract that keeps the books.

B is the vault's ether; C and P are what the beacon chain says; Q is added
up from the tickets, each with its own claim at the index of its own request. Only A and S come
from the books. The contract's own B, C, P and Q are not asked, for it derives B from the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keel.chain.contract import Contract, call_many
from keel.chain.state import balance_wei, block_head
from keel.consensus.beacon.outcome import SlotOutcome
from keel.deploy.contracts import WithdrawalQueue
from keel.errors import KeelError
from keel.model.constants import GWEI, RAY, SHARES_PER_UNIT
from keel.model.queue import normalise_down, owed_up
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.world import World

_ZERO = "0x" + "0" * 40


class BooksBrokenError(KeelError):
    """What was measured and what the books say differ; the message says by how much."""


@dataclass(frozen=True, slots=True)
class Identity:
    """All terms of ACC-1, in wei."""

    buffered_wei: int
    consensus_wei: int
    pending_wei: int
    backing_wei: int
    owed_wei: int

    @property
    def controlled_wei(self) -> int:
        """B + C + P."""
        return self.buffered_wei + self.consensus_wei + self.pending_wei

    @property
    def difference_wei(self) -> int:
        """What is there less what is owed."""
        return self.controlled_wei - self.backing_wei - self.owed_wei


def require_identity(world: World) -> Identity:
    """Measure; raises BooksBrokenError when anything is off by 1 wei, share or unit."""
    identity = measure_identity(world)
    if identity.difference_wei:
        raise BooksBrokenError(
            f"B + C + P is {identity.controlled_wei} wei, A + Q is "
            f"{identity.backing_wei + identity.owed_wei} wei: {identity.difference_wei:+d} wei"
        )
    _require_shares(world)
    return identity


def measure_identity(world: World) -> Identity:
    """Measure all terms at the latest block."""
    vault = world.contracts.vault
    world.beacon.follow()
    ref_time = last_ref_time(world)
    return Identity(
        buffered_wei=balance_wei(world.rpc, vault.address),
        consensus_wei=world.beacon.total_gwei(ref_time) * GWEI - _swept_since_wei(world, ref_time),
        pending_wei=world.beacon.deposited_later_gwei(ref_time) * GWEI,
        backing_wei=vault.totals().assetsWei,
        owed_wei=owed_by_tickets_wei(world.contracts.queue, world.first_block),
    )


def last_ref_time(world: World) -> int:
    """Time of the last applied reference slot, from the oracle's log; at first the origin."""
    oracle = world.contracts.oracle
    applied = oracle.events_between(world.first_block, _last_block(world), "ReportApplied")
    if not applied:
        return world.configuration.frame_origin
    return world.configuration.geometry.time_of(applied[-1].inputs["refSlot"])


def owed_by_tickets_wei(queue: WithdrawalQueue, first_block: int) -> int:
    """Q, ticket by ticket: amounts and states as each ticket says, claims computed again."""
    claims, index = _claims_by_ticket(queue, first_block)
    if not claims:
        return 0
    tickets = queue.tickets(list(claims))
    pending = 0
    for number, ticket in zip(claims, tickets, strict=True):
        amount_wei, normalised = claims[number]
        if ticket.amountWei != amount_wei:
            raise BooksBrokenError(
                f"ticket {number} is of {ticket.amountWei} wei, requested were {amount_wei} wei"
            )
        pending += normalised if ticket.state == 1 else 0
    return owed_up(pending, index)


def _claims_by_ticket(
    queue: WithdrawalQueue, first_block: int
) -> tuple[Mapping[int, tuple[int, int]], int]:
    """Amount and normalised claim of each ticket (QUE-1), and today's index, from the log."""
    index = RAY
    claims: dict[int, tuple[int, int]] = {}
    for event in queue.events_between(first_block, block_head(queue.rpc).number):
        if event.name == "IndexLowered":
            index = event.inputs["indexAfter"]
        elif event.name == "TicketRequested":
            amount_wei = event.inputs["amountWei"]
            claims[event.inputs["ticketId"]] = (amount_wei, normalise_down(amount_wei, index))
    return claims, index


def _swept_since_wei(world: World, ref_time: int) -> int:
    """What sweeps without a report moved from C to B since the last one (STA-5)."""
    events = world.contracts.vault.events_between(world.first_block, _last_block(world), "Swept")
    return sum(
        event.inputs["amountWei"]
        for event in events
        if block_head(world.rpc, event.log.block_number).timestamp > ref_time
    )


def _require_shares(world: World) -> None:
    """S is the sum over everybody who ever had kETH; so is the supply of wkETH (SHR-5)."""
    vault, wrapped = world.contracts.vault, world.contracts.wrapped
    shares = call_many(world.rpc, [vault.sharesOf.prepare(h) for h in _holders(world, vault)])
    units = call_many(world.rpc, [wrapped.balanceOf.prepare(h) for h in _holders(world, wrapped)])
    in_wrapped = vault.sharesOf(wrapped.address)
    for what, counted, booked in (
        ("kETH shares", sum(shares), vault.totalShares()),
        ("wkETH units", sum(units), wrapped.totalSupply()),
        ("wkETH shares", sum(units) * SHARES_PER_UNIT, in_wrapped),
    ):
        if counted != booked:
            raise BooksBrokenError(f"{what}: holders have {counted}, the books say {booked}")


def _holders(world: World, token: Contract) -> list[str]:
    events = token.events_between(world.first_block, _last_block(world), "Transfer")
    return sorted({event.inputs["to"] for event in events} - {_ZERO})


def _last_block(world: World) -> int:
    return block_head(world.rpc).number


class FrameCount:
    """A watcher of the chain; raises BooksBrokenError in the slot of the report that is off."""

    def __init__(self, world: BeaconWorld) -> None:
        self._world = world
        self._last_ref_time = self._ref_time()
        self.reports = 0

    def __call__(self, _outcome: SlotOutcome) -> None:
        """Count when this slot's block applied a report."""
        ref_time = self._ref_time()
        if ref_time != self._last_ref_time:
            self._last_ref_time = ref_time
            require_identity(self._world)
            self.reports += 1

    def _ref_time(self) -> int:
        return self._world.contracts.vault.consensus().lastRefTime
