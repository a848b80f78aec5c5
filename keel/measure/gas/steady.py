"""The state from which every operation is measured, reached by using Keel.

Ten operators have validators and more keys, all tokens and the fund have holders, limits are in
use, tickets were finalised and claimed, a stream runs, and treasury, fund and registry hold their
parts of earlier fees. So whatever an operation writes, it has been written before.
"""

from collections.abc import Sequence

from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.measure.gas.world import World
from keel.model.commitment import key_batch_tree
from keel.model.constants import ETHER

OPERATORS = 10
KEYS_IN_BATCH = 8
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
"""1,600 ETH of it are staked, in two frames (LIM-3), so that 800 stay buffered."""

type KeyProof = tuple[int, int, int, tuple[bytes, ...]]
"""Operator, batch, index in the batch, proof: IOperatorRegistry.KeyProof."""


def bring_to_steady_state(world: World) -> None:
    """Use everything once, and then report until a stream runs on a normal day."""
    for name, amount_wei in DEPOSITS_WEI.items():
        world.deposit(world.actors[name], amount_wei)
        world.wrap(world.actors[name], 100 * ETHER)
    _insure(world)
    add_operators(world, 0, OPERATORS)
    for operator_id in range(OPERATORS):
        add_keys(world, operator_id, _entries_of(world, operator_id))
    stake(world, range(STAKED_FIRST))
    earn(world)
    stake(world, range(STAKED_FIRST, STAKED_EACH))
    depositor = world.actors["depositor"]
    world.request_together(depositor, [ETHER] * TICKETS)
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
        terms = (f"Operator {number}", manager, manager, 1_000, 2_000)
        world.keel.registry.addOperator.send(*terms, sender=council)


def add_keys(world: World, operator_id: int, entries: Sequence[DepositDataEntry]) -> Receipt:
    """Commit a batch of keys."""
    root = key_batch_tree([entry.deposit_data_root for entry in entries]).root
    manager = world.actors["operator_manager_1"]
    arguments = (operator_id, root, _packed(entries))
    return world.keel.registry.addKeys.send(*arguments, sender=manager)


def stake(world: World, key_indices: Sequence[int]) -> Receipt:
    """Stake these keys of the first batch of every operator, in one call.

    Operators take turns, as their targets ask (OPR-3).
    """
    proofs: list[KeyProof] = []
    entries: list[DepositDataEntry] = []
    batches = [_entries_of(world, operator_id) for operator_id in range(OPERATORS)]
    trees = [key_batch_tree([entry.deposit_data_root for entry in batch]) for batch in batches]
    for index in key_indices:
        proofs += [(n, 0, index, tree.proof(index)) for n, tree in enumerate(trees)]
        entries += [batch[index] for batch in batches]
    root = world.keel.deposits.get_deposit_root()
    arguments = (proofs, _packed(entries), root)
    return world.keel.registry.stake.send(*arguments, sender=world.actors["keeper"])


def _insure(world: World) -> None:
    underwriter, fund = world.actors["underwriter"], world.keel.fund
    world.keel.wrapped.approve.send(fund.address, 2**256 - 1, sender=underwriter)
    fund.deposit.send(FUND_UNITS, underwriter, sender=underwriter)


def _entries_of(world: World, operator_id: int) -> tuple[DepositDataEntry, ...]:
    return world.new_entries(operator_id * KEYS_IN_BATCH, KEYS_IN_BATCH)


def _packed(entries: Sequence[DepositDataEntry]) -> bytes:
    return b"".join(e.pubkey + e.signature + e.deposit_data_root for e in entries)
