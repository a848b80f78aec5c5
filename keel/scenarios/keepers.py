"""What keepers do: stake buffered ether, and ask for exits that the chain performs."""

from collections.abc import Iterable
from dataclasses import dataclass

from keel.chain.deposit_contract import deposit_root, deposits_of
from keel.chain.state import block_head
from keel.chain.transaction import Receipt, await_receipt
from keel.circle.reports import Reported
from keel.consensus.beacon.outcome import SlotOutcome
from keel.errors import KeelError
from keel.keeper.staking import choose_keys, deposited_ever
from keel.model.constants import VALIDATOR_DEPOSIT_WEI
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.operators import NETWORK
from keel.scenarios.world import World
from keel.sight.history import Historian


class RootsDifferError(KeelError):
    """The deposit contract's root is not the one that Python computed."""


@dataclass(frozen=True, slots=True)
class Staked:
    """`deposit_root` is the contract's, and the one that Python computed over all its logs."""

    validators: int
    by_operator: dict[int, int]
    gas_used: int
    deposit_root: bytes

    @property
    def amount_wei(self) -> int:
        """Ether that reached the deposit contract."""
        return self.validators * VALIDATOR_DEPOSIT_WEI


def stake(world: World, most: int | None = None) -> Staked:
    """Stake what is free on keys of all operators in turn, at most `most` validators."""
    c = world.contracts
    choice = choose_keys(
        c.vault,
        c.registry,
        c.deposits,
        NETWORK,
        Historian(c, world.first_block),
        deposited=deposited_ever(c.deposits),
        most=most,
    )
    receipt = world.send_as_role(c.registry, "stake", *choice.arguments)
    return _staked(world, [receipt])


def await_staked(world: CircleWorld, validators: int) -> Staked:
    """Let slots pass until so many validators are staked in all, and say what each staking did.

    Keepers may have begun before anybody waits for them.
    """
    registry = world.contracts.registry
    world.circle.until(
        lambda: registry.totalStaked() >= validators, f"staking {validators} validators"
    )
    last_block = block_head(world.rpc).number
    events = registry.events_between(world.first_block, last_block, "KeyStaked")
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
    root, computed = world.contracts.deposits.get_deposit_root(), computed_deposit_root(world)
    if root != computed:
        raise RootsDifferError(
            f"the deposit contract's root is 0x{root.hex()}, "
            f"computed from its logs is 0x{computed.hex()}"
        )
    return Staked(
        validators=sum(counts.values()),
        by_operator=counts,
        gas_used=gas_used,
        deposit_root=root,
    )


@dataclass(frozen=True, slots=True)
class ExitAsked:
    """Validators whose exit a keeper asked for by EIP-7002, and how many slots that took."""

    indices: tuple[int, ...]
    slots: int


@dataclass(frozen=True, slots=True)
class PaidOut:
    """`swept_slot` is the slot in which the last of them had been paid out in full."""

    swept_slot: int
    reports: list[Reported]


def await_exit_asked(world: CircleWorld) -> ExitAsked:
    """Let slots pass until the consensus layer has taken what a keeper asked for."""
    chain = world.beacon.chain
    first_block = block_head(world.rpc).number
    asked: list[bytes] = []

    def exiting() -> bool:
        events = world.contracts.withdrawal_vault.events_between(
            first_block, block_head(world.rpc).number, "ExitRequested"
        )
        asked[:] = dict.fromkeys(bytes(event.inputs["pubkey"]) for event in events)
        never = chain.spec.FAR_FUTURE_EPOCH
        validators = (chain.state.validators[chain.index_of(pubkey)] for pubkey in asked)
        return bool(asked) and all(each.exit_epoch != never for each in validators)

    slots = world.circle.until(exiting, "an exit")
    return ExitAsked(tuple(chain.index_of(pubkey) for pubkey in asked), slots)


def await_paid_out(world: CircleWorld, asked: ExitAsked, ticket_id: int) -> PaidOut:
    """Let frames pass, each with its report, until exit and sweep have paid for a ticket."""
    chain, queue = world.beacon.chain, world.contracts.queue
    reports: list[Reported] = []
    swept: list[int] = []

    def look(outcome: SlotOutcome) -> None:
        if not any(int(chain.state.balances[index]) for index in asked.indices):
            swept.append(outcome.slot)

    chain.watchers.append(look)
    try:
        while queue.lastFinalised() < ticket_id:
            reports.append(world.next_report())
    finally:
        chain.watchers.remove(look)
    return PaidOut(swept[0], reports)
