"""The keeper stakes buffered ether; the deposit contract's root is worked out a second time."""

from collections.abc import Iterable
from dataclasses import dataclass

from keel.chain.deposit_contract import deposit_root, deposits_of
from keel.chain.state import block_head
from keel.chain.transaction import Receipt, await_receipt
from keel.keeper.staking import choose_keys
from keel.model.constants import VALIDATOR_DEPOSIT_WEI
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.joining import NETWORK
from keel.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Staked:
    """`deposit_root` is the contract's, `computed_root` the one of Python over all its logs."""

    validators: int
    by_operator: dict[int, int]
    gas_used: int
    deposit_root: bytes
    computed_root: bytes

    @property
    def amount_wei(self) -> int:
        """Ether that reached the deposit contract."""
        return self.validators * VALIDATOR_DEPOSIT_WEI


def stake(world: World, most: int | None = None) -> Staked:
    """Stake what is free on keys of all operators in turn, at most `most` validators."""
    c = world.contracts
    choice = choose_keys(c.vault, c.registry, c.deposits, NETWORK, world.first_block, most=most)
    receipt = world.send_as_role(c.registry, "stake", *choice.arguments)
    return _staked(world, [receipt])


def await_staked(world: CircleWorld, validators: int) -> Staked:
    """Let slots pass until the keepers have staked so many validators more."""
    registry = world.contracts.registry
    first_block = block_head(world.rpc).number
    wanted = registry.totalStaked() + validators
    world.circle.until(lambda: registry.totalStaked() >= wanted, f"staking {validators} validators")
    events = registry.events_between(first_block + 1, block_head(world.rpc).number, "KeyStaked")
    hashes = dict.fromkeys(event.log.transaction_hash for event in events)
    return _staked(world, [await_receipt(world.rpc, each) for each in hashes])


def computed_deposit_root(world: World) -> bytes:
    """Root over every deposit in the contract's log, by the consensus specs' own SSZ."""
    deposits = world.contracts.deposits
    events = deposits.events_between(0, block_head(world.rpc).number, "DepositEvent")
    return deposit_root(deposit.data for deposit in deposits_of(events))


def _staked(world: World, receipts: Iterable[Receipt]) -> Staked:
    counts: dict[int, int] = {}
    gas_used = 0
    for receipt in receipts:
        gas_used += receipt.gas_used
        for event in world.contracts.registry.events(receipt, "KeyStaked"):
            operator_id = event.inputs["operatorId"]
            counts[operator_id] = counts.get(operator_id, 0) + 1
    return Staked(
        validators=sum(counts.values()),
        by_operator=counts,
        gas_used=gas_used,
        deposit_root=world.contracts.deposits.get_deposit_root(),
        computed_root=computed_deposit_root(world),
    )
