"""Read a Snapshot: a few batches at one block, the later ones for what the first has counted."""

from collections.abc import Mapping, Sequence
from typing import Any

from keel.chain.contract import PreparedCall, call_many
from keel.chain.errors import RpcError
from keel.chain.state import BlockHead
from keel.dashboard.operator_rows import read_rows
from keel.dashboard.view import (
    ONE_FUND_SHARE,
    ONE_UNIT,
    Accounts,
    Cooldown,
    Doors,
    Fund,
    InstantPrice,
    Oracle,
    Queue,
    Snapshot,
    Ticket,
)
from keel.deploy.bindings import Bindings
from keel.model.constants import BPS, ETHER, SHARES_PER_UNIT, UNPROVEN_COVER_BPS
from keel.model.frames import Action, State
from keel.sight.event_index import ChainMovedError, EventIndex, hash_at
from keel.sight.operator_numbers import operator_numbers

TICKETS_SHOWN = 200
_ALL_SHARES = 2**128
_FINALISED = 2


def read_snapshot(contracts: Bindings, head: BlockHead, index: EventIndex) -> Snapshot:
    """Read everything at a head; raises ChainMovedError when it was replaced meanwhile."""
    try:
        found = _read(contracts, head, index)
    except RpcError as error:
        # A node that forgot the block answers with an error of its own.
        if hash_at(contracts.rpc, head.number) != head.hash:
            raise ChainMovedError(f"block {head.number} is no longer the head") from error
        raise
    if hash_at(contracts.rpc, head.number) != head.hash:
        raise ChainMovedError(f"block {head.number} was replaced while it was read")
    return found


def _read(c: Bindings, head: BlockHead, index: EventIndex) -> Snapshot:
    names = _fixed_reads(c, head)
    answers = call_many(c.rpc, list(names.values()), head.number)
    got: dict[str, Any] = dict(zip(names, answers, strict=True))
    accounts = _accounts(got)
    got["cover_units"] = min(got["cover_units"], _asked_units(got, accounts))
    more = _Reads(c, head)
    waiting = range(got["last_finalised"] + 1, got["last_ticket"] + 1)[:TICKETS_SHOWN]
    claimable = _claimable_ids(index, got["last_finalised"])
    tickets = more.add(c.queue.tickets.prepare([*waiting, *claimable]))
    numbers = operator_numbers(c.registry, got["operators"])
    people = sorted({e.inputs["underwriter"] for e in index.events if e.name == "CooldownStarted"})
    cooldowns = [more.add(c.fund.cooldownOf.prepare(who)) for who in people]
    worth = more.add(c.wrapped.convertToAssets.prepare(got["fund_units"]))
    cover = more.add(c.wrapped.convertToAssets.prepare(got["cover_units"]))
    forfeit = more.add(c.wrapped.convertToAssets.prepare(got["forfeit_units"]))
    probe_shares = _probe_shares(got["redeemable"], accounts)
    price = more.add(c.instant.previewRedeem.prepare(probe_shares))
    value = more.add(c.vault.toAssetsDown.prepare(probe_shares))
    more.make()
    leaving = dict(zip(people, (more[place] for place in cooldowns), strict=True))
    worths_wei = (more[worth], more[cover], more[forfeit])
    all_tickets = _tickets([*waiting, *claimable], more[tickets])
    return Snapshot(
        head=head,
        state=State(got["state"]),
        accounts=accounts,
        rate_wei=got["rate"],
        wrapped_units=got["wrapped_units"],
        queue=_queue(got, all_tickets),
        operators=read_rows(c, head, numbers, index, accounts),
        oracle=_oracle(got),
        fund=_fund(got, worths_wei, leaving),
        price=_price(got, more[value], more[price]) if probe_shares else None,
        doors=_doors(got),
        indexed_block=index.last_block,
    )


def _fixed_reads(c: Bindings, head: BlockHead) -> dict[str, PreparedCall]:
    return {
        "state": c.vault.state.prepare(),
        "totals": c.vault.totals.prepare(),
        "consensus": c.vault.consensus.prepare(),
        "buffered": c.vault.bufferedWei.prepare(),
        "stream": c.vault.stream.prepare(),
        "supply": c.vault.totalSupply.prepare(),
        "loss_carry": c.vault.lossCarryWei.prepare(),
        "is_insolvent": c.vault.isInsolvent.prepare(),
        "owed": c.queue.owedWei.prepare(),
        "rate": c.wrapped.convertToAssets.prepare(ONE_UNIT),
        "wrapped_units": c.wrapped.totalSupply.prepare(),
        "last_ticket": c.queue.lastTicket.prepare(),
        "last_finalised": c.queue.lastFinalised.prepare(),
        "pending_claims": c.queue.pending.prepare(),
        "min_ticket": c.queue.MIN_TICKET_WEI.prepare(),
        "max_ticket": c.queue.MAX_TICKET_WEI.prepare(),
        "operators": c.registry.operatorCount.prepare(),
        "last_report": c.oracle.lastReport.prepare(),
        "reportable": c.oracle.reportableSlot.prepare(),
        "members": c.oracle.members.prepare(),
        "quorum": c.oracle.quorum.prepare(),
        "announced_quorum": c.oracle.announcedQuorum.prepare(),
        "report_base": c.vault.reportBase.prepare(head.timestamp),
        "loss_allowance": c.vault.lossAllowanceWei.prepare(),
        "fund_units": c.fund.totalAssets.prepare(),
        "fund_shares": c.fund.totalSupply.prepare(),
        "fund_price": c.fund.convertToAssets.prepare(ONE_FUND_SHARE),
        "cover_units": c.fund.coverable.prepare(_ALL_SHARES),
        "forfeit_units": c.bonds.forfeitUnits.prepare(),
        "depositable": c.vault.depositableWei.prepare(),
        "stakeable": c.vault.stakeableValidators.prepare(),
        "redeemable": c.instant.redeemableWei.prepare(),
        "instant_terms": c.instant.terms.prepare(),
        "deposits_reopen": c.vault.depositsReopenAt.prepare(),
        "deposits_paused": c.vault.pausedUntil.prepare(Action.DEPOSIT.value),
        "staking_paused": c.vault.pausedUntil.prepare(Action.STAKING.value),
        "instant_paused": c.instant.pausedUntil.prepare(),
        "slashed": c.vault.slashedWei.prepare(),
    }


class _Reads:
    """Reads that are made together, each known by its place."""

    def __init__(self, contracts: Bindings, head: BlockHead) -> None:
        self._rpc = contracts.rpc
        self._block = head.number
        self._calls: list[PreparedCall] = []
        self._answers: Sequence[Any] = ()

    def add(self, call: PreparedCall) -> int:
        self._calls.append(call)
        return len(self._calls) - 1

    def make(self) -> None:
        self._answers = call_many(self._rpc, self._calls, self._block)

    def __getitem__(self, place: int) -> Any:
        return self._answers[place]


def _accounts(got: dict[str, Any]) -> Accounts:
    totals = got["totals"]
    return Accounts(
        shares=totals.shares,
        backing_wei=totals.assetsWei,
        unvested_wei=totals.unvestedWei,
        visible_wei=got["supply"],
        buffered_wei=got["buffered"],
        consensus_wei=got["consensus"].balanceWei,
        pending_wei=got["consensus"].pendingWei,
        owed_wei=got["owed"],
        stream_end=got["stream"].streamEnd,
        loss_carry_wei=got["loss_carry"],
        is_insolvent=got["is_insolvent"],
    )


def _asked_units(got: dict[str, Any], accounts: Accounts) -> int:
    """What the vault asks the fund for at most, were a loss reported now (LOS-2)."""
    slashed_wei, fund_units = int(got["slashed"]), int(got["fund_units"])
    by_proof = slashed_wei * accounts.shares // max(accounts.visible_wei, 1) // SHARES_PER_UNIT
    return max(fund_units * UNPROVEN_COVER_BPS // BPS, by_proof)


def _claimable_ids(index: EventIndex, last_finalised: int) -> list[int]:
    """Finalised tickets that nobody claimed, as far as the log was read."""
    claimed = {e.inputs["ticketId"] for e in index.events if e.name == "TicketClaimed"}
    asked = (e.inputs["ticketId"] for e in index.events if e.name == "TicketRequested")
    ids = (number for number in asked if number <= last_finalised and number not in claimed)
    return list(ids)[-TICKETS_SHOWN:]


def _probe_shares(redeemable_wei: int, accounts: Accounts) -> int:
    """Shares worth 1 ETH, rounded up; 0 when nothing can be redeemed at once."""
    if not redeemable_wei or not accounts.visible_wei:
        return 0
    return -(-ETHER * accounts.shares // accounts.visible_wei)


def _price(got: dict[str, Any], value_wei: int, preview: Any) -> InstantPrice:
    return InstantPrice(value_wei, preview[0], got["instant_terms"].maxFeeBps)


def _tickets(numbers: Sequence[int], answers: Sequence[Any]) -> list[Ticket]:
    return [
        Ticket(
            number=number,
            owner=ticket.owner,
            is_finalised=ticket.state == _FINALISED,
            amount_wei=ticket.amountWei,
            worth_wei=ticket.worthWei,
            requested_at=ticket.requestedAt,
            likely_paid_at=ticket.likelyPaidAt,
        )
        for number, ticket in zip(numbers, answers, strict=True)
    ]


def _queue(got: dict[str, Any], tickets: Sequence[Ticket]) -> Queue:
    return Queue(
        last_ticket=got["last_ticket"],
        last_finalised=got["last_finalised"],
        index_ray=got["pending_claims"][1],
        min_ticket_wei=got["min_ticket"],
        max_ticket_wei=got["max_ticket"],
        waiting=tuple(t for t in tickets if not t.is_finalised),
        claimable=tuple(t for t in tickets if t.is_finalised),
    )


def _oracle(got: dict[str, Any]) -> Oracle:
    last, consensus = got["last_report"], got["consensus"]
    reportable_slot, next_reportable_at = got["reportable"]
    return Oracle(
        ref_slot=last.refSlot,
        active=last.activeValidators,
        exited=last.exitedValidators,
        slashed=last.slashedValidators,
        reportable_slot=reportable_slot,
        next_reportable_at=next_reportable_at,
        members=tuple(got["members"]),
        quorum=got["quorum"],
        announced_quorum=got["announced_quorum"],
        last_ref_time=consensus.lastRefTime,
        announced_at=consensus.announcedAt,
        announced_wei=got["report_base"].announcedWei,
        loss_allowance_wei=got["loss_allowance"],
    )


def _fund(
    got: dict[str, Any], worths_wei: tuple[int, int, int], cooldowns: Mapping[str, Any]
) -> Fund:
    worth_wei, cover_wei, forfeit_wei = worths_wei
    return Fund(
        units=got["fund_units"],
        worth_wei=worth_wei,
        cover_units=got["cover_units"],
        cover_wei=cover_wei,
        forfeit_units=got["forfeit_units"],
        forfeit_wei=forfeit_wei,
        shares=got["fund_shares"],
        share_price_units=got["fund_price"],
        cooldowns=tuple(
            Cooldown(who, cooldown.shares, cooldown.windowStart, cooldown.windowEnd)
            for who, cooldown in cooldowns.items()
            if cooldown.shares
        ),
    )


def _doors(got: dict[str, Any]) -> Doors:
    return Doors(
        depositable_wei=got["depositable"],
        stakeable_validators=got["stakeable"],
        redeemable_wei=got["redeemable"],
        deposits_paused_until=got["deposits_paused"],
        deposits_reopen_at=got["deposits_reopen"],
        staking_paused_until=got["staking_paused"],
        instant_paused_until=got["instant_paused"],
        slashed_wei=got["slashed"],
    )
