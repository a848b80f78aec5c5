"""When the oracle is dead, pay tickets from what is there, and bring in what came (STA-3 to STA-8).

A sweep shuts out reports of reference slots before it, so it is made only where it pays at least
one more ticket. Once no validator is left, the wind-down brings in everything; where that is less
than was staked, only once nothing can be on its way any more.
"""

from keel.formatting.amounts import shown_seconds
from keel.keeper.chores import Chore, Findings, Kind, counted, ether, nothing
from keel.keeper.view import KeeperView
from keel.model.frames import State

WIND_DOWN_GAS = 600_000
"""Gas of one wind-down, generously: a report without signatures, and its tickets."""


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
    if dead.wind_down.is_possible:
        return nothing(Kind.SWEEP, "the wind-down brings in what a sweep would")
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


def plan_wind_down(view: KeeperView) -> Findings:
    """Bring in all that is left once no validator is, where it is worth its gas."""
    if view.state is not State.DEAD or view.deadlock is None:
        return nothing(Kind.WIND_DOWN, "nothing is wound down until the oracle is dead")
    left = view.deadlock.wind_down
    if left.live_keys:
        live = counted(left.live_keys, "staked key")
        return nothing(Kind.WIND_DOWN, f"{live} not proven to be paid out")
    held = f"the two vaults hold {ether(left.held_wei)}"
    least_wei = view.least_worth_wei(WIND_DOWN_GAS)
    if not left.staked_wei and left.held_wei < max(1, least_wei):
        why = f"nothing is staked, and {held}, brought in from {ether(least_wei)} on"
        return nothing(Kind.WIND_DOWN, why)
    if left.loss_at is not None:
        missing = ether(left.staked_wei - left.held_wei)
        wait = shown_seconds(left.loss_at - view.head.time)
        why = f"{missing} may be on the way still, and count as lost in {wait}; {held}"
        return nothing(Kind.WIND_DOWN, why)
    if left.refusal is not None:
        return nothing(Kind.WIND_DOWN, f"not possible now: {left.refusal}")
    chore = Chore(
        kind=Kind.WIND_DOWN,
        key="wind down",
        why=f"the oracle is dead, no validator is left of {ether(left.staked_wei)} staked, {held}",
        contract="vault",
        function="windDown",
        arguments=(left.last_ticket,),
    )
    return Findings((chore,))


def alarms_of(view: KeeperView) -> Findings:
    """Say that the oracle is late, or that validators were slashed: people must act."""
    if view.state is State.DEAD:
        return Findings(alarms={"dead": "no report for 14 frames: anybody may finalise tickets"})
    if view.state is State.STALE:
        return Findings(alarms={"stale": "no report for 3 frames: deposits and staking are closed"})
    if view.state is State.SLASHED:
        doors = "deposits, staking, instant redemption, underwriters' exits and bonds are closed"
        return Findings(
            alarms={"slashings_proven": f"validators were slashed: {doors} until a report"}
        )
    return Findings()
