"""What leaving or entering gains in the slots before a slashing is proven, and afterwards (STA-7).

Each history is lived twice, with the attacker's act and without. The gain is the ether that it has
more once a report has applied the loss.
"""

from dataclasses import dataclass, replace
from random import Random

from keel.measure.attacks.slashing import ATTACKER, TERMS, Act, live, slash
from keel.model import protocol as keel
from keel.model.constants import ETHER
from keel.model.redemption import fee_wei

LOST_EACH_WEI = (ETHER // 10, ETHER, 16 * ETHER // 5, 32 * ETHER)
"""Of a slashed validator's 32 ETH: alone, and with about 1, 3.3 and 33 % of the whole chain."""
RACE_SLOTS = 2
"""The next block knows the root of one; the proof is there, or in the block after it."""
RUNS = 200


def redeem_at_once(world: keel.Protocol, now: int) -> tuple[keel.Protocol, int]:
    """As much as the limit, the ether and the attacker's kETH allow."""
    most_wei = min(world.free_wei, TERMS.instant_limit_wei)
    costs_wei = most_wei + fee_wei(world.fee_curve, world.free_wei, most_wei)
    worth_wei = min(costs_wei, world.balance_wei(ATTACKER, now))
    shares = world.accounts.to_shares_down(worth_wei, now)
    world, redemption = keel.redeem_instant(world, now, ATTACKER, shares)
    return world, redemption.paid_wei


def ask_for_tickets(world: keel.Protocol, now: int) -> tuple[keel.Protocol, int]:
    """For all of its kETH."""
    left_wei, most_wei = world.balance_wei(ATTACKER, now), TERMS.max_ticket_wei
    amounts = [most_wei] * (left_wei // most_wei) + [left_wei % most_wei]
    return keel.request(world, now, ATTACKER, ATTACKER, *amounts)[0], 0


def deposit_more(world: keel.Protocol, now: int) -> tuple[keel.Protocol, int]:
    """As much again as it has: a part of what is about to be lost."""
    wei = world.balance_wei(ATTACKER, now)
    return keel.deposit(world, now, ATTACKER, wei)[0], -wei


def leave_the_fund(world: keel.Protocol, now: int) -> tuple[keel.Protocol, int]:
    """With all that it insured, its window being open."""
    return keel.leave(world, now, ATTACKER, ATTACKER, world.fund.shares_of[ATTACKER])[0], 0


NEWCOMER = "a deposit"
DOORS: dict[str, Act] = {
    "instant redemption": redeem_at_once,
    "a ticket": ask_for_tickets,
    NEWCOMER: deposit_more,
    "an underwriter's exit": leave_the_fund,
}


@dataclass(frozen=True)
class When:
    """When the attacker acts, and whether so much is slashed that doors close."""

    name: str
    race_slots: int | None = RACE_SLOTS
    in_race: bool = False
    much: bool = True


UNPROVEN = When("if nothing could be proven", race_slots=None)
IN_RACE = When("before the proof", in_race=True)
PROVEN = When("after the proof")
LITTLE = When("after the proof of 0.1 % or less", much=False)
MOMENTS = (UNPROVEN, IN_RACE, PROVEN, LITTLE)


def gain_wei(door: str, each_wei: int, when: When, seed: int) -> int:
    """What one history gives the attacker, below 0 for what it costs."""
    random = Random(f"{door} {each_wei} {when.name} {seed}")  # noqa: S311
    streams = door != NEWCOMER  # what it gains of rewards is M1
    slashing = slash(random, each_wei, when.race_slots, much=when.much, streams=streams)
    stays = live(slashing)
    earliest = slashing.slashed_at
    if not when.in_race and slashing.proven_at is not None:
        earliest = slashing.proven_at
    latest = slashing.proven_at if when.in_race and slashing.proven_at is not None else stays.at
    act_at = random.randrange(earliest, latest)
    return live(slashing, [(act_at, DOORS[door])]).attacker_wei - stays.attacker_wei


def largest_wei(door: str, each_wei: int, when: When, runs: int = RUNS) -> int:
    """The largest gain of so many histories, never below 0."""
    return max(0, *(gain_wei(door, each_wei, when, seed) for seed in range(runs)))


def longest_closed_seconds(each_wei: int, runs: int = RUNS) -> int:
    """How long one slashing closed the doors, where each report came as early as it could."""
    randoms = (Random(f"closed {seed}") for seed in range(runs))  # noqa: S311
    slashings = (slash(random, each_wei, 1, much=True, streams=True) for random in randoms)
    return max(live(replace(slashing, late=0)).closed_seconds for slashing in slashings)
