"""The last chapter of docs/operations.md, written from the table of a monitor's alarms.

Run `python -m toolchain.monitor_page` after a change of the table; a test finds what is stale.
"""

import click

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.monitor.alarms import RULES
from keel.monitor.rule import Rule

PAGE = REPOSITORY_ROOT / "docs" / "operations.md"
_CHAPTER = "## Alarms of a monitor\n"


def chapter() -> str:
    """From its heading to the end of the page."""
    shared = ", ".join(f"[{rule.name}](#{rule.name})" for rule in RULES if rule.is_shared)
    own = "\n\n".join(_section(rule) for rule in RULES if not rule.is_shared)
    return f"""{_CHAPTER}This chapter is written by `python -m toolchain.monitor_page`.
A monitor also raises {shared},
which mean the same as with the others. Thresholds are keys of `[watch]` in
[settings.md](settings.md#watch).

{own}

### webhook
A message to the webhook did not arrive. It is sent again, with growing pauses, until it does. The
text never shows the address.
"""


def page_with(text: str) -> str:
    """The page with the chapter as the table has it."""
    return text.partition(_CHAPTER)[0] + chapter()


def _section(rule: Rule) -> str:
    keys = ", ".join(f"`{key}`" for key in rule.keys)
    bounded = f" Bounded by {keys}." if keys else ""
    return f"### {rule.name}\n{rule.measures}{bounded} {rule.action}"


@click.command()
def main() -> None:
    """Write the chapter."""
    PAGE.write_text(page_with(PAGE.read_text()))
    click.echo(f"{PAGE.name} written")


if __name__ == "__main__":
    main()
