"""Operators by command: who they are, what they have and may have."""

from collections import Counter
from typing import Any

from ape.api.accounts import AccountAPI
from rich.table import Table

from keel.chain.packed import working_root
from keel.chain.state import block_head
from keel.deploy.manifest import LOCAL_CHAIN_IDS
from keel.files.errors import Mistake
from keel.formatting.amounts import shown_bps, shown_ether, shown_seconds
from keel.formatting.names import in_markup, printable
from keel.formatting.tables import plain_table
from keel.model.key_stage import Stage
from keel.sight.event_file import EventFile
from keel.sight.history import Historian
from keel.sight.operator_numbers import operator_numbers
from keel.terminal.answers import after, before
from keel.terminal.connection import Connection, send
from keel.terminal.faults import Fault


def add_operator(
    connection: Connection,
    account: AccountAPI,
    name: str,
    *,
    manager: str,
    reward_address: str,
    limit: int,
    target_bps: int,
    commission_bps: int,
) -> None:
    """Admit an operator."""
    registry = connection.contracts.registry
    shown = printable(name)
    before(
        f"{shown} will be added: at most {limit:,} validators, {shown_bps(target_bps)} of all, "
        f"a commission of {shown_bps(commission_bps)}."
    )
    arguments = (name, manager, reward_address, limit, target_bps, commission_bps)
    receipt = send(account, registry, "addOperator", *arguments)
    (event,) = registry.events(receipt, "OperatorAdded")
    after(f"{shown} is operator {event.inputs['operatorId']}, managed by {manager}.", receipt)


def set_commission(
    connection: Connection, account: AccountAPI, operator_id: int, commission_bps: int
) -> None:
    """Change an operator's commission in its manager's name (COM-1)."""
    registry = connection.contracts.registry
    operator_managed(connection, account.address, operator_id)
    operator = registry.operator(operator_id)
    name, present = printable(operator.name), shown_bps(operator.commissionBps)
    before(f"{name} will ask for {shown_bps(commission_bps)} of its profit, now {present}.")
    receipt = send(account, registry, "setCommission", operator_id, commission_bps)
    (event,) = registry.events(receipt, "CommissionSet")
    wait = event.inputs["since"] - block_head(connection.rpc, receipt.block_number).timestamp
    when = f"in {shown_seconds(wait)}" if wait else "now"
    after(f"It is in force {when}.", receipt)


def operators_table(connection: Connection) -> Table:
    """Every operator: what it may have, what it has, what its bond is worth."""
    c = connection.contracts
    head = block_head(connection.rpc)
    history = historian_of(connection).up_to(head)
    stages = Counter((life.operator_id, life.stage) for life in history.key_lives().values())
    table = plain_table(
        ">id",
        "operator",
        ">staked",
        ">proven",
        ">unproven",
        ">bond",
        ">limit",
        ">target",
        ">commission",
        "gets more",
    )
    for number, operator in operators_of(connection):
        bond = c.bonds.bondOf(number)
        may = c.registry.mayStakeNext(number)
        table.add_row(
            str(number),
            in_markup(operator.name),
            str(operator.staked),
            str(stages[number, Stage.PROVEN]),
            str(stages[number, Stage.PREDEPOSITED]),
            shown_ether(c.wrapped.convertToAssets(bond.units)),
            f"{operator.limit:,}",
            shown_bps(operator.targetBps),
            _commission(operator, c.registry.nextCommission(number), head.timestamp),
            "yes" if may else _why_not_next(operator),
        )
    return table


def historian_of(connection: Connection) -> Historian:
    """Read keys on chain; what a command has read of them, the next one does not read again.

    A local chain is short, and gone before the next one.
    """
    manifest = connection.manifest
    file = None
    if manifest.chain_id not in LOCAL_CHAIN_IDS:
        file = EventFile(working_root() / ".keel" / "events", manifest.chain_id)
    return Historian(connection.contracts, manifest.block, file)


def operators_of(connection: Connection) -> list[tuple[int, Any]]:
    """All operators by their numbers."""
    registry = connection.contracts.registry
    numbers = operator_numbers(registry, registry.operatorCount())
    return [(number, registry.operator(number)) for number in numbers]


def operator_managed(connection: Connection, manager: str, operator_id: int | None) -> int:
    """Operator that the account manages; raises Fault unless there is exactly one to mean.

    Raises Mistake for an operator that the registry does not have.
    """
    operators = operators_of(connection)
    managed = [n for n, operator in operators if operator.manager == manager]
    if operator_id is None:
        if len(managed) == 1:
            return managed[0]
        which = f"operators {', '.join(map(str, managed))}: give --operator" if managed else "none"
        raise Fault(f"{manager} manages {which}")
    if operator_id >= len(operators):
        count = len(operators)
        raise Mistake(f"operator {operator_id} is unknown: the registry has {count}, from 0 on")
    if operator_id not in managed:
        raise Fault(f"operator {operator_id} is not managed by {manager}")
    return operator_id


def _commission(operator: Any, following: Any, now: int) -> str:
    present = shown_bps(operator.commissionBps)
    if not following.since:
        return present
    wait = shown_seconds(following.since - now)
    return f"{present}, {shown_bps(following.commissionBps)} in {wait}"


def _why_not_next(operator: Any) -> str:
    if operator.frozen:
        return "no, frozen: a key of it pays to somebody else"
    return "no" if operator.active else "no, inactive"
