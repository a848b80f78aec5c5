"""Events in words; amounts stay numbers, so that the page shows and tests read them exactly."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from keel.dashboard.exit_texts import EXIT_TELLERS
from keel.dashboard.key_texts import EVENTS_TOGETHER, KEY_TELLERS, TOLD_TOGETHER
from keel.dashboard.pieces import Amount, Piece, When, Who, Words
from keel.formatting.amounts import shown_bps, shown_ray
from keel.model.constants import FUND_VIRTUAL_SHARES, GWEI, SHARES_PER_UNIT
from keel.sight.event_index import Happened

EVENTS_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the page: a kind for its colour, and the words."""

    kind: str
    pieces: tuple[Piece, ...]
    time: int
    block_number: int
    transaction_hash: str


def tell_recent(events: Sequence[Happened]) -> tuple[Told, ...]:
    """The newest events in words, the newest first."""
    told: list[Told] = []
    for _, alike in groupby(reversed(events), _together):
        if len(told) >= EVENTS_SHOWN:
            break
        happened, *others = alike
        log = happened.event.log
        found = _TELLERS.get((happened.contract, happened.name))
        if found is None:
            continue
        kind, words = found
        pieces = words({**happened.inputs, EVENTS_TOGETHER: 1 + len(others)})
        if pieces:
            told.append(Told(kind, pieces, happened.time, log.block_number, log.transaction_hash))
    return tuple(told)


def _together(happened: Happened) -> Hashable:
    """What is alike for events that one line tells: keys of one operator in one transaction."""
    log = happened.event.log
    if (happened.contract, happened.name) not in TOLD_TOGETHER:
        return log.transaction_hash, log.log_index
    return log.transaction_hash, happened.name, happened.inputs["operatorId"]


def _deposited(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    sender, receiver = given["sender"], given["receiver"]
    whom: tuple[Piece, ...] = () if sender == receiver else (" for ", Who(receiver))
    return (Who(sender), " deposited ", Amount(given["assetsWei"], "ETH"), *whom)


def _wrapped(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    kept = Amount(given["shares"], "wkETH")
    return (Who(given["owner"]), " wrapped ", Amount(given["assets"], "kETH"), " into ", kept)


def _unwrapped(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    units = Amount(given["shares"], "wkETH")
    return (Who(given["owner"]), " unwrapped ", units, " into ", Amount(given["assets"], "kETH"))


def _redeemed(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    units = Amount(given["sharesBurned"] // SHARES_PER_UNIT, "wkETH")
    paid = Amount(given["paidWei"], "ETH")
    return (Who(given["holder"]), " was paid ", paid, " at once for kETH worth ", units)


def _requested(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    amount = Amount(given["amountWei"], "ETH")
    return (Who(given["owner"]), f" requested ticket {given['ticketId']} of ", amount)


def _claimed(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (
        f"Ticket {given['ticketId']} paid ",
        Amount(given["paidWei"], "ETH"),
        " to ",
        Who(given["owner"]),
    )


def _finalised(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    first, last = given["first"], given["last"]
    which = f"Ticket {first} was" if first == last else f"Tickets {first} to {last} were"
    return (f"{which} finalised with ", Amount(given["amountWei"], "ETH"))


def _rebased(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    after_wei = given["assetsAfterWei"] - given["unvestedAfterWei"]
    if after_wei == given["visibleBeforeWei"] and not given["unvestedAfterWei"]:
        return ()  # nothing changed; the report itself is told
    return (
        "kETH rebased: ",
        Amount(given["visibleBeforeWei"], "ETH"),
        " became ",
        Amount(after_wei, "ETH"),
        ", with ",
        Amount(given["unvestedAfterWei"], "ETH"),
        " still streaming",
    )


def _reported(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    report = given["report"]
    return (
        f"Slot {report.refSlot} reported: ",
        Amount(report.consensusBalanceGwei * GWEI, "ETH"),
        f" in validators; {report.activeValidators} active, {report.exitedValidators} exited, "
        f"{report.slashedValidators} slashed",
    )


def _lost(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (
        "A loss of ",
        Amount(given["lossWei"], "ETH"),
        ": forfeited bonds ",
        Amount(given["bondWei"], "ETH"),
        ", stream ",
        Amount(given["unvestedWei"], "ETH"),
        ", insurance ",
        Amount(given["coverWei"], "ETH"),
        ", holders ",
        Amount(given["holdersWei"], "ETH"),
        ", tickets ",
        Amount(given["ticketsWei"], "ETH"),
    )


def _slashing_noted(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    staked, when = Amount(given["balanceWei"], "ETH"), When(given["slashedBy"])
    return ("Proven slashed: a validator of ", staked, ", by ", when)


def _announced(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    loss, limit = Amount(given["lossWei"], "ETH"), Amount(given["limitWei"], "ETH")
    return (
        f"The report of slot {given['refSlot']} is announced: a loss of ",
        loss,
        ", limit ",
        limit,
    )


def _staked(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    count = given["validators"]
    what = "validator" if count == 1 else "validators"
    amount, own = Amount(given["amountWei"], "ETH"), Amount(given["bondWei"], "ETH")
    return (f"{count} {what} staked with ", amount, ", of it in operators' bonds ", own)


def _swept(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (Amount(given["amountWei"], "ETH"), " swept into the buffer without a report")


def _wound_down(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (
        "Wound down, nothing is staked any more: ",
        Amount(given["withdrawalsWei"], "ETH"),
        " of validators and ",
        Amount(given["rewardsWei"], "ETH"),
        " of rewards came in, ",
        Amount(given["lossWei"], "ETH"),
        " are missing",
    )


def _paused(what: str) -> Words:
    def words(given: Mapping[str, Any]) -> tuple[Piece, ...]:
        names = {0: "Deposits", 1: "Staking"}
        door = names.get(given["action"], "An action") if "action" in given else what
        return (f"{door} paused until ", When(given["until"]))

    return words


def _underwritten(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (Who(given["owner"]), " brought ", Amount(given["assets"], "wkETH"), " into the fund")


def _left_fund(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (Who(given["owner"]), " took ", Amount(given["assets"], "wkETH"), " out of the fund")


def _covered(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return ("The fund covered ", Amount(given["unitsPaid"], "wkETH"))


def _operator_added(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (f"Operator {given['operatorId']} joined: {given['name']}",)


def _operator_set(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    active = "active" if given["active"] else "inactive"
    target = shown_bps(given["targetBps"])
    number, limit = given["operatorId"], given["limit"]
    return (f"Operator {number} is {active}, limit {limit:,} validators, target {target}",)


def _commission_set(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    number, commission = given["operatorId"], shown_bps(given["commissionBps"])
    return (f"Operator {number} asks for {commission} of profit from ", When(given["since"]), " on")


def _rewards(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (
        f"Operator {given['operatorId']} received its rewards, kETH worth ",
        Amount(given["shares"] // SHARES_PER_UNIT, "wkETH"),
        ", in ",
        Who(given["rewardAddress"]),
    )


def _cover_failed(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    asked = Amount(given["sharesAsked"] // SHARES_PER_UNIT, "wkETH")
    return (Who(given["cover"]), " did not answer the call for cover of ", asked)


def _index_lowered(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    before, after = shown_ray(given["indexBefore"]), shown_ray(given["indexAfter"])
    return (f"Tickets bear their part of a loss: index {before} became {after}",)


def _finalised_alone(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    which = f"Tickets up to {given['lastTicket']} were finalised without a report, with "
    return (which, Amount(given["amountWei"], "ETH"))


def _quorum(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (f"The quorum is {given['quorum']} of {given['members']} members",)


def _member(verb: str) -> Words:
    return lambda given: (Who(given["member"]), f" {verb} the committee")


def _modules(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    modules = given["modules"]
    oracle, fund, proofs = Who(modules.oracle), Who(modules.fund), Who(modules.proofs)
    return ("The vault's oracle is ", oracle, ", its fund ", fund, ", its verifier ", proofs)


def _cooling(verb: str) -> Words:
    return lambda given: (
        Who(given["underwriter"]),
        f" {verb} a cooldown of ",
        Amount(given["shares"] // FUND_VIRTUAL_SHARES, "fund shares"),
    )


_TELLERS: Mapping[tuple[str, str], tuple[str, Words]] = {
    ("vault", "Deposited"): ("in", _deposited),
    ("vault", "RedeemedInstantly"): ("out", _redeemed),
    ("vault", "Rebased"): ("report", _rebased),
    ("vault", "LossAbsorbed"): ("loss", _lost),
    ("vault", "WoundDown"): ("out", _wound_down),
    ("vault", "SlashingNoted"): ("loss", _slashing_noted),
    ("vault", "CoverFailed"): ("loss", _cover_failed),
    ("vault", "Staked"): ("validator", _staked),
    ("vault", "Swept"): ("out", _swept),
    ("vault", "TicketsFinalisedWithoutReport"): ("out", _finalised_alone),
    ("vault", "Paused"): ("door", _paused("An action")),
    ("vault", "ModulesSet"): ("door", _modules),
    ("wrapped", "Deposit"): ("in", _wrapped),
    ("wrapped", "Withdraw"): ("out", _unwrapped),
    ("queue", "TicketRequested"): ("out", _requested),
    ("queue", "TicketsFinalised"): ("out", _finalised),
    ("queue", "TicketClaimed"): ("out", _claimed),
    ("queue", "IndexLowered"): ("loss", _index_lowered),
    ("oracle", "ReportApplied"): ("report", _reported),
    ("oracle", "LossAnnounced"): ("loss", _announced),
    ("oracle", "MemberAdded"): ("door", _member("joined")),
    ("oracle", "MemberRemoved"): ("door", _member("left")),
    ("oracle", "QuorumSet"): ("door", _quorum),
    ("registry", "OperatorAdded"): ("validator", _operator_added),
    ("registry", "OperatorSet"): ("validator", _operator_set),
    ("registry", "CommissionSet"): ("validator", _commission_set),
    ("registry", "RewardsClaimed"): ("validator", _rewards),
    **KEY_TELLERS,
    ("instant", "Paused"): ("door", _paused("Instant redemption")),
    ("fund", "Deposit"): ("in", _underwritten),
    ("fund", "Withdraw"): ("out", _left_fund),
    ("fund", "Covered"): ("loss", _covered),
    ("fund", "CooldownStarted"): ("door", _cooling("started")),
    ("fund", "CooldownCancelled"): ("door", _cooling("ended")),
    **EXIT_TELLERS,
}
