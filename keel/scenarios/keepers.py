"""What keepers do: stake buffered ether, and ask for exits that the chain performs."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, zip_longest

from keel.chain.state import block_head
from keel.chain.transaction import Receipt, await_receipt
from keel.circle.reports import Reported
from keel.consensus.beacon.outcome import SlotOutcome
from keel.model.constants import TOP_UP_WEI
from keel.model.key_stage import Stage
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.operators import history_of, pubkeys_by_root
from keel.scenarios.proofs import await_and_prove
from keel.scenarios.world import World

_QUIET_SLOTS = 3
"""After so many slots without a request keepers have asked for all that they want."""


@dataclass(frozen=True, slots=True)
class Staked:
    """`bonds_wei` is what operators had put in themselves, and have as wkETH of their bonds.

    `proven_by_keeper` keys were proven by the keeper's account.
    """

    validators: int
    by_operator: dict[int, int]
    gas_used: int
    bonds_wei: int
    proven_by_keeper: int

    @property
    def amount_wei(self) -> int:
        """The pool's ether that reached the deposit contract."""
        return self.validators * TOP_UP_WEI


def stake(world: World, most: int | None = None, actor: str = "stranger") -> Staked:
    """Prove every predeposited key once it is a validator, then stake what is free on them.

    At most `most` validators, operators in turn; anybody may do either.
    """
    await_and_prove(world, actor)
    return stake_proven(world, most, actor)


def stake_proven(world: World, most: int | None = None, actor: str = "stranger") -> Staked:
    """Stake what is free on proven keys of all operators in turn, at most `most` validators."""
    by_operator: dict[int, list[bytes]] = {}
    for life in history_of(world).keys_at(Stage.PROVEN):
        by_operator.setdefault(life.operator_id, []).append(life.pubkey)
    turns = chain.from_iterable(zip_longest(*by_operator.values(), fillvalue=b""))
    packed = b"".join(list(filter(None, turns))[:most])
    receipt = world.contracts.registry.stake.send(packed, sender=world.actors[actor])
    return _staked(world, [receipt])


def await_staked(world: CircleWorld, validators: int) -> Staked:
    """Let slots pass until so many validators are staked in all, and say what each staking did.

    Keepers may have begun before anybody waits for them.
    """
    registry = world.contracts.registry
    world.circle.until(
        lambda: registry.totals().staked >= validators, f"staking {validators} validators"
    )
    return _staked(world, receipts_of(world, "KeyStaked"))


def receipts_of(world: World, event_name: str) -> list[Receipt]:
    """Of all transactions in which the registry emitted an event of this name."""
    registry, last_block = world.contracts.registry, block_head(world.rpc).number
    events = registry.events_between(world.first_block, last_block, event_name)
    hashes = dict.fromkeys(event.log.transaction_hash for event in events)
    return [await_receipt(world.rpc, each) for each in hashes]


def _staked(world: World, receipts: Iterable[Receipt]) -> Staked:
    registry, vault, keeper = (
        world.contracts.registry,
        world.contracts.vault,
        world.actors["keeper"],
    )
    counts: dict[int, int] = {}
    gas_used = bonds_wei = 0
    for receipt in receipts:
        gas_used += receipt.gas_used
        for event in registry.events(receipt, "KeyStaked"):
            operator_id = event.inputs["operatorId"]
            counts[operator_id] = counts.get(operator_id, 0) + 1
        bonds_wei += sum(each.inputs["bondWei"] for each in vault.events(receipt, "Staked"))
    return Staked(
        validators=sum(counts.values()),
        by_operator=counts,
        gas_used=gas_used,
        bonds_wei=bonds_wei,
        proven_by_keeper=sum(
            len(registry.events(receipt, "KeyProven"))
            for receipt in receipts_of(world, "KeyProven")
            if receipt.sender == keeper
        ),
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
    """Let slots pass until the consensus layer has taken all that keepers ask for, one a slot."""
    beacon_chain = world.beacon.chain
    first_block = block_head(world.rpc).number
    asked: list[bytes] = []
    last_slot = beacon_chain.slot

    def exiting() -> bool:
        events = world.contracts.exits.events_between(
            first_block, block_head(world.rpc).number, "ExitRequested"
        )
        nonlocal last_slot
        if len(events) > len(asked):
            pubkeys, last_slot = pubkeys_by_root(world), beacon_chain.slot
            asked[:] = [pubkeys[event.inputs["pubkeyRoot"]] for event in events]
        never = beacon_chain.spec.FAR_FUTURE_EPOCH
        indices = map(beacon_chain.index_of, asked)
        validators = (beacon_chain.state.validators[index] for index in indices)
        is_all = bool(asked) and beacon_chain.slot - last_slot >= _QUIET_SLOTS
        return is_all and all(each.exit_epoch != never for each in validators)

    slots = world.circle.until(exiting, "an exit")
    return ExitAsked(tuple(map(beacon_chain.index_of, asked)), slots - _QUIET_SLOTS)


def await_paid_out(world: CircleWorld, asked: ExitAsked, ticket_id: int) -> PaidOut:
    """Let frames pass, each with its report, until exit and sweep have paid for a ticket."""
    beacon_chain, queue = world.beacon.chain, world.contracts.queue
    reports: list[Reported] = []
    swept: list[int] = []

    def look(outcome: SlotOutcome) -> None:
        if not any(int(beacon_chain.state.balances[index]) for index in asked.indices):
            swept.append(outcome.slot)

    beacon_chain.watchers.append(look)
    try:
        while queue.lastFinalised() < ticket_id:
            reports.append(world.next_report())
    finally:
        beacon_chain.watchers.remove(look)
    return PaidOut(swept[0], reports)
