"""The state from which every operation is measured, reached by using Keel.

Ten operators have validators and more keys, all tokens and the fund have holders, limits are in
use, tickets were finalised and claimed, a stream runs, and treasury, fund and registry hold their
parts of earlier fees. So whatever an operation writes, it has been written before.
"""

from collections.abc import Sequence
from itertools import batched
from typing import Any

from keel.chain.clock import now
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.deploy.profiles import MAINNET, USUAL_COMMISSION_BPS
from keel.measure.gas.shown_state import show_fresh, show_validator
from keel.measure.gas.world import World
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER, GWEI
from keel.model.keys import NEVER_EPOCH
from keel.sight.predeposits import Predeposit

OPERATORS = 10
KEYS_EACH = 8
STAKED_FIRST = 3
STAKED_EACH = 5
TICKETS = 8
REWARD_WEI = ETHER // 10
FUND_UNITS = ETHER
"""wkETH that insures, beside the seed: enough for a small loss, too little for a large one."""

DEPOSITS_WEI = {
    "depositor": 1_500 * ETHER,
    "holder": 300 * ETHER,
    "underwriter": 300 * ETHER,
    "redeemer": 300 * ETHER,
}
"""1,550 ETH of it follow proven keys, in two frames (LIM-3), so that 850 stay buffered."""


def bring_to_steady_state(world: World) -> None:
    """Use everything once, and then report until a stream runs on a normal day."""
    for name, amount_wei in DEPOSITS_WEI.items():
        world.deposit(world.actors[name], amount_wei)
        world.wrap(world.actors[name], 100 * ETHER)
    _insure(world)
    add_operators(world, 0, OPERATORS)
    for operator_id, entries in enumerate(_entries_of_operators(world)):
        predeposit(world, operator_id, entries)
    prove(world, world.new_entries(0, OPERATORS * KEYS_EACH), 0)
    stake(world, range(STAKED_FIRST))
    earn(world)
    stake(world, range(STAKED_FIRST, STAKED_EACH))
    depositor = world.actors["depositor"]
    world.request_together(depositor, [ETHER] * TICKETS)
    request_exit(world, 1, "operator_manager_1")
    prove_slashed(world, 2)
    earn(world)
    for ticket_id in range(1, TICKETS):
        world.keel.queue.claim.send(ticket_id, sender=depositor)
    redeem_instantly(world, 10 * ETHER * 10**9)
    world.request_together(depositor, [ETHER] * TICKETS)


def earn(world: World, operators_root: bytes = b"\x01" * 32, hint: int | None = None) -> Receipt:
    """Report rewards of consensus and execution layer, and withdrawals."""
    return world.report(
        change_wei=REWARD_WEI,
        withdrawals_wei=REWARD_WEI,
        rewards_wei=REWARD_WEI,
        operators_root=operators_root,
        hint=hint,
    )


def redeem_instantly(world: World, shares: int) -> Receipt:
    """Leave at once, paying the fee."""
    redeemer = world.actors["redeemer"]
    return world.keel.instant.redeem.send(shares, redeemer, 1, sender=redeemer)


def add_operators(world: World, first: int, count: int) -> None:
    """Admit operators until there are `count`, each of which may have a fifth of all validators."""
    manager, council = world.actors["operator_manager_1"], world.actors["council"]
    for number in range(first, count):
        terms = (f"Operator {number}", manager, manager, 1_000, 2_000, USUAL_COMMISSION_BPS)
        world.keel.registry.addOperator.send(*terms, sender=council)


def predeposit(world: World, operator_id: int, entries: Sequence[DepositDataEntry]) -> Receipt:
    """Send keys with 1 ETH each."""
    manager, call = world.actors["operator_manager_1"], Predeposit(tuple(entries))
    arguments = (operator_id, *call.arguments)
    return world.keel.registry.predeposit.send(*arguments, sender=manager, value_wei=call.value_wei)


def prove(world: World, entries: Sequence[DepositDataEntry], place: int) -> Receipt:
    """Prove by one batch that these keys are fresh validators, one after the other from a place."""
    credentials = bytes(world.keel.vault.withdrawalCredentials())
    pubkeys = [entry.pubkey for entry in entries]
    arguments = show_fresh(world.rpc, credentials, pubkeys, place)
    return world.keel.registry.proveFresh.send(*arguments, sender=world.actors["stranger"])


def show_staked(
    world: World, key_index: int, *, slashed: bool, operator_id: int = 0
) -> tuple[Any, ...]:
    """Show an operator's staked validator in the newest slot, slashed or long active (PRF-8)."""
    entry = _entries_of_operators(world)[operator_id][key_index]
    geometry = world.configuration.geometry
    slot = (now(world.rpc) - geometry.genesis_time) // geometry.seconds_per_slot - 1
    exit_epoch = slot // MAINNET.slots_per_epoch if slashed else NEVER_EPOCH
    withdrawable = exit_epoch + MAINNET.slashings_epochs if slashed else NEVER_EPOCH
    credentials = entry.withdrawal_credentials
    fields = (public_key_hash(entry.pubkey), credentials, 32 * GWEI, slashed)
    dates = (0, 0, exit_epoch, withdrawable)
    place = operator_id * KEYS_EACH + key_index
    return show_validator(world.rpc, (*fields, *dates), place, slot)


def prove_slashed(world: World, key_index: int, operator_id: int = 0) -> Receipt:
    """Prove that an operator's staked validator was slashed."""
    arguments = show_staked(world, key_index, slashed=True, operator_id=operator_id)
    return world.keel.registry.proveSlashed.send(*arguments, sender=world.actors["stranger"])


def request_exit(world: World, key_index: int, actor: str) -> Receipt:
    """Ask for a validator's exit; as much as the fee comes with it."""
    pubkey = _entries_of_operators(world)[0][key_index].pubkey
    arguments = (pubkey, *show_staked(world, key_index, slashed=False))
    fee_wei = world.keel.withdrawal_vault.withdrawalRequestFeeWei()
    sender = world.actors[actor]
    return world.keel.exits.requestExit.send(*arguments, sender=sender, value_wei=fee_wei)


def stake(world: World, key_indices: Sequence[int]) -> Receipt:
    """Stake these keys of every operator, in one call.

    Operators take turns, as their targets ask (OPR-3).
    """
    of_operators = _entries_of_operators(world)
    packed = b"".join(own[index].pubkey for index in key_indices for own in of_operators)
    return world.keel.registry.stake.send(packed, sender=world.actors["stranger"])


def _insure(world: World) -> None:
    underwriter, fund = world.actors["underwriter"], world.keel.fund
    world.keel.wrapped.approve.send(fund.address, 2**256 - 1, sender=underwriter)
    fund.deposit.send(FUND_UNITS, underwriter, sender=underwriter)


def _entries_of_operators(world: World) -> list[tuple[DepositDataEntry, ...]]:
    """The keys that each operator has at first."""
    return list(batched(world.new_entries(0, OPERATORS * KEYS_EACH), KEYS_EACH))
