"""docs/trust.md, of the rows that the powers return."""

from collections.abc import Sequence
from pathlib import Path

from tests.trust.victims import Row, shown

PEERS = (Path(__file__).parent / "peers.md").read_text().strip()


def page(rows: Sequence[Row], how: str) -> str:
    """The whole page; `how` tells the next engineer how to write it anew."""
    lines = [
        f"| {row.actor} | {shown(row.at_once_wei)} | {shown(row.day_wei)} "
        f"| {'-' if row.delay_wei is None else shown(row.delay_wei)} "
        f"| {' '.join(filter(None, (row.means, row.why)))} |"
        for row in rows
    ]
    table = "\n".join(lines)
    return f"""# Whom you trust, and with how much
<!-- Written by tests/trust/test_page.py with {how}; edit tests/trust. -->

What each actor alone, or one stolen key, can take or freeze of 10,000 ETH that others hold, on
mainnet's parameters. Rules are those of [design.md](design.md), roles and delays those of
[access.md](access.md).

Each figure was read back from the contracts after the actor tried: 10,000 ETH less what tickets for
all that the victims hold still promise, or less the ether that is there to pay them, whichever is
more. Where a figure comes from elsewhere, its row says so; the simulation follows the rules of
design.md. The delay is that of the role; for an operator, that of a new reward address; for
members, COMMITTEE's delay, in which they are replaced; a dash: none. After its delay a role does
what the last column says. What is above 0.1 % in a day or 1 % within the delay says what stops it.

| actor | at once, ETH | within a day, ETH | before the delay ends, ETH | what it does |
|---|---|---|---|---|
{table}

## Beside others
What their documents and sources say in November 2026; nothing of it was measured here.

{PEERS}
"""
