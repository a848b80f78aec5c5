"""Each measured operation: what is prepared, and the one transaction whose gas counts.

"repeat": the account already holds the token, and no storage slot that is written was zero.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keel.chain.transaction import Receipt
from keel.measure.gas.steady import (
    KEYS_EACH,
    OPERATORS,
    REWARD_WEI,
    STAKED_EACH,
    TICKETS,
    add_operators,
    earn,
    predeposit,
    prove,
    prove_slashed,
    redeem_instantly,
    request_exit,
    stake,
)
from keel.measure.gas.world import World
from keel.model.commitment import OperatorTotals, operators_tree
from keel.model.constants import ETHER

SHARES_PER_ETHER = ETHER * 10**9
FRAMES = 365
LOSSES = 64
MANY_KEYS = 20
PROVEN_TOGETHER = 32
WAITING_TICKETS = 10_000
MANY_OPERATORS = 500
COVERED_LOSS_WEI = ETHER // 20
SHARED_LOSS_WEI = ETHER * 3 // 20
LARGE_LOSS_WEI = 3 * ETHER
"""Losses beyond what the stream bears: the fund covers 5 % of itself, and the bucket holds them."""
_REQUESTED_AT_ONCE = 100
_NEW_KEYS = OPERATORS * KEYS_EACH
"""The first of the fixed keys that nobody has predeposited."""
_NEW_PLACE = 128
"""Of their validators, behind those of the steady state and aligned for PROVEN_TOGETHER."""
_TICKET = 2 * TICKETS
"""The last ticket of the second batch, which the next report of the steady state finalises."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`run` prepares and returns the receipt that counts; its gas is divided by `units`."""

    what: str
    run: Callable[[World], Receipt]
    units: int = 1

    def gas(self, receipt: Receipt) -> int:
        """Gas of one unit, rounded up."""
        return -(-receipt.gas_used // self.units)


def _deposit(depositor: str) -> Callable[[World], Receipt]:
    return lambda world: world.deposit(world.actors[depositor], ETHER)


def _deposit_wrapped(world: World) -> Receipt:
    depositor = world.actors["depositor"]
    arguments = (depositor, depositor)
    vault = world.keel.vault
    return vault.depositWrapped.send(*arguments, sender=depositor, value_wei=ETHER)


def _keth_transfer(receiver: str) -> Callable[[World], Receipt]:
    def run(world: World) -> Receipt:
        to, sender = world.actors[receiver], world.actors["depositor"]
        return world.keel.vault.transfer.send(to, ETHER, sender=sender)

    return run


def _wketh_transfer(receiver: str) -> Callable[[World], Receipt]:
    def run(world: World) -> Receipt:
        to, sender = world.actors[receiver], world.actors["depositor"]
        return world.keel.wrapped.transfer.send(to, ETHER, sender=sender)

    return run


def _transfer_shares(world: World) -> Receipt:
    to, sender = world.actors["holder"], world.actors["depositor"]
    return world.keel.vault.transferShares.send(to, SHARES_PER_ETHER, sender=sender)


def _wrap_first(world: World) -> Receipt:
    world.deposit(world.actors["stranger"], 2 * ETHER)
    return world.wrap(world.actors["stranger"], ETHER)


def _wrap(world: World) -> Receipt:
    return world.wrap(world.actors["depositor"], ETHER)


def _unwrap(world: World) -> Receipt:
    depositor = world.actors["depositor"]
    arguments = (ETHER, depositor, depositor)
    return world.keel.wrapped.redeem.send(*arguments, sender=depositor)


def _request(world: World) -> Receipt:
    return world.request(world.actors["depositor"], ETHER)


def _request_many(world: World) -> Receipt:
    return world.request_together(world.actors["depositor"], [ETHER] * 10)


def _claim(world: World) -> Receipt:
    depositor = world.actors["depositor"]
    return world.keel.queue.claim.send(_TICKET, sender=depositor)


def _claim_after_frames(world: World) -> Receipt:
    for _ in range(FRAMES):
        world.report(change_wei=REWARD_WEI)
        world.request(world.actors["holder"], ETHER // 10)
    return _claim(world)


def _claim_after_losses(world: World) -> Receipt:
    _lose(world, LARGE_LOSS_WEI)
    for _ in range(LOSSES - 1):
        world.request(world.actors["holder"], ETHER // 10)
        _lose(world, SHARED_LOSS_WEI)
    return _claim(world)


def _claim_many(world: World) -> Receipt:
    earn(world)
    depositor = world.actors["depositor"]
    tickets = list(range(TICKETS + 1, _TICKET + 1))
    return world.keel.queue.claimMany.send(tickets, sender=depositor)


def _redeem_instant(world: World) -> Receipt:
    return redeem_instantly(world, SHARES_PER_ETHER)


def _report_cycle(world: World) -> Receipt:
    return earn(world, _operators_root(OPERATORS))


def _report_wrong_hint(world: World) -> Receipt:
    return earn(world, _operators_root(OPERATORS), hint=0)


def _report_many_operators(world: World) -> Receipt:
    add_operators(world, OPERATORS, MANY_OPERATORS)
    return earn(world, _operators_root(MANY_OPERATORS))


def _report_many_tickets(hint: int | None) -> Callable[[World], Receipt]:
    def run(world: World) -> Receipt:
        depositor = world.actors["depositor"]
        # More than is buffered, so this ticket and all behind it wait.
        world.request(depositor, 1_000 * ETHER)
        for _ in range(WAITING_TICKETS // _REQUESTED_AT_ONCE):
            world.request_together(depositor, [ETHER // 100] * _REQUESTED_AT_ONCE)
        return earn(world, _operators_root(OPERATORS), hint)

    return run


def _report_loss(loss_wei: int) -> Callable[[World], Receipt]:
    return lambda world: _lose(world, loss_wei)


def _lose(world: World, loss_wei: int) -> Receipt:
    return world.report(drawn_wei=loss_wei)


def _predeposit_many(world: World) -> Receipt:
    return predeposit(world, 0, world.new_entries(_NEW_KEYS, MANY_KEYS))


def _prove_fresh(count: int) -> Callable[[World], Receipt]:
    def run(world: World) -> Receipt:
        entries = world.new_entries(_NEW_KEYS, count)
        predeposit(world, 0, entries)
        return prove(world, entries, _NEW_PLACE)

    return run


def _stake_many(world: World) -> Receipt:
    return stake(world, range(STAKED_EACH, STAKED_EACH + MANY_KEYS // OPERATORS))


def _prove_slashed(world: World) -> Receipt:
    return prove_slashed(world, 0)


def _request_exit(world: World) -> Receipt:
    depositor = world.actors["depositor"]
    world.request(depositor, 1_000 * ETHER)  # more than is buffered
    return request_exit(world, 0, "stranger")


def _operators_root(count: int) -> bytes:
    totals = [OperatorTotals(n, 4, 0, 0, (n + 1) * SHARES_PER_ETHER) for n in range(count)]
    return operators_tree(totals).root


OPERATIONS: Mapping[str, Operation] = {
    "deposit_first": Operation("deposit, first", _deposit("stranger")),
    "deposit_repeat": Operation("deposit, repeat", _deposit("depositor")),
    "deposit_wrapped_repeat": Operation("ether to wkETH, repeat", _deposit_wrapped),
    "keth_transfer_new": Operation("kETH transfer, new holder", _keth_transfer("stranger")),
    "keth_transfer_existing": Operation("kETH transfer, existing holder", _keth_transfer("holder")),
    "transfer_shares": Operation("kETH transfer in shares, existing holder", _transfer_shares),
    "wketh_transfer_new": Operation("wkETH transfer, new holder", _wketh_transfer("stranger")),
    "wketh_transfer_existing": Operation(
        "wkETH transfer, existing holder", _wketh_transfer("holder")
    ),
    "wrap_first": Operation("wrap, first", _wrap_first),
    "wrap_repeat": Operation("wrap, repeat", _wrap),
    "unwrap_repeat": Operation("unwrap, repeat", _unwrap),
    "redeem_instant": Operation("instant redemption", _redeem_instant),
    "request_repeat": Operation("withdrawal request, repeat", _request),
    "request_many_of_10": Operation("withdrawal request, each of 10", _request_many, 10),
    "claim": Operation(f"claim, after {FRAMES} frames", _claim_after_frames),
    "claim_after_64_losses": Operation(f"claim, after {LOSSES} losses", _claim_after_losses),
    "claim_many_of_8": Operation("claim, each of 8", _claim_many, TICKETS),
    "report_cycle": Operation("report cycle, 8 tickets", _report_cycle),
    "report_cycle_500_operators": Operation(
        f"report cycle, {MANY_OPERATORS} operators", _report_many_operators
    ),
    "report_cycle_10000_tickets": Operation(
        f"report cycle, {WAITING_TICKETS:,} waiting", _report_many_tickets(None)
    ),
    "report_cycle_wrong_hint": Operation("report cycle, wrong hint", _report_wrong_hint),
    "report_cycle_10000_tickets_wrong_hint": Operation(
        f"report cycle, {WAITING_TICKETS:,} waiting, wrong hint",
        _report_many_tickets(0),
    ),
    "report_loss_covered": Operation("report of a loss, insured", _report_loss(COVERED_LOSS_WEI)),
    "report_loss_shared": Operation(
        "report of a loss, insured in part", _report_loss(LARGE_LOSS_WEI)
    ),
    "predeposit_of_20": Operation("predeposit a key, each of 20", _predeposit_many, MANY_KEYS),
    "prove_fresh": Operation("prove a fresh validator", _prove_fresh(1)),
    "prove_fresh_of_32": Operation(
        "prove a fresh validator, each of 32", _prove_fresh(PROVEN_TOGETHER), PROVEN_TOGETHER
    ),
    "stake_validator_of_20": Operation("stake a validator, each of 20", _stake_many, MANY_KEYS),
    "prove_slashed": Operation("prove a slashed validator", _prove_slashed),
    "request_exit": Operation("ask for an exit", _request_exit),
}
"""In the order in which tables show them; docs/gas.md compares them with other protocols."""
