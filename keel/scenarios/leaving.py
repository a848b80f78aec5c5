"""Ways out: a ticket that can be sold while it waits, and redemption at once for a fee."""

from dataclasses import dataclass

from keel.chain.state import balance_wei
from keel.chain.transaction import send_transaction
from keel.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Claimed:
    """`asked_wei` is what the ticket was requested for."""

    ticket_id: int
    asked_wei: int
    paid_wei: int


@dataclass(frozen=True, slots=True)
class Redeemed:
    """`fee_wei` stays in the protocol, as shares of the insurance fund."""

    shares: int
    value_wei: int
    paid_wei: int
    fee_wei: int


def request_ticket(world: World, actor: str, amount_wei: int) -> int:
    """Burn kETH for a ticket and return its id."""
    who, queue = world.actors[actor], world.contracts.queue
    receipt = queue.request.send(amount_wei, who, sender=who)
    (event,) = queue.events(receipt, "TicketRequested")
    return int(event.inputs["ticketId"])


def sell_ticket(world: World, ticket_id: int, seller: str, buyer: str, price_wei: int) -> None:
    """The buyer pays, the seller hands the ERC-721 ticket over."""
    send_transaction(world.rpc, world.actors[buyer], world.actors[seller], value_wei=price_wei)
    arguments = (world.actors[seller], world.actors[buyer], ticket_id)
    world.contracts.queue.transferFrom.send(*arguments, sender=world.actors[seller])


def claim_ticket(world: World, ticket_id: int) -> Claimed:
    """Let somebody claim; the ether goes to the owner, measured by the owner's balance.

    Not the keeper: its process, where one runs, numbers the transactions of its account.
    """
    queue = world.contracts.queue
    owner = queue.ownerOf(ticket_id)
    asked_wei = queue.ticket(ticket_id).amountWei
    before_wei = balance_wei(world.rpc, owner)
    queue.claim.send(ticket_id, sender=world.actors["attacker"])
    return Claimed(ticket_id, asked_wei, balance_wei(world.rpc, owner) - before_wei)


def redeem_instantly(world: World, actor: str, value_wei: int) -> Redeemed:
    """Redeem kETH worth `value_wei`, for not less than the preview says."""
    who, contracts = world.actors[actor], world.contracts
    shares = contracts.vault.toSharesUp(value_wei)
    least_wei, _ = contracts.instant.previewRedeem(shares)
    receipt = contracts.instant.redeem.send(shares, who, least_wei, sender=who)
    (event,) = contracts.vault.events(receipt, "RedeemedInstantly")
    paid_wei = event.inputs["paidWei"]
    return Redeemed(shares, value_wei, paid_wei, value_wei - paid_wei)
