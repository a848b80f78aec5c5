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
    runs: int
    most_eth: int
    attempt: Callable[[Rules, Random], Result]


_GROWTH_1 = partial(false_growth, frames=1, signers=3)
_GROWTH_7 = partial(false_growth, frames=7, signers=3)
_GROWTH_30 = partial(false_growth, frames=30, signers=3)
_MODULE_GROWTH = partial(false_growth, frames=7, signers=5)
_MODULE_LOSS = partial(false_loss, frames=30, signers=5)
_TICKETS = partial(against_tickets, frames=7, signers=3)
_INSOLVENT = partial(after_insolvency, frames=14, signers=4)
_UNDERWRITER = partial(underwriter, frames=7)
_ANY_7 = partial(whatever, frames=7, signers=3)
_ANY_14 = partial(whatever, frames=14, signers=4)

ATTACKS = (
    Attack("H1", "growth, a quorum, 1 frame", 1_500, 10, _GROWTH_1),
    Attack("H1", "growth, a quorum, 7 frames", 1_200, 100, _GROWTH_7),
    Attack("H1", "growth, a quorum, 30 frames", 400, 600, _GROWTH_30),
    Attack("M1", "a newcomer, 2 frames", 1_000, 15, partial(newcomer, frames=2)),
    Attack("M1", "a newcomer, 7 frames", 700, 60, partial(newcomer, frames=7)),
    Attack("M1", "a newcomer, 30 frames", 400, 100, partial(newcomer, frames=30)),
    Attack("M2", "growth, a module, 7 frames", 800, 100, _MODULE_GROWTH),
    Attack("M2", "a loss and its return, a module, 30 frames", 400, 30, _MODULE_LOSS),
    Attack("M4", "an announcement, then silence, 30 frames", 500, 0, silence),
    Attack("M5", "losses and returns, a quorum, 7 frames", 800, 100, partial(insurance, frames=7)),
    Attack("M6", "more than was announced, quorum + 1, 4 frames", 800, 40, small_announcement),
    Attack("M8", "a loss of up to 30 % comes back, a year, of 1,000 ETH", 200, 100, returned),
    Attack("LIM-3", "a loss hidden behind growth, a quorum, 2 frames", 500, 30, hidden_loss),
    Attack("LIM-3", "tickets shrink, holders gain, a quorum, 7 frames", 500, 30, _TICKETS),
    Attack("ACC-4", "a total loss, then growth, quorum + 1, 14 frames", 500, 30, _INSOLVENT),
    Attack(
        "REP-5", "a late underwriter, a quorum, 7 frames", 400, 5, partial(underwriter, frames=7)
    ),
    Attack("any", "all at random, a quorum, 7 frames", 1_000, 100, _ANY_7),
    Attack("any", "all at random, quorum + 1, 14 frames", 500, 150, _ANY_14),
)


def worst(attack: Attack, rules: Rules) -> Result:
    """Largest gain and largest loss of all runs; never below 0."""
    results = [
        attack.attempt(rules, Random(f"{attack.row} {attack.what} {seed}"))  # noqa: S311
        for seed in range(attack.runs)
    ]
    return max(0, *(gain for gain, _ in results)), max(0, *(loss for _, loss in results))
