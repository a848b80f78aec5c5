"""Stake what is free on keys of the operators in turn (OPR-3), as many as a transaction takes."""

from keel.consensus.networks import Network
from keel.keeper.chores import Chore, Findings, Kind, Undone, counted, ether, nothing
from keel.keeper.staking import Refusal, StakingChoice, choose
from keel.keeper.view import KeeperView, Keys
from keel.model.constants import VALIDATOR_DEPOSIT_WEI
from keel.model.frames import State
from keel.sight.key_batches import CommittedKey

_CLOSED = (State.ANNOUNCED, State.STALE, State.DEAD)
_NAMED = 3


def plan_stakes(view: KeeperView) -> Findings:
    """Stake, or say what stands against it."""
    keys = view.keys
    validators = view.stakeable_wei // VALIDATOR_DEPOSIT_WEI
    if not validators:
        return nothing(Kind.STAKE, _why_nothing(view))
    wanted = min(validators, view.terms.most_validators)
    network = Network("this network", keys.genesis_fork_version, "the beacon node")
    chosen, refused = choose(
        keys.waiting,
        keys.faults,
        view.operators,
        wanted=wanted,
        credentials=keys.credentials,
        network=network,
    )
    alarms = {"key_refused": _named(refused)} if refused else {}
    if not chosen:
        why = f"{ether(view.stakeable_wei)} could be staked, {_why_no_key(keys, refused)}"
        alarms["keys_exhausted"] = why
        return Findings(undone=(Undone(Kind.STAKE, why),), alarms=alarms)
    if not view.caller.may_stake:
        why = (
            f"{counted(len(chosen), 'validator')} could be staked, "
            "but the account lacks the role STAKER"
        )
        alarms["not_permitted"] = why
        return Findings(undone=(Undone(Kind.STAKE, why),), alarms=alarms)
    undone: tuple[Undone, ...] = ()
    left_wei = view.stakeable_wei - len(chosen) * VALIDATOR_DEPOSIT_WEI
    if len(chosen) < wanted:
        alarms["keys_exhausted"] = why = f"{ether(left_wei)} is left, {_why_no_key(keys, refused)}"
        undone = (Undone(Kind.STAKE, why),)
    elif left_wei:
        undone = (Undone(Kind.STAKE, f"{ether(left_wei)} more comes with the next transaction"),)
    return Findings((_chore(view, keys, chosen, refused),), undone, alarms)


def _chore(
    view: KeeperView,
    keys: Keys,
    chosen: tuple[CommittedKey, ...],
    refused: tuple[Refusal, ...],
) -> Chore:
    choice = StakingChoice(chosen, refused, keys.deposit_root)
    counts: dict[int, int] = {}
    for committed in chosen:
        counts[committed.operator_id] = counts.get(committed.operator_id, 0) + 1
    each = ", ".join(f"{n} of operator {operator}" for operator, n in sorted(counts.items()))
    return Chore(
        kind=Kind.STAKE,
        key=f"stake {sum(operator.staked for operator in view.operators)}",
        why=f"{ether(view.stakeable_wei)} is free: {counted(len(chosen), 'validator')} ({each})",
        contract="registry",
        function="stake",
        arguments=choice.arguments,
        order=view.caller.stakers,
    )


def _why_nothing(view: KeeperView) -> str:
    if view.state in _CLOSED:
        return f"staking is closed while the protocol is {view.state.name.lower()}"
    if view.free_wei >= VALIDATOR_DEPOSIT_WEI:
        return f"{ether(view.free_wei)} is free, but staking is paused"
    return f"{ether(view.free_wei)} is free, a validator takes {ether(VALIDATOR_DEPOSIT_WEI)}"


def _why_no_key(keys: Keys, refused: tuple[Refusal, ...]) -> str:
    left = len(keys.waiting) - len(refused)
    if left > 0:
        return (
            f"but the {counted(left, 'key')} left are of operators that may get no more validators"
        )
    return "but no usable key is committed"


def _named(refused: tuple[Refusal, ...]) -> str:
    shown = [
        f"0x{r.key.key.pubkey.hex()} of operator {r.key.operator_id}: {r.reason}"
        for r in refused[:_NAMED]
    ]
    rest = len(refused) - _NAMED
    return "; ".join([*shown, f"{rest} more"] if rest > 0 else shown)
