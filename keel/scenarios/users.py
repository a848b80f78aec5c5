"""What users do: pay ether in, watch it grow, leave by a ticket or at once."""

from dataclasses import dataclass

from keel.chain.clock import now
from keel.chain.state import balance_wei
from keel.chain.transaction import send_transaction
from keel.scenarios.world import World

_NOBODY = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Bought:
    """What somebody has of a token after paying in; wei of kETH or units of wkETH."""

    actor: str
    paid_wei: int
    token: str
    balance: int


@dataclass(frozen=True, slots=True)
class Underwritten:
    """Units of wkETH brought in, and the fund's own shares received."""

    units: int
    fund_shares: int


def deposit(world: World, actor: str, amount_wei: int) -> Bought:
    """Buy kETH."""
    return _buy(world, actor, amount_wei, "deposit")


def deposit_wrapped(world: World, actor: str, amount_wei: int) -> Bought:
    """Buy wkETH."""
    return _buy(world, actor, amount_wei, "depositWrapped")


def underwrite(world: World, actor: str, amount_wei: int) -> Underwritten:
    """Buy wkETH and give it to the insurance fund."""
    units = _buy(world, actor, amount_wei, "depositWrapped").balance
    who, fund = world.actors[actor], world.contracts.fund
    world.contracts.wrapped.approve.send(fund.address, units, sender=who)
    fund.deposit.send(units, who, sender=who)
    return Underwritten(units, fund.balanceOf(who))


def _buy(world: World, actor: str, amount_wei: int, function: str) -> Bought:
    who, contracts = world.actors[actor], world.contracts
    contracts.vault.function(function).send(who, _NOBODY, sender=who, value_wei=amount_wei)
    token = contracts.vault if function == "deposit" else contracts.wrapped
    name = "kETH" if function == "deposit" else "wkETH"
    return Bought(actor, amount_wei, name, token.balanceOf(who))


@dataclass(frozen=True, slots=True)
class Worth:
    """Wei of kETH that somebody has, and wei that somebody's wkETH are worth."""

    keth_wei: int
    wketh_wei: int


@dataclass(frozen=True, slots=True)
class Grown:
    """At the start, after half of the time, at the end."""

    start: Worth
    middle: Worth
    end: Worth
    seconds: int


def a_frame_passes(world: World, keth_holder: str, wketh_holder: str) -> Grown:
    """Watch two holders over one frame, a day on mainnet."""
    seconds = world.profile.frame_seconds
    start = worth(world, keth_holder, wketh_holder)
    world.beacon.go_to(now(world.rpc) + seconds // 2)
    middle = worth(world, keth_holder, wketh_holder)
    world.beacon.go_to(now(world.rpc) + seconds - seconds // 2)
    return Grown(start, middle, worth(world, keth_holder, wketh_holder), seconds)


def worth(world: World, keth_holder: str, wketh_holder: str) -> Worth:
    """What two holders have now."""
    wrapped = world.contracts.wrapped
    units = wrapped.balanceOf(world.actors[wketh_holder])
    return Worth(
        keth_wei=world.contracts.vault.balanceOf(world.actors[keth_holder]),
        wketh_wei=wrapped.convertToAssets(units),
    )


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
