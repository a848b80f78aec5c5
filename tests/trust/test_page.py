"""docs/trust.md is what the actors got on the contracts of today."""

import os

from keel.chain.clock import reverting
from keel.chain.node_packages import REPOSITORY_ROOT
from keel.model.constants import ETHER
from tests.deployment import Keel
from tests.trust.powers import POWERS, VICTIMS_WEI, Row

PAGE = REPOSITORY_ROOT / "docs" / "trust.md"
WRITE = "KEEL_WRITE_TRUST"
OPEN = {"STAKER, with one operator", "EXITER", "CONSOLIDATOR"}
"""Who needs proofs before a contract can bound it below a day's limit (ROL-2)."""


def test_the_page_shows_what_each_actor_gets(keel_mainnet: Keel) -> None:
    rows = []
    for power in POWERS:
        with reverting(keel_mainnet.rpc):
            rows.append(power(keel_mainnet))
    for row in rows:
        if row.actor not in OPEN:
            assert row.at_once_wei <= row.day_wei <= VICTIMS_WEI // 1_000, row
            assert (row.delay_wei or 0) <= VICTIMS_WEI // 100, row
    text = page(rows)
    if os.environ.get(WRITE):
        PAGE.write_text(text)
    assert PAGE.read_text() == text, f"run this test with {WRITE}=1 to write the page anew"


def page(rows: list[Row]) -> str:
    lines = [
        f"| {row.actor} | {_cell(row.at_once_wei)} | {_cell(row.day_wei)} "
        f"| {_cell(row.delay_wei)} | {row.means} |"
        for row in rows
    ]
    table = "\n".join(lines)
    return f"""# Whom you trust, and with how much
<!-- Written by tests/trust/test_page.py with {WRITE}=1; edit tests/trust/powers.py. -->

What each actor alone, or one stolen key, can take or freeze of 10,000 ETH that others hold, on
mainnet's parameters. Rules are those of [design.md](design.md), roles and delays those of
[access.md](access.md). A figure above 0 is what tests/trust moved on the contracts; a 0 means that
every attempt made there was refused, or left victims what they had. A dash means that the actor has
no delay. After its delay a role does what the last column says.

| actor | at once, ETH | within a day, ETH | before its delay ends, ETH | what it does |
|---|---|---|---|---|
{table}

STAKER's figure is ether that reached the deposit contract, with keys that nobody checked; EXITER's
is requests taken, each for 32 ETH. Both count a whole limit at once and what refills until the day
ends (LIM-3).

## Not computed yet
A bare quorum and all members of the committee, a broken oracle or fund module, an operator whose
validators are slashed, and governance after its delay. Their figures follow from the rules of
income and losses. That all tickets are paid within a role's delay is planned (about 5 frames) and
not measured here. What Lido and Rocket Pool allow the same actors is not compared yet.
"""


def _cell(wei: int | None) -> str:
    return "-" if wei is None else f"{wei / ETHER:,.0f}"
