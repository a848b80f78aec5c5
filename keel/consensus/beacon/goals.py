"""Goals of a fast-forward: everything that is in progress has happened."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keel.consensus.beacon.advance import MOST_EPOCHS, OnSlot
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import NotReachedError


@dataclass(frozen=True, slots=True)
class Goal:
    """Reached once nothing is `waiting` any more, and something was.

    The first event must come within `grace_slots`; `nothing` says that it did not.
    """

    what: str
    nothing: str
    grace_slots: int
    waiting: Callable[[BeaconChain], int]


def reach(chain: BeaconChain, goal: Goal, on_slot: OnSlot | None = None) -> int:
    """Let slots pass until a goal is reached; returns how many. Raises NotReachedError."""
    was_waiting = False
    most = MOST_EPOCHS * int(chain.spec.SLOTS_PER_EPOCH)
    for passed in range(most + 1):
        if goal.waiting(chain):
            was_waiting = True
        elif was_waiting:
            return passed
        elif passed >= goal.grace_slots:
            raise NotReachedError(f"{goal.nothing} (waited for {passed} slots)")
        if passed < most:
            chain.run(1, on_slot)
    raise NotReachedError(f"{goal.what} did not happen within {most} slots")


def validators_to_activate(chain: BeaconChain) -> int:
    """Keys with a whole stake that are not active yet, pending deposits counted in."""
    epoch, never = chain.epoch, int(chain.spec.FAR_FUTURE_EPOCH)
    least = int(chain.spec.MIN_ACTIVATION_BALANCE)
    stakes_gwei: Counter[bytes] = Counter()
    for deposit in chain.state.pending_deposits:
        stakes_gwei[bytes(deposit.pubkey)] += int(deposit.amount)
    for index, each in enumerate(chain.state.validators):
        pubkey = bytes(each.pubkey)
        if int(each.activation_epoch) > epoch and int(each.exit_epoch) == never:
            stakes_gwei[pubkey] += int(chain.state.balances[index])
        else:
            del stakes_gwei[pubkey]
    return sum(stake_gwei >= least for stake_gwei in stakes_gwei.values())


def validators_to_pay_out(chain: BeaconChain) -> int:
    """Validators that left or are leaving and still have a stake to be paid."""
    never = int(chain.spec.FAR_FUTURE_EPOCH)
    # A sync committee pays its members after their exit too: less than this is no stake.
    crumbs = int(chain.spec.EFFECTIVE_BALANCE_INCREMENT)
    return sum(
        int(each.exit_epoch) != never and int(chain.state.balances[index]) >= crumbs
        for index, each in enumerate(chain.state.validators)
    )


GOALS: Mapping[str, Goal] = {
    "active": Goal(
        "the activation of all validators",
        "no deposit came for a new validator",
        64,
        validators_to_activate,
    ),
    "paid": Goal(
        "the payment of all validators that leave",
        "no validator leaves",
        8,
        validators_to_pay_out,
    ),
}
"""By the names that people give them, on a beacon chain without Keel."""
