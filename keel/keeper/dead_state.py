"""When the oracle is dead, pay tickets from what is there, and bring what was swept (STA-3, STA-5).

A sweep shuts out reports of reference slots before it, so it is made only where it pays at least
one more ticket.
"""

from keel.keeper.chores import Chore, Findings, Kind, counted, ether, nothing
from keel.keeper.view import KeeperView
from keel.model.frames import State


def plan_finalising(view: KeeperView) -> Findings:
    """Finalise the tickets that the buffer pays."""
    if view.state is not State.DEAD or view.deadlock is None:
        return nothing(Kind.FINALISE, "reports finalise tickets until the oracle is dead")
    dead = view.deadlock
    payable = dead.payable_to - dead.last_finalised
    if payable <= 0:
        return nothing(Kind.FINALISE, f"the buffer pays no ticket after {dead.last_finalised}")
    chore = Chore(
        kind=Kind.FINALISE,
        key=f"finalise {dead.last_finalised}",
        why=f"the oracle is dead, and the buffer pays {counted(payable, 'ticket')} "
        f"up to {dead.payable_to}",
        contract="vault",
        function="finaliseWithoutReport",
        arguments=(dead.payable_to,),
    )
    return Findings((chore,))


def plan_sweep(view: KeeperView) -> Findings:
    """Bring ether from WithdrawalVault where it pays tickets that the buffer alone does not."""
    if view.state is not State.DEAD or view.deadlock is None:
        return nothing(Kind.SWEEP, "reports sweep until the oracle is dead")
    dead = view.deadlock
    if dead.payable_after_sweep <= dead.payable_to:
        return nothing(Kind.SWEEP, f"{ether(dead.sweepable_wei)} more would pay no further ticket")
    if dead.sweep_refusal is not None:
        return nothing(Kind.SWEEP, f"not possible now: {dead.sweep_refusal}")
    more = dead.payable_after_sweep - dead.payable_to
    chore = Chore(
        kind=Kind.SWEEP,
        key="sweep",
        why=f"the oracle is dead, and {ether(dead.sweepable_wei)} from WithdrawalVault pays "
        f"{counted(more, 'ticket')} more",
        contract="vault",
        function="sweepWithdrawals",
        arguments=(),
    )
    return Findings((chore,))


def alarms_of(view: KeeperView) -> Findings:
    """Say that the oracle is late: people must act."""
    if view.state is State.DEAD:
        return Findings(alarms={"dead": "no report for 14 frames: anybody may finalise tickets"})
    if view.state is State.STALE:
        return Findings(alarms={"stale": "no report for 3 frames: deposits and staking are closed"})
    return Findings()
