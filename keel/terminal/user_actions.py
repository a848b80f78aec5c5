"""What a holder does by command: check limits, say what will happen, send, say what happened."""

from collections.abc import Sequence
from typing import Any

from ape.api.accounts import AccountAPI

from keel.chain.state import block_head
from keel.deploy.bindings import Bindings
from keel.deploy.contracts import StakingVault, WithdrawalQueue, WrappedKeelEther
from keel.formatting.amounts import exact_ether, shown_ether, shown_seconds
from keel.model.frames import State
from keel.terminal.answers import after, before
from keel.terminal.connection import Connection, send
from keel.terminal.faults import Fault

FINALISED = 2
_NOBODY = "0x" + "0" * 40
_MAX_TICKETS = 100
_TICKETS_AT_ONCE = 500
"""Read in one call, some 10 million gas."""


def stake(connection: Connection, account: AccountAPI, amount_wei: int, *, wrapped: bool) -> None:
    """Pay ether in for kETH or wkETH."""
    c, who = connection.contracts, str(account.address)
    _require_most("deposit", amount_wei, c.vault.depositableWei(), c)
    shares = c.vault.toSharesDown(amount_wei)
    expected = shares // 10**9 if wrapped else c.vault.toAssetsDown(shares)
    token = "wkETH" if wrapped else "kETH"
    before(f"{exact_ether(amount_wei)} ETH will become {exact_ether(expected)} {token}.")
    function = "depositWrapped" if wrapped else "deposit"
    receipt = send(account, c.vault, function, who, _NOBODY, value_wei=amount_wei)
    has = (c.wrapped if wrapped else c.vault).balanceOf(who)
    after(f"{who} has {exact_ether(has)} {token}.", receipt)


def wrap(connection: Connection, account: AccountAPI, amount_wei: int) -> None:
    """Turn kETH into wkETH."""
    c, who = connection.contracts, str(account.address)
    _require_balance(c.vault, who, amount_wei, "kETH")
    units = c.wrapped.previewDeposit(amount_wei)
    before(f"{exact_ether(amount_wei)} kETH will become {exact_ether(units)} wkETH.")
    receipt = send(account, c.wrapped, "deposit", amount_wei, who)
    after(_tokens_of(c, who), receipt)


def unwrap(connection: Connection, account: AccountAPI, units: int) -> None:
    """Turn wkETH into kETH."""
    c, who = connection.contracts, str(account.address)
    _require_balance(c.wrapped, who, units, "wkETH")
    amount_wei = c.wrapped.previewRedeem(units)
    before(f"{exact_ether(units)} wkETH will become {exact_ether(amount_wei)} kETH.")
    receipt = send(account, c.wrapped, "redeem", units, who, who)
    after(_tokens_of(c, who), receipt)


def request(connection: Connection, account: AccountAPI, amount_wei: int) -> None:
    """Burn kETH for one ticket, or for several where one would be too large."""
    c, who = connection.contracts, str(account.address)
    _require_balance(c.vault, who, amount_wei, "kETH")
    amounts_wei = split(amount_wei, c.queue.MIN_TICKET_WEI(), c.queue.MAX_TICKET_WEI())
    tickets = "one ticket" if len(amounts_wei) == 1 else f"{len(amounts_wei)} tickets"
    before(
        f"{exact_ether(amount_wei)} kETH will be burned for {tickets}; only losses can lower "
        "what a ticket pays, and it earns nothing while it waits."
    )
    receipt = send(account, c.queue, "requestMany", amounts_wei, who)
    ids = [event.inputs["ticketId"] for event in c.queue.events(receipt, "TicketRequested")]
    likely = max(ticket.likelyPaidAt for ticket in c.queue.tickets(ids))
    wait = shown_seconds(likely - block_head(connection.rpc).timestamp)
    after(f"ticket {_listed(ids)} requested; likely to be paid in {wait}.", receipt)


def split(amount_wei: int, least_wei: int, most_wei: int) -> list[int]:
    """Cut an amount into tickets of nearly equal size; raises Fault outside of what is possible."""
    if amount_wei < least_wei:
        raise Fault(
            f"a ticket of {exact_ether(amount_wei)} ETH is too small, at least "
            f"{exact_ether(least_wei)} ETH expected"
        )
    count = -(-amount_wei // most_wei)
    if count > _MAX_TICKETS:
        raise Fault(
            f"{exact_ether(amount_wei)} ETH need {count} tickets, at most {_MAX_TICKETS} of "
            f"{exact_ether(most_wei)} ETH fit one request"
        )
    each, rest = divmod(amount_wei, count)
    return [each + (position < rest) for position in range(count)]


def claim(connection: Connection, account: AccountAPI, ids: Sequence[int]) -> None:
    """Have tickets paid to their owners; without ids all finalised ones of the account."""
    queue = connection.contracts.queue
    ids = list(ids) or [
        number
        for number, ticket in tickets_of(connection, str(account.address))
        if ticket.state == FINALISED
    ]
    if not ids:
        raise Fault(f"{account.address} has no ticket that can be claimed")
    payable = queue.claimableWei(ids)
    for number, amount_wei in zip(ids, payable, strict=True):
        if amount_wei == 0:
            raise Fault(_why_not_claimable(queue, number))
    before(f"Ticket {_listed(ids)} will pay {exact_ether(sum(payable))} ETH.")
    if len(ids) == 1:
        receipt = send(account, queue, "claim", ids[0])
    else:
        receipt = send(account, queue, "claimMany", ids[:_MAX_TICKETS])
    for event in queue.events(receipt, "ClaimSkipped"):
        before(f"ticket {event.inputs['ticketId']} could not be paid.", warning="Skipped")
    paid = queue.events(receipt, "TicketClaimed")
    total_wei = sum(event.inputs["paidWei"] for event in paid)
    after(f"{exact_ether(total_wei)} ETH paid for {len(paid)} of {len(ids)} tickets.", receipt)


def redeem(
    connection: Connection, account: AccountAPI, amount_wei: int, least_wei: int | None
) -> None:
    """Give kETH for ether at once; without `least_wei` not less than the preview."""
    c, who = connection.contracts, str(account.address)
    _require_balance(c.vault, who, amount_wei, "kETH")
    shares = min(c.vault.toSharesUp(amount_wei), c.vault.sharesOf(who))
    paid_wei, fee_wei = c.instant.previewRedeem(shares)
    _require_most("redeem", paid_wei, c.instant.redeemableWei(), c)
    before(
        f"{exact_ether(amount_wei)} kETH will become {exact_ether(paid_wei)} ETH at once; the fee "
        f"is {exact_ether(fee_wei)} ETH."
    )
    least_wei = paid_wei if least_wei is None else least_wei
    receipt = send(account, c.instant, "redeem", shares, who, least_wei)
    (event,) = c.vault.events(receipt, "RedeemedInstantly")
    after(f"{who} received {exact_ether(event.inputs['paidWei'])} ETH.", receipt)


def tickets_of(connection: Connection, owner: str) -> list[tuple[int, Any]]:
    """Tickets that an account owns now, by id."""
    queue = connection.contracts.queue
    if not queue.balanceOf(owner):
        return []
    ids = range(1, queue.lastTicket() + 1)
    starts = range(0, len(ids), _TICKETS_AT_ONCE)
    found = [each for start in starts for each in queue.tickets(ids[start:][:_TICKETS_AT_ONCE])]
    return [(n, ticket) for n, ticket in zip(ids, found, strict=True) if ticket.owner == owner]


def _require_most(what: str, amount_wei: int, most_wei: int, c: Bindings) -> None:
    if amount_wei <= most_wei:
        return
    if most_wei == 0:
        state = State(c.vault.state())
        why = f"the state is {state.name.lower()}, or it is paused"
        if state is State.SLASHED:
            slashed = exact_ether(c.vault.slashedWei())
            why = f"{slashed} ETH of validators are proven slashed, and no report counts them yet"
        raise Fault(f"nothing can be {_PAST[what]} now: {why}")
    raise Fault(
        f"{exact_ether(amount_wei)} ETH is more than can be {_PAST[what]} now: "
        f"{exact_ether(most_wei)} ETH"
    )


_PAST = {"deposit": "deposited", "redeem": "redeemed"}


def _require_balance(
    token: StakingVault | WrappedKeelEther, who: str, amount: int, name: str
) -> None:
    has = token.balanceOf(who)
    if amount > has:
        raise Fault(f"{exact_ether(amount)} {name} is more than {who} has: {exact_ether(has)}")


def _why_not_claimable(queue: WithdrawalQueue, number: int) -> str:
    ticket = queue.ticket(number)
    reasons = (
        f"ticket {number} does not exist, the last one is {queue.lastTicket()}",
        f"ticket {number} is not finalised yet, the last finalised one is {queue.lastFinalised()}",
        f"ticket {number} pays nothing",
        f"ticket {number} was claimed before",
    )
    return reasons[ticket.state]


def _tokens_of(c: Bindings, who: str) -> str:
    keth, wketh = c.vault.balanceOf(who), c.wrapped.balanceOf(who)
    return f"{who} has {shown_ether(keth)} kETH and {shown_ether(wketh)} wkETH."


def _listed(ids: Sequence[int]) -> str:
    if len(ids) > 3 and list(ids) == list(range(ids[0], ids[-1] + 1)):
        return f"{ids[0]} to {ids[-1]}"
    return ", ".join(str(number) for number in ids)
