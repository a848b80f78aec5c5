"""Figures of docs/attacks.md, which its own test keeps to what the simulation finds."""

import re

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.model.constants import ETHER

PAGE = REPOSITORY_ROOT / "docs" / "attacks.md"
_LOSS_NOW = -2


def largest_loss_wei(attacker: str, frames: int) -> int:
    """The most that victims of 10,000 ETH lose in all rows of an attacker up to so many frames."""
    found = [
        round(float(cells[_LOSS_NOW].replace(",", "")) * ETHER)
        for cells in _rows()
        if (tried := re.fullmatch(rf".*, {re.escape(attacker)}, (\d+) frames?", cells[1]))
        and int(tried[1]) <= frames
    ]
    return max(found)


def _rows() -> list[list[str]]:
    lines = PAGE.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("| row |")) + 2
    rows = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows
