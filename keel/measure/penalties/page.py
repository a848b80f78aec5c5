"""The table of docs/consensus.md, between two comments; all else on the page is written by hand."""

from collections.abc import Iterable

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.measure.penalties.slashing import VALIDATORS, Slashing

PAGE = REPOSITORY_ROOT / "docs" / "consensus.md"
SLASHED = (1, 3, 28, 102)
"""How many validators are slashed at once in the table's rows."""

_BEGIN = "<!-- Written by `python -m keel.measure.penalties`. -->"
_END = "<!-- End of what `python -m keel.measure.penalties` writes. -->"
_HEAD = (
    f"| slashed of {VALIDATORS} | expected at once | taken in the end | error | a quarter on |\n"
    "| ---: | ---: | ---: | ---: | ---: |"
)


def row(found: Slashing) -> str:
    """One line of the table."""
    return (
        f"| {found.slashed} | {found.expected_gwei / 10**9:,.4f} ETH "
        f"| {found.taken_gwei / 10**9:,.4f} ETH | {found.error_ppm / 10**4:+.4f} % "
        f"| {found.later_error_ppm / 10**4:+.4f} % |"
    )


def page_with(found: Iterable[Slashing], page: str) -> str:
    """Return the page with the table of these; raises ValueError without its place."""
    before, _, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError(f"{PAGE} has no place for the table: {_BEGIN} and {_END}")
    lines = "\n".join([_HEAD, *(row(one) for one in found)])
    return f"{before}{_BEGIN}\n{lines}\n{end}{after}"
