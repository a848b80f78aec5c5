"""What single rules are for: the same question without a rule and with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from keel.measure.attacks.books import FINALITY, FRAME, MEMBERS, QUORUM
from keel.measure.attacks.history import HOLDERS_WEI, Rules
from keel.measure.attacks.pool import Pool
from keel.measure.attacks.rules import (
    CarriedLosses,
    CountedBalance,
    FreeStaking,
    OneAnnouncement,
    OpenDeposits,
    ReportedBase,
    StreamLosses,
    WholeBucket,
    WholeMean,
    WideBucket,
)
from keel.measure.attacks.table import ATTACKS, worst
from keel.model.constants import ETHER

YEAR_FRAMES = 365
DAILY_PPM = 82
"""What validators earn in a frame: 3 % a year."""


@dataclass(frozen=True)
class Comparison:
    """A rule, a question, and the answers without the rule and with it."""

    rule: str
    question: str
    unit: str
    without: float
    with_it: float


def comparisons() -> Iterator[Comparison]:
    """All of them; the order is that of the rules."""
    for percent in (16, 50, 90):
        yield Comparison(
            "STR-3: times left count 30 frames at most",
            f"a loss of {percent} % comes back: until 99 % of it is visible",
            "days",
            days_until_visible(WholeMean, percent),
            days_until_visible(Pool, percent),
        )
    growth = (
        "H1",
        "growth, a quorum, 7 frames",
        "what victims lose to a quorum's growth in a week",
    )
    yield _lost("STR-5: K, not C, is the base", *growth, ReportedBase)
    yield _lost("LIM-3: staking is bounded", *growth, FreeStaking)
    hidden = (
        "LIM-3",
        "a loss hidden",
        "what a quorum takes from V at once",
    )
    yield _lost("LIM-3: the bucket counts from V + Q", *hidden, WholeBucket)
    tickets = (
        "LIM-3",
        "tickets shrink",
        "what a quorum takes from tickets",
    )
    yield _lost("LIM-3: the bucket holds 0.25 %, not 1 %", *tickets, WideBucket)
    total = ("ACC-4", "a total loss", "what growth after insolvency takes from holders")
    yield _lost("ACC-4: only ether that arrives is income", *total, CountedBalance)
    yield Comparison(
        "LIM-4: no deposit while much is unvested",
        "a loss of up to 30 % comes back: what newcomers take of it in a year",
        "ETH of 1,000",
        *(_worst("M8", "a loss", rules)[0] / ETHER for rules in (OpenDeposits, Pool)),
    )
    yield Comparison(
        "REP-8: an announcement can be made anew",
        "a true loss of 5 %, each member there in 7 of 10 frames: histories that end dead",
        "of 1,000",
        *(sum(dies(rules, seed) for seed in range(1_000)) for rules in (OneAnnouncement, Pool)),
    )
    yield Comparison(
        "REP-5: only profit that bore a fee is carried as its loss",
        "tenfold growth was false and is taken back: until a fee is charged again",
        "days",
        days_without_fee(CarriedLosses),
        days_without_fee(Pool),
    )
    yield Comparison(
        "LOS-4: what the stream bears is carried too",
        "30 frames of false growth, then the truth: fee beyond its part three years later",
        "ETH of 10,000",
        excess_fee_wei(StreamLosses) / ETHER,
        excess_fee_wei(Pool) / ETHER,
    )


def _worst(row: str, what: str, rules: Rules) -> tuple[int, int]:
    attack = next(one for one in ATTACKS if one.row == row and one.what.startswith(what))
    return worst(attack, rules)


def _lost(rule: str, row: str, what: str, question: str, without: Rules) -> Comparison:
    lost = [_worst(row, what, rules)[1] / ETHER for rules in (without, Pool)]
    return Comparison(rule, question, "ETH of 10,000", *lost)


def _earn(pool: Pool) -> None:
    """One quiet frame and its true report."""
    pool.true_wei += pool.true_wei * DAILY_PPM // 10**6
    pool.end_frame()
    pool.honest()


def days_until_visible(rules: Rules, percent: int) -> int:
    """Frames until a loss that came back at once is visible but for a hundredth of it."""
    pool = rules(HOLDERS_WEI, 0)
    lost = HOLDERS_WEI * percent // 100
    for seen in (HOLDERS_WEI - lost, HOLDERS_WEI - lost, HOLDERS_WEI):
        pool.end_frame()
        pool.report(seen, MEMBERS)
    frames = 0
    while pool.visible_wei() < HOLDERS_WEI - lost // 100:
        step = 1 if frames < YEAR_FRAMES else 7
        pool.end_frame(step)
        pool.report(HOLDERS_WEI, MEMBERS)
        frames += step
    return frames


def dies(rules: Rules, seed: int) -> bool:
    """Whether no report of a true loss is applied within 14 frames."""
    random = Random(f"members {seed}")  # noqa: S311
    pool = rules(HOLDERS_WEI, 0)
    pool.true_wei -= HOLDERS_WEI // 20
    for _ in range(14):
        pool.end_frame(1, FINALITY + random.randrange(FRAME // 4))
        signers = sum(random.random() < 0.7 for _ in range(MEMBERS))
        if signers >= QUORUM and pool.honest(signers):
            return False
    return True


def days_without_fee(rules: Rules) -> int:
    """Frames without a fee after tenfold growth and the truth."""
    pool = rules(HOLDERS_WEI, 0)
    for seen in (10 * HOLDERS_WEI, HOLDERS_WEI):
        pool.end_frame()
        pool.report(seen, MEMBERS)
    fees, frames = pool.fees_wei, 0
    while pool.fees_wei == fees and frames < 100 * YEAR_FRAMES:
        pool.true_wei += pool.true_wei * 7 * DAILY_PPM // 10**6
        pool.withdraw(pool.true_wei - HOLDERS_WEI)
        pool.end_frame(7)
        pool.honest()
        frames += 7
    return frames


def excess_fee_wei(rules: Rules) -> int:
    """Fee beyond a tenth of true profit after a month of false growth and three years."""
    pool = rules(HOLDERS_WEI, 0)
    for frame in range(30):
        pool.end_frame()
        pool.report(HOLDERS_WEI + 500 * ETHER * (frame + 1))
    for _ in range(3 * YEAR_FRAMES):
        _earn(pool)
    return pool.fees_wei - (pool.true_wei - HOLDERS_WEI) // 10
