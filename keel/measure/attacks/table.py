"""Which attacks are tried, how often, and what they may cost at most."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from keel.measure.attacks.histories import (
    after_insolvency,
    against_tickets,
    false_growth,
    false_loss,
    hidden_loss,
    insurance,
    newcomer,
    returned,
    silence,
    small_announcement,
    underwriter,
    whatever,
)
from keel.measure.attacks.history import Result, Rules


@dataclass(frozen=True)
class Attack:
    """A row: the fault of the audit or the rule, who tries what for how long, and how often.

    `most_eth` bounds, for the rules of today, both the attacker's gain and the victims' loss.
    """

    row: str
    what: str
    attempt: Callable[[Rules, Random], Result]
    runs: int
    most_eth: int


ATTACKS = (
    Attack(
        "H1", "growth, a quorum, 1 frame", partial(false_growth, frames=1, signers=3), 1_500, 10
    ),
    Attack(
        "H1", "growth, a quorum, 7 frames", partial(false_growth, frames=7, signers=3), 1_200, 100
    ),
    Attack(
        "H1", "growth, a quorum, 30 frames", partial(false_growth, frames=30, signers=3), 400, 700
    ),
    Attack("M1", "a newcomer, 2 frames", partial(newcomer, frames=2), 1_000, 15),
    Attack("M1", "a newcomer, 7 frames", partial(newcomer, frames=7), 700, 60),
    Attack("M1", "a newcomer, 30 frames", partial(newcomer, frames=30), 400, 100),
    Attack(
        "M2", "growth, a module, 7 frames", partial(false_growth, frames=7, signers=5), 800, 100
    ),
    Attack(
        "M2",
        "a loss and its return, a module, 30 frames",
        partial(false_loss, frames=30, signers=5),
        400,
        30,
    ),
    Attack("M4", "an announcement, then silence, 30 frames", silence, 500, 0),
    Attack(
        "M5", "losses and returns, the fund's, 7 frames", partial(insurance, frames=7), 800, 100
    ),
    Attack("M6", "more than was announced, quorum + 1, 4 frames", small_announcement, 800, 100),
    Attack("M8", "a loss of up to 30 % comes back, a year, of 1,000 ETH", returned, 200, 100),
    Attack("LIM-3", "a loss hidden behind growth, a quorum, 2 frames", hidden_loss, 500, 100),
    Attack(
        "REP-5",
        "a late underwriter and a quorum, 7 frames",
        partial(underwriter, frames=7),
        400,
        5,
    ),
    Attack(
        "LIM-3",
        "tickets shrink, holders gain, a quorum, 7 frames",
        partial(against_tickets, frames=7, signers=3),
        500,
        100,
    ),
    Attack(
        "ACC-4",
        "a total loss, then growth, quorum + 1, 14 frames",
        partial(after_insolvency, frames=14, signers=4),
        500,
        100,
    ),
    Attack(
        "any",
        "all at random, a quorum, 7 frames",
        partial(whatever, frames=7, signers=3),
        1_000,
        100,
    ),
    Attack(
        "any",
        "all at random, quorum + 1, 14 frames",
        partial(whatever, frames=14, signers=4),
        500,
        200,
    ),
)


def worst(attack: Attack, rules: Rules) -> Result:
    """Largest gain and largest loss of all runs; never below 0."""
    results = [
        attack.attempt(rules, Random(f"{attack.row} {attack.what} {seed}"))  # noqa: S311
        for seed in range(attack.runs)
    ]
    return max(0, *(gain for gain, _ in results)), max(0, *(loss for _, loss in results))
