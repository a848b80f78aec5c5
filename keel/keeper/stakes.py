"""Stake what is free on proven keys in turn (OPR-3, KEY-6), as many as a transaction takes."""

from collections import Counter

from keel.keeper.chores import Chore, Findings, Kind, Undone, counted, ether, nothing
from keel.keeper.staking import packed_pubkeys, take_in_turns
from keel.keeper.view import KeeperView
from keel.model.constants import TOP_UP_WEI
from keel.model.frames import State
from keel.sight.key_lives import KeyLife

_CLOSED = (State.SLASHED, State.ANNOUNCED, State.STALE, State.DEAD)


def plan_stakes(view: KeeperView) -> Findings:
    """Stake, or say what stands against it."""
    most = view.stakeable_validators
    if not most:
        return nothing(Kind.STAKE, _why_nothing(view))
    wanted = min(most, view.terms.most_validators)
    chosen = take_in_turns(view.keys.proven, view.operators, wanted)
    if not chosen:
        why = f"{counted(most, 'validator')} could be staked, but {_why_no_key(view, chosen)}"
        return Findings(undone=(Undone(Kind.STAKE, why),), alarms={"keys_exhausted": why})
    left = most - len(chosen)
    if len(chosen) < wanted:
        why = f"{counted(left, 'validator')} more could be staked, but {_why_no_key(view, chosen)}"
        undone, alarms = (Undone(Kind.STAKE, why),), {"keys_exhausted": why}
        return Findings((_chore(view, chosen),), undone, alarms)
    more = f"the next transaction stakes {counted(left, 'validator')} more"
    return Findings((_chore(view, chosen),), (Undone(Kind.STAKE, more),) if left else ())


def _chore(view: KeeperView, chosen: tuple[KeyLife, ...]) -> Chore:
    counts = Counter(life.operator_id for life in chosen)
    each = ", ".join(f"{n} of operator {operator}" for operator, n in sorted(counts.items()))
    return Chore(
        kind=Kind.STAKE,
        key=f"stake {sum(operator.staked for operator in view.operators)}",
        why=f"{ether(view.free_wei)} is free: {counted(len(chosen), 'validator')} ({each})",
        contract="registry",
        function="stake",
        arguments=(packed_pubkeys(chosen),),
    )


def _why_nothing(view: KeeperView) -> str:
    if view.state in _CLOSED:
        return f"staking is closed while the protocol is {view.state.name.lower()}"
    if view.free_wei >= TOP_UP_WEI:
        why = "but staking is paused, at its limit or closed after a loss"
        return f"{ether(view.free_wei)} is free, {why}"
    return f"{ether(view.free_wei)} is free, a validator takes {ether(TOP_UP_WEI)}"


def _why_no_key(view: KeeperView, chosen: tuple[KeyLife, ...]) -> str:
    left = len(view.keys.proven) - len(chosen)
    if left:
        return (
            f"the {counted(left, 'proven key')} left belong to operators that may get no more "
            "validators"
        )
    coming = len(view.keys.shown.appeared) + len(view.keys.shown.may_come)
    if coming:
        return f"no other key is proven yet; {counted(coming, 'key')} may be proven later"
    return "no other key is predeposited"
