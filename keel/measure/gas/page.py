"""The table of docs/gas.md, between two comments; all else on the page is written by hand."""

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.measure.gas.errors import SnapshotError
from keel.measure.gas.goals import GOALS, PROTOCOLS
from keel.measure.gas.operations import OPERATIONS
from keel.measure.gas.snapshot import Figures

PAGE = REPOSITORY_ROOT / "docs" / "gas.md"
DEPLOYMENT = "deploy everything"

_BEGIN = "<!-- Written by `ape run gas`. -->"
_END = "<!-- End of what `ape run gas` writes. -->"


def page_with(figures: Figures, page: str) -> str:
    """Return the page with the table of these figures; raises SnapshotError without its place."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise SnapshotError(f"{PAGE} has no place for the table: {_BEGIN} and {_END}")
    return f"{before}{begin}\n{table(figures)}\n{end}{after}"


def table(figures: Figures) -> str:
    """Return the figures next to goals and other protocols, as Markdown."""
    lines = [["operation", "name", "Keel", "goal", *PROTOCOLS]]
    lines.append(["---", "---", "---:", "---:", *["---:"] * len(PROTOCOLS)])
    for row in rows(figures):
        missed = row.goal is not None and row.gas > row.goal
        gas = f"**{row.gas:,}**" if missed else f"{row.gas:,}"
        goal = "" if row.goal is None else f"{row.goal:,}"
        lines.append([row.what, f"`{row.name}`", gas, goal, *row.others])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


class Row:
    """One operation as tables show it."""

    def __init__(self, name: str, gas: int) -> None:
        operation, goal = OPERATIONS.get(name), GOALS.get(name)
        self.name = name
        self.gas = gas
        self.what = operation.what if operation else DEPLOYMENT
        self.goal = goal.gas if goal else None
        others = goal.others if goal else {}
        self.others = tuple(others.get(protocol, "") for protocol in PROTOCOLS)


def rows(figures: Figures) -> list[Row]:
    """Rows in the order of the operations, the deployment last."""
    order = {name: position for position, name in enumerate(OPERATIONS)}
    names = sorted(figures, key=lambda name: order.get(name, len(order)))
    return [Row(name, figures[name]) for name in names]
