"""The keeper stakes buffered ether; the deposit contract's root is worked out a second time."""

from dataclasses import dataclass

from keel.chain.deposit_contract import deposit_root, deposits_of
from keel.chain.state import block_head
from keel.keeper.staking import choose_keys
from keel.model.constants import VALIDATOR_DEPOSIT_WEI
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
    counts: dict[int, int] = {}
    for committed in choice.keys:
        counts[committed.operator_id] = counts.get(committed.operator_id, 0) + 1
    return Staked(
        validators=len(choice.keys),
        by_operator=counts,
        gas_used=receipt.gas_used,
        deposit_root=c.deposits.call("get_deposit_root"),
        computed_root=computed_deposit_root(world),
    )


def computed_deposit_root(world: World) -> bytes:
    """Root over every deposit in the contract's log, by the consensus specs' own SSZ."""
    deposits = world.contracts.deposits
    events = deposits.events_between(0, block_head(world.rpc).number, "DepositEvent")
    return deposit_root(deposit.data for deposit in deposits_of(events))
