"""docs/attacks.md, all of it."""

from collections.abc import Iterable, Sequence

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.measure.attacks.comparisons import comparisons
from keel.measure.attacks.history import Rules
from keel.measure.attacks.pool import Pool
from keel.measure.attacks.rules import Before, Proposed
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
"""


def _ether(wei: int) -> str:
    return f"{wei / ETHER:,.1f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> str:
    line = ["---"] * texts + ["---:"] * (len(head) - texts)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, line, *rows))
