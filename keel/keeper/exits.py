"""Exits: ask for what the queue needs and for what was ignored, note and end the others (EXT)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from keel.keeper.chores import Chore, Findings, Kind, Undone, counted, ether, nothing, together
from keel.keeper.exit_need import Need, Room, choose_exits, need_of
from keel.keeper.exit_requests import Asked, Fate, fates_of
from keel.keeper.view import FAR_FUTURE_EPOCH, KeeperView, Validator
from keel.model.constants import BPS, GWEI
from keel.model.frames import State

_ENDED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """Validators whose exit to ask for, `again` first; `asked` is what was asked for before."""

    need: Need
    again: tuple[Validator, ...]
    new: tuple[Validator, ...]
    asked: tuple[Asked, ...]

    @property
    def wanted(self) -> tuple[Validator, ...]:
        """All of them, in the order in which they are asked for."""
        return self.again + self.new


def choose(view: KeeperView) -> ExitPlan:
    """Which exits to ask for now."""
    beacon = view.beacon
    asked = fates_of(view.exits.requests, beacon)
    aside = _aside(view)
    again = tuple(
        a.validator
        for a in asked
        if a.is_due(view.head, view.terms) and a.request.pubkey not in aside
    )
    promised = {a.request.pubkey for a in asked if a.is_promised(view.head, view.terms)} - aside
    need = need_of(view.coffers, beacon, promised, view.terms.exit_horizon_seconds)
    avoid = _avoided(view, asked)
    wanted_wei = _asked_for_wei(view, need)
    new = choose_exits(beacon, view.operators, avoid, wanted_wei, _room(view), refused=aside)
    return ExitPlan(need, again, new, asked)


def validators_to_note(view: KeeperView) -> tuple[Validator, ...]:
    """Those that leave without Exits knowing, and those that were noted and do not leave."""
    found = [
        v
        for v in view.beacon.validators
        if (v.pubkey in view.exits.unnoted and v.is_leaving and not v.slashed and v.effective_gwei)
        or (
            not v.is_leaving
            and view.exits.noted.get(v.pubkey, FAR_FUTURE_EPOCH) <= view.beacon.block_number
        )
    ]
    return tuple(v for v in found if _note_key(v) not in view.aside)


def indices_to_prove(view: KeeperView) -> tuple[int, ...]:
    """Validators that a plan of this view needs proofs of."""
    return tuple(v.index for v in (*choose(view).wanted[:1], *validators_to_note(view)[:1]))


def plan_exits(view: KeeperView) -> Findings:
    """Ask for what is missing and was ignored, and keep the books of Exits.

    An exit at a time: so keepers take turns for each, and the next one knows the last.
    """
    return together([_ending(view), _asking(view), _noting(view)])


def _asking(view: KeeperView) -> Findings:
    plan = choose(view)
    undone, alarms = tuple(_undone(view, plan)), _alarms(view, plan.asked)
    if not plan.wanted:
        return Findings(undone=undone, alarms=alarms)
    if view.exits.fee_wei > view.terms.max_exit_fee_wei:
        why = (
            f"a request costs {ether(view.exits.fee_wei)} (EIP-7002), "
            f"at most {ether(view.terms.max_exit_fee_wei)} is allowed"
        )
        alarms["gas_price"] = why
        return Findings(undone=(*undone, Undone(Kind.EXIT, why)), alarms=alarms)
    first, *others = plan.wanted
    if others:
        more = f"{counted(len(others), 'exit')} more to ask for, one at a time"
        undone = (*undone, Undone(Kind.EXIT, more))
    if first in plan.again:
        why = "was asked to exit, and the chain ignored it"
    else:
        why = f"brings {ether(first.balance_gwei * GWEI)}: {_explained(plan.need)}"
    asking = _provable(view, first, _request(view, first, why))
    return together([asking, Findings(undone=undone, alarms=alarms)])


def _request(view: KeeperView, validator: Validator, why: str) -> Chore:
    terms, fee_wei = view.terms, view.exits.fee_wei
    with_margin_wei = fee_wei + fee_wei * terms.exit_fee_margin_bps // BPS + 1
    return Chore(
        kind=Kind.EXIT,
        key=_request_key(validator, _asked_blocks(view)),
        why=f"{_place(validator)} {why}",
        contract="exits",
        function="requestExit",
        arguments=(validator.pubkey,),
        # What is left of it comes back (REQ), and a low fee can rise by far before the block.
        value_wei=min(max(with_margin_wei, GWEI), terms.max_exit_fee_wei),
        is_candidate=True,
    )


def _asked_blocks(view: KeeperView) -> dict[bytes, int]:
    return {each.pubkey: each.block_number for each in view.exits.requests}


def _request_key(validator: Validator, asked_blocks: Mapping[bytes, int]) -> str:
    return f"exit {validator.index} {asked_blocks.get(validator.pubkey, 0)}"


def _note_key(validator: Validator) -> str:
    return f"note {validator.index} {validator.exit_epoch}"


def _aside(view: KeeperView) -> frozenset[bytes]:
    """Keys whose exit Exits has just refused (EXT-7)."""
    if not view.aside:
        return frozenset()
    blocks = _asked_blocks(view)
    held = view.beacon.validators
    return frozenset(v.pubkey for v in held if _request_key(v, blocks) in view.aside)


def _noting(view: KeeperView) -> Findings:
    return together(_provable(view, one, _note(one)) for one in validators_to_note(view)[:1])


def _note(validator: Validator) -> Chore:
    told = f"leaves in epoch {validator.exit_epoch}" if validator.is_leaving else "does not leave"
    return Chore(
        kind=Kind.EXIT,
        key=_note_key(validator),
        why=f"{_place(validator)} {told}, and Exits does not know",
        contract="exits",
        function="noteExit",
        arguments=(),
        is_candidate=True,
    )


def _ending(view: KeeperView) -> Findings:
    roots = view.exits.over[:_ENDED_AT_ONCE]
    if not roots:
        return Findings()
    chore = Chore(
        kind=Kind.EXIT,
        key=f"end {roots[0].hex()}",
        why=f"{counted(len(roots), 'validator')} slashed or paid out counts as on its way no more",
        contract="exits",
        function="endExits",
        arguments=(list(roots),),
    )
    return Findings((chore,))


def _provable(view: KeeperView, validator: Validator, chore: Chore) -> Findings:
    """The chore with its proof, or left undone without."""
    call = view.exit_proofs.calls.get(validator.index)
    if call is not None:
        return Findings((replace(chore, arguments=(*chore.arguments, *call)),))
    return nothing(Kind.EXIT, f"{chore.why}. No proof yet: {view.exit_proofs.no_proof}")


def _avoided(view: KeeperView, asked: tuple[Asked, ...]) -> frozenset[bytes]:
    """Keys that are not asked for anew."""
    return view.exits.gone | {each.request.pubkey for each in asked}


def _room(view: KeeperView) -> Room:
    """What REQ-1 takes of others than managers; in the dead state all."""
    if view.state is State.DEAD:
        return Room()
    frozen = {operator.operator_id for operator in view.operators if operator.frozen}
    spare = {n: parts for n, parts in view.exits.spare_parts.items() if n not in frozen}
    return Room(view.exits.available_parts, spare)


def _asked_for_wei(view: KeeperView, need: Need) -> int:
    if view.state is State.DEAD:
        return need.missing_wei
    return min(need.missing_wei, view.exits.missing_wei)


def _explained(need: Need) -> str:
    return (
        f"tickets wait for {ether(need.owed_wei)}, and buffer {ether(need.buffered_wei)}, "
        f"leaving validators {ether(need.leaving_wei)}, exits asked for "
        f"{ether(need.promised_wei)}, vaults {ether(need.vaults_wei)} and rewards "
        f"{ether(need.rewards_wei)} leave {ether(need.missing_wei)} missing"
    )


def _undone(view: KeeperView, plan: ExitPlan) -> Iterator[Undone]:
    need, wanted_wei = plan.need, _asked_for_wei(view, plan.need)
    brought_wei = sum(v.balance_gwei for v in plan.new) * GWEI
    if not need.missing_wei:
        yield Undone(
            Kind.EXIT,
            f"tickets wait for {ether(need.owed_wei)}, "
            f"{ether(need.expected_wei)} is there or expected",
        )
    elif wanted_wei < need.missing_wei:
        yield Undone(
            Kind.EXIT,
            f"{ether(need.missing_wei)} is missing by the beacon state of slot "
            f"{view.beacon.slot}, {ether(wanted_wei)} by Exits, which takes no more (REQ-3)",
        )
    if brought_wei < wanted_wei:
        more = ether(wanted_wei - brought_wei)
        yield Undone(Kind.EXIT, f"{more} more is missing: {_why_not(view, plan)}")
    for each in plan.asked:
        place = f"validator {each.validator.index}"
        if each.fate in (Fate.UNDERWAY, Fate.BLOCKED):
            yield Undone(Kind.EXIT, f"the request for the exit of {place} {each.fate}")
        elif each.fate is Fate.IGNORED and not each.is_followed(view.head, view.terms):
            yield Undone(Kind.EXIT, f"{place} was asked to exit long ago: somebody must ask again")
    yield from (Undone(Kind.EXIT, f"{key} was refused: {why}") for key, why in view.aside.items())


def _why_not(view: KeeperView, plan: ExitPlan) -> str:
    beacon = view.beacon
    wanted_wei, avoid = _asked_for_wei(view, plan.need), _avoided(view, plan.asked)
    if (
        choose_exits(beacon, view.operators, avoid, wanted_wei, Room(), refused=_aside(view))
        != plan.new
    ):
        return (
            f"Exits takes {view.exits.available_parts} times 32 ETH more today (LIM-3), and of no "
            "operator that is below its target (REQ-3)"
        )
    later = [
        v.mature_from(beacon.shard_committee_period)
        for v in beacon.validators
        if v.is_ours and not v.is_leaving
    ]
    later = [epoch for epoch in later if beacon.epoch < epoch < FAR_FUTURE_EPOCH]
    if later:
        return f"the next validator is old enough in epoch {min(later)}"
    return "no other validator can leave"


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
        "exit_overdue": f"{counted(len(late), 'exit')} asked for and not begun, the first "
        f"({_place(first.validator)}) {age} s ago: the request {first.fate}"
    }


def _place(validator: Validator) -> str:
    return f"validator {validator.index} of operator {validator.operator_id}"
