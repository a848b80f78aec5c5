"""Ask for exits that the queue needs, and again for those that the beacon chain ignored (EXT)."""

from dataclasses import dataclass

from keel.keeper.chores import Chore, Findings, Kind, Undone, counted, ether
from keel.keeper.exit_need import Need, choose_exits, need_of
from keel.keeper.exit_requests import Asked, Fate, fates_of
from keel.keeper.view import FAR_FUTURE_EPOCH, BeaconStanding, KeeperView, Validator
from keel.model.constants import BPS, GWEI

_NAMED = 3


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """Which exits to ask for: `again` first, then `new` ones."""

    again: tuple[Asked, ...]
    new: tuple[Validator, ...]

    @property
    def pubkeys(self) -> tuple[bytes, ...]:
        """Keys in the order in which they are asked for."""
        return tuple(a.request.pubkey for a in self.again) + tuple(v.pubkey for v in self.new)


def plan_exits(view: KeeperView) -> Findings:
    """Ask for what is missing and for what was ignored, in one transaction."""
    beacon, coffers = view.beacon, view.coffers
    asked = fates_of(view.requests, beacon)
    again = tuple(a for a in asked if a.is_due(view.head, view.terms))
    promised = {a.request.pubkey for a in asked if a.is_promised(view.head, view.terms)}
    need = need_of(coffers, beacon, promised, view.terms.exit_horizon_seconds)
    most = min(view.terms.most_exits, view.exits_available)  # LIM-3
    room = max(0, most - len(again))
    avoid = {
        a.request.pubkey
        for a in asked
        if a.fate is Fate.UNDERWAY or a.is_followed(view.head, view.terms)
    }
    new = choose_exits(beacon, view.operators, avoid, need.missing_wei, room)
    chosen = ExitPlan(again[:most], new)
    undone = _undone(view, beacon, need, chosen, asked)
    alarms = _alarms(view, asked)
    if not chosen.pubkeys:
        return Findings(undone=undone, alarms=alarms)
    if not view.caller.may_exit:
        exits = counted(len(chosen.pubkeys), "exit")
        why = f"{exits} to ask for, but the account lacks the role EXITER"
        alarms["not_permitted"] = why
        return Findings(undone=(*undone, Undone(Kind.EXIT, why)), alarms=alarms)
    if view.exit_fee_wei > view.terms.max_exit_fee_wei:
        why = (
            f"a request costs {ether(view.exit_fee_wei)} (EIP-7002), "
            f"at most {ether(view.terms.max_exit_fee_wei)} is allowed"
        )
        alarms["gas_price"] = why
        return Findings(undone=(*undone, Undone(Kind.EXIT, why)), alarms=alarms)
    return Findings((_chore(view, need, chosen),), undone, alarms)


def _chore(view: KeeperView, need: Need, chosen: ExitPlan) -> Chore:
    reasons = []
    if chosen.new:
        brought_wei = sum(v.balance_gwei for v in chosen.new) * GWEI
        reasons.append(
            f"{counted(len(chosen.new), 'exit')} ({_places(chosen.new)}) bring "
            f"{ether(brought_wei)}: {_explained(need)}"
        )
    if chosen.again:
        places = _places(tuple(a.validator for a in chosen.again if a.validator is not None))
        reasons.append(f"{counted(len(chosen.again), 'request')} again ({places}), now old enough")
    each_wei = view.exit_fee_wei + view.exit_fee_wei * view.terms.exit_fee_margin_bps // BPS + 1
    return Chore(
        kind=Kind.EXIT,
        key=f"exit {max((r.block_number for r in view.requests), default=0)}",
        why="; ".join(reasons),
        contract="withdrawal_vault",
        function="requestExit",
        arguments=(list(chosen.pubkeys),),
        value_wei=each_wei * len(chosen.pubkeys),
        order=view.caller.exiters,
    )


def _explained(need: Need) -> str:
    return (
        f"tickets wait for {ether(need.owed_wei)}, and buffer {ether(need.buffered_wei)}, "
        f"leaving validators {ether(need.leaving_wei)}, exits asked for "
        f"{ether(need.promised_wei)}, vaults {ether(need.vaults_wei)} and rewards "
        f"{ether(need.rewards_wei)} leave {ether(need.missing_wei)} missing"
    )


def _undone(
    view: KeeperView,
    beacon: BeaconStanding,
    need: Need,
    chosen: ExitPlan,
    asked: tuple[Asked, ...],
) -> tuple[Undone, ...]:
    notes = []
    brought_wei = sum(v.balance_gwei for v in chosen.new) * GWEI
    if not need.missing_wei:
        notes.append(
            f"tickets wait for {ether(need.owed_wei)}, "
            f"{ether(need.expected_wei)} is there or expected"
        )
    elif brought_wei < need.missing_wei:
        why = _why_not(beacon, min(view.terms.most_exits, view.exits_available))
        notes.append(f"{ether(need.missing_wei - brought_wei)} more is missing: {why}")
    for each in asked:
        place = each.place
        if each.fate is Fate.TOO_EARLY and each.from_epoch == FAR_FUTURE_EPOCH:
            notes.append(f"{place} was asked to exit before its activation is known: it waits")
        elif each.fate is Fate.TOO_EARLY:
            notes.append(
                f"{place} was asked to exit too early: asked again from epoch {each.from_epoch}"
            )
        elif each.fate in (Fate.UNDERWAY, Fate.BLOCKED, Fate.HOPELESS):
            notes.append(f"the request for the exit of {place} {each.fate}")
        elif each.fate is Fate.IGNORED and not each.is_followed(view.head, view.terms):
            notes.append(f"{place} was asked to exit long ago: somebody must ask again")
    return tuple(Undone(Kind.EXIT, note) for note in notes)


def _why_not(beacon: BeaconStanding, most: int) -> str:
    later = [
        v.mature_from(beacon.shard_committee_period)
        for v in beacon.validators
        if v.is_ours and not v.is_leaving
    ]
    later = [epoch for epoch in later if beacon.epoch < epoch < FAR_FUTURE_EPOCH]
    if later:
        return f"the next validator is old enough in epoch {min(later)}"
    return f"{most} can be asked for now, or no other validator can leave"


def _alarms(view: KeeperView, asked: tuple[Asked, ...]) -> dict[str, str]:
    late = [
        a
        for a in asked
        if a.fate is not Fate.LEAVING
        and view.head.time - a.request.time > view.terms.exit_horizon_seconds
    ]
    if not late:
        return {}
    first = min(late, key=lambda a: a.request.time)
    age = view.head.time - first.request.time
    return {
        "exit_overdue": f"{counted(len(late), 'exit')} asked for and not begun, "
        f"the first ({first.place}) {age} s ago: the request {first.fate}"
    }


def _places(validators: tuple[Validator, ...]) -> str:
    named = ", ".join(f"{v.index} of operator {v.operator_id}" for v in validators[:_NAMED])
    rest = len(validators) - _NAMED
    return f"{named} and {rest} more" if rest > 0 else named
