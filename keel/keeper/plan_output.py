"""Show a plan: a table for people, JSON for programs."""

from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from keel.formatting.tables import plain_table
from keel.keeper.chores import Chore, Plan, ether
from keel.keeper.view import KeeperView


def plan_table(view: KeeperView, plan: Plan) -> RenderableType:
    """What would be done and why, what not and why, and alarms."""
    head = view.head
    title = f"Slot {head.slot}, block {head.block_number}, {view.state.name.lower()}"
    table = plain_table("chore", "now", "why", title=title)
    for chore in plan.chores:
        done = Text("would do", style="bold green")
        table.add_row(chore.kind, done, f"{chore.why}\n{_call(chore)}")
    for undone in plan.undone:
        table.add_row(undone.kind, Text("not", style="dim"), undone.why)
    alarms = [
        Text.assemble((f"{name}: ", "bold red"), text) for name, text in sorted(plan.alarms.items())
    ]
    return Group(table, *alarms)


def plan_document(view: KeeperView, plan: Plan) -> dict[str, Any]:
    """The same for programs; integers of any size are decimal texts, bytes 0x hex."""
    return {
        "slot": view.head.slot,
        "block_number": view.head.block_number,
        "state": view.state.name.lower(),
        "account": view.caller.address,
        "chores": [_document(chore) for chore in plan.chores],
        "undone": [{"chore": undone.kind, "why": undone.why} for undone in plan.undone],
        "alarms": plan.alarms,
    }


def _call(chore: Chore) -> str:
    value = f" with {ether(chore.value_wei)}" if chore.value_wei else ""
    return f"{chore.contract}.{chore.function}{value}"


def _document(chore: Chore) -> dict[str, Any]:
    return {
        "chore": chore.kind,
        "why": chore.why,
        "contract": chore.contract,
        "function": chore.function,
        "arguments": _plain(chore.arguments),
        "value_wei": str(chore.value_wei),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
