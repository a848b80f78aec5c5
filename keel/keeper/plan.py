"""What the keeper would do now, why, and what not: a pure function of the view."""

from collections.abc import Callable

from keel.keeper.absences import plan_absences
from keel.keeper.bonds import plan_bonds
from keel.keeper.chores import Findings, Kind, Plan, ether, together
from keel.keeper.dead_state import alarms_of, plan_finalising, plan_sweep, plan_wind_down
from keel.keeper.departures import plan_slashings, plan_withdrawals
from keel.keeper.exits import plan_exits
from keel.keeper.proofs import plan_proofs, plan_spare_proofs
from keel.keeper.reports import plan_report
from keel.keeper.rewards import plan_rewards
from keel.keeper.stakes import plan_stakes
from keel.keeper.view import KeeperView

RULES: tuple[tuple[Kind, Callable[[KeeperView], Findings]], ...] = (
    (Kind.PROVE, plan_slashings),
    (Kind.REPORT, plan_report),
    (Kind.FINALISE, plan_finalising),
    (Kind.WIND_DOWN, plan_wind_down),
    (Kind.SWEEP, plan_sweep),
    (Kind.EXIT, plan_exits),
    (Kind.STAKE, plan_stakes),
    (Kind.PROVE, plan_proofs),
    (Kind.PROVE, plan_withdrawals),
    (Kind.REWARDS, plan_rewards),
    (Kind.BONDS, plan_bonds),
    (Kind.EXIT, plan_absences),
    (Kind.PROVE, plan_spare_proofs),
)
"""In the order in which chores are done: what users wait for comes first."""

ALARMS = (
    "keys_exhausted",
    "operator_frozen",
    "exit_overdue",
    "slashings_proven",
    "dead",
    "stale",
    "gas_price",
    "low_balance",
    "refused",
    "nodes",
)
"""Alarms that a keeper raises and clears at each head, in addition to those of every service."""


def plan(view: KeeperView) -> Plan:
    """Ask every rule whose chore is switched on."""
    found = [rule(view) for kind, rule in RULES if kind in view.terms.kinds]
    return together([*found, alarms_of(view), _balance(view)])


def _balance(view: KeeperView) -> Findings:
    if view.caller.address is None or view.caller.balance_wei >= view.terms.low_balance_wei:
        return Findings()
    text = (
        f"{view.caller.address} has {ether(view.caller.balance_wei)} for gas, "
        f"at least {ether(view.terms.low_balance_wei)} expected"
    )
    return Findings(alarms={"low_balance": text})
