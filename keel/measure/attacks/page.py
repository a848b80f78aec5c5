"""docs/attacks.md, all of it."""

from collections.abc import Iterable, Sequence

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.measure.attacks.comparisons import comparisons
from keel.measure.attacks.history import Rules
from keel.measure.attacks.pool import Pool
from keel.measure.attacks.race import (
    DOORS,
    LOST_EACH_WEI,
    MOMENTS,
    RACE_SLOTS,
    RUNS,
    largest_wei,
    longest_closed_seconds,
)
from keel.measure.attacks.rules import Before, Proposed
from keel.measure.attacks.slashing import SLOT
from keel.measure.attacks.table import ATTACKS, Attack, worst
from keel.model.constants import ETHER

PAGE = REPOSITORY_ROOT / "docs" / "attacks.md"
HEAD = (
    "row",
    "what is tried",
    "runs",
    *(f"{what} {when}" for when in ("before", "first", "now") for what in ("gain", "loss")),
    "at most",
)
RULES: tuple[Rules, ...] = (Before, Proposed, Pool)
ALL_WEI = LOST_EACH_WEI[-1]


def worst_of_all() -> dict[Attack, tuple[tuple[int, int], ...]]:
    """Gains and losses in wei of every attack under `RULES`, in their order."""
    return {attack: tuple(worst(attack, rules) for rules in RULES) for attack in ATTACKS}


def page(results: dict[Attack, tuple[tuple[int, int], ...]]) -> str:
    """Return the page with these results."""
    runs = sum(attack.runs for attack in results)
    attacks = [
        (
            attack.row,
            attack.what,
            f"{attack.runs:,}",
            *(_ether(wei) for found in pairs for wei in found),
            f"{attack.most_eth:,}",
        )
        for attack, pairs in results.items()
    ]
    compared = [
        (one.rule, one.question, f"{one.without:,.0f}", f"{one.with_it:,.0f}", one.unit)
        for one in comparisons()
    ]
    return f"""# What attacks on income and losses can take
<!-- Written by `python -m keel.measure.attacks`; a test finds it stale. -->

Each row tries random histories: how much the attacker deposits and when it leaves, what its reports
say, whether keepers stake its ether, what validators earn (up to 6 % a year), frames without a
report, late reports, and tickets of others. The victims hold 10,000 ETH unless the row says
otherwise, the attacker up to 15 times as much. An attack is done by whom the row names: an
outsider, a quorum of 3 of 5, one member more, or a module that no signature binds. All figures are
the largest of all runs, in ETH. Seeds are fixed, so every machine finds the same. In all, {runs:,}
histories are lived under each set of rules:

- **before**: growth limits, ether that waits in the vaults, announcements without an amount.
- **first**: the rules as they were first proposed for this change. The second table shows why some
  of them were replaced.
- **now**: the rules of [design.md](design.md), which the contracts follow.

A **gain** is what the attacker has when it leaves, less what it paid in and less its fair share of
what validators earned meanwhile. A **loss** is what the victims would have then, less what they
would have if the truth came to light. In M4 it is ether of tickets that could be paid and is not;
in M5 what the fund paid; in M6 and in the loss that growth hides what left V at once beyond what
was announced; in M8 what is not visible a year later. **At most** is what the tests hold the rules
of now to.

{_table(HEAD, attacks, texts=2)}

## What single rules are for
The same question without a rule (with the one that was there or was proposed instead), and with it:

{_table(("rule", "question", "without", "with", "unit"), compared, texts=2)}

{_race()}"""


def _race() -> str:
    lost = [f"{wei / ETHER:g} ETH each" for wei in LOST_EACH_WEI]
    gains = [
        (door, when.name, *(_ether(largest_wei(door, wei, when)) for wei in LOST_EACH_WEI))
        for when in MOMENTS
        for door in DOORS
    ]
    within, beyond = (longest_closed_seconds(wei) for wei in (ETHER // 100, ALL_WEI))
    return f"""## The race of a slashing
What leaving or entering gains between a slashing and the report that counts it, by when it is done.
Each history is lived twice by `keel/model`, with the attacker's act and without: the gain is what
it has more once the loss is applied. The victims hold 10,000 ETH, the attacker up to nine times as
much, and each side insures up to 500 ETH besides. More than 0.1 % of A + Q is slashed, up to all
validators, unless the row says less. The race is the {RACE_SLOTS} slots, {RACE_SLOTS * SLOT}
seconds, from the block of the slashing to that of its proof. Largest gains of {RUNS} histories
each, in ETH, by what every slashed validator loses of its 32 ETH: alone, and with about 1 %, 3.3 %
and a third of the whole chain slashed in the same weeks.

{_table(("what", "when", *lost), gains, texts=2)}

- **After the proof nobody gains anything**, at any time, by any of these acts or several of them.
- **Tickets and deposits** gain nothing before it either: a ticket bears the loss until it is
  finalised, and who pays in pays for the others. (What a newcomer gains of rewards is M1 above; no
  rewards stream in the histories of deposits.)
- **Up to 1 ETH each**, forfeited bonds bear all of it (BND-4), so the race has no prize. Beyond,
  who is in those slots saves its part of the loss: by instant redemption of at most 5,000 ETH a
  day, and of what the buffer has; as an underwriter, of what it insured. An operator that leaves
  and then lets itself be slashed gains no more than that, and its bond is forfeit.
- **0.1 % or less** closes no door. The least fee of instant redemption is as much, so it gains
  nothing; an underwriter whose window is open saves at most this.
- **In the dead state** no door closes: who is paid first is paid at the last rate, as long as there
  is ether in B. Tickets and holders who are left bear alike what is missing (STA-8, L5).

**Nobody closes a door without a slashing** of a staked validator, and each closes them once: for at
most {within:,} seconds here, a frame and the time until its last slot is final, and for as long as
the report is late. A loss beyond the bucket is announced first (REP-8), which takes a frame more:
{beyond:,} seconds. To keep them closed, validators with more than 0.1 % of A + Q must be slashed in
every frame, each for its bond of 1 ETH and what it loses. A slashing that a report has counted
closes nothing, with one exception: a validator that was slashed while exits wait more than 36 days
belongs to the frame of the block that first shows it, once.
"""


def _ether(wei: int) -> str:
    return f"{wei / ETHER:,.1f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> str:
    line = ["---"] * texts + ["---:"] * (len(head) - texts)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, line, *rows))
