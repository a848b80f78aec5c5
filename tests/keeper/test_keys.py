"""A keeper proves operators' keys as soon as the beacon chain has them, and stakes on them."""

from dataclasses import replace
from pathlib import Path

from keel.chain.deposit_contract import DepositData, deposit_data_root
from keel.chain.state import nonce
from keel.consensus.deposit_data import (
    PREDEPOSIT_GWEI,
    DepositDataEntry,
    execution_credentials,
    make_deposit_data,
)
from keel.deploy.actors import OPERATOR_MANAGERS
from keel.deploy.artifacts import Artifacts
from keel.model.constants import ETHER, GWEI
from keel.model.key_stage import Stage
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.operators import NETWORK, history_of, own_keys
from keel.scenarios.users import deposit
from keel.sight.predeposits import Predeposit
from tests.keeper.stage import events, keepers_beside
from tests.nursery import Rear
from tests.reporter.stage import metric

FIRST_KEY = 300
SELDOM = 1_000
"""Slots after which a keeper reads a new state if it needs none before."""
MOST_SLOTS = 96
"""In which a deposit becomes a validator."""


def entries_of(world: BeaconWorld, count: int) -> list[DepositDataEntry]:
    credentials = world.contracts.vault.withdrawalCredentials()
    return [
        make_deposit_data(key, credentials, PREDEPOSIT_GWEI, NETWORK.name)
        for key in own_keys(world, FIRST_KEY, count)
    ]


def predeposit(world: BeaconWorld, operator_id: int, *entries: DepositDataEntry) -> None:
    call = Predeposit(entries)
    world.contracts.registry.predeposit.send(
        operator_id,
        *call.arguments,
        sender=world.actors[OPERATOR_MANAGERS[operator_id]],
        value_wei=call.value_wei,
    )


def send_deposit(world: BeaconWorld, actor: str, entry: DepositDataEntry) -> None:
    """What anybody may send to the deposit contract."""
    world.contracts.deposits.deposit.send(
        entry.pubkey,
        entry.withdrawal_credentials,
        entry.signature,
        entry.deposit_data_root,
        sender=world.actors[actor],
        value_wei=entry.amount * GWEI,
    )


def unsigned(entry: DepositDataEntry, amount_gwei: int) -> DepositDataEntry:
    """A deposit for the same validator without a signature of its key."""
    data = DepositData(entry.pubkey, entry.withdrawal_credentials, amount_gwei, bytes(96))
    root = deposit_data_root(data)
    return replace(entry, amount=amount_gwei, signature=bytes(96), deposit_data_root=root)


def stages(world: BeaconWorld) -> dict[bytes, Stage]:
    return {life.pubkey: life.stage for life in history_of(world).key_lives().values()}


def await_validators(world: CircleWorld, *entries: DepositDataEntry) -> int:
    """Let slots pass until the chain has their validators; returns the slot."""
    chain, wanted = world.beacon.chain, {entry.pubkey for entry in entries}
    world.circle.until(
        lambda: wanted <= {bytes(each.pubkey) for each in chain.state.validators},
        "validators",
        MOST_SLOTS,
    )
    return chain.slot


def test_keys_are_proven_in_two_slots_and_staked_in_two_more_also_with_a_gift_before(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear, state_slots=SELDOM) as world:
        chain, registry = world.beacon.chain, world.contracts.registry
        entries = entries_of(world, 4)
        gifted = entries[3]
        predeposit(world, 0, *entries[:2])
        predeposit(world, 1, *entries[2:])
        send_deposit(world, "stranger", unsigned(gifted, 2 * PREDEPOSIT_GWEI))
        deposit(world, "depositor", 8 * 31 * ETHER)
        came = await_validators(world, *entries)
        keys = {entry.pubkey for entry in entries}

        def have_gone_on() -> bool:
            return all(stages(world)[key] in (Stage.PROVEN, Stage.STAKED) for key in keys)

        world.circle.until(have_gone_on, "proofs", 4)
        proofs = events(world, registry, "KeyProven")[-4:]
        calls = [event.log.transaction_hash for event in proofs]
        assert calls[0] == calls[1] == calls[2] != calls[3]
        assert proofs[3].inputs["validatorIndex"] == chain.index_of(gifted.pubkey)
        first = world.beacon.slot_at(block_time(world, proofs[0].log.block_number))
        assert first - came <= 2
        world.circle.until(lambda: registry.totals().staked == 16, "staking", 3)
        assert {stages(world)[key] for key in keys} == {Stage.STAKED}
        (keeper,) = world.circle.keepers
        assert keeper.health().alarms == {}


def block_time(world: BeaconWorld, number: int) -> int:
    return int(world.rpc.call("eth_getBlockByNumber", hex(number), False)["timestamp"], 16)


def test_a_key_that_its_operator_deposited_first_elsewhere_is_proven_foreign_and_nothing_is_staked(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear) as world:
        registry, manager = world.contracts.registry, OPERATOR_MANAGERS[1]
        own = execution_credentials(bytes.fromhex(world.actors[manager][2:]))
        (key,) = own_keys(world, FIRST_KEY, 1)
        (entry,) = entries_of(world, 1)
        send_deposit(world, manager, make_deposit_data(key, own, PREDEPOSIT_GWEI, NETWORK.name))
        predeposit(world, 1, entry)
        await_validators(world, entry)
        world.circle.until(lambda: bool(registry.operator(1).frozen), "the proof", 4)
        assert stages(world)[entry.pubkey] is Stage.FOREIGN
        proven = [life.operator_id for life in history_of(world).keys_at(Stage.PROVEN)]
        assert 1 in proven
        deposit(world, "depositor", len(proven) * 31 * ETHER)
        usable = 8 + sum(operator_id != 1 for operator_id in proven)
        world.circle.until(lambda: registry.totals().staked == usable, "staking", 4)
        world.circle.advance(3, settle_each=True)
        assert registry.totals().staked == usable
        (keeper,) = world.circle.keepers
        alarms = keeper.health().alarms
        assert "may get no more validators" in alarms["keys_exhausted"]
        assert alarms["operator_frozen"] == (
            f"operator 1: the validator of 0x{entry.pubkey.hex()} does not pay to Keel; "
            "OPERATORS can unfreeze it"
        )


def test_a_predeposit_with_a_void_signature_is_told_with_evidence_and_costs_nothing(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear) as world:
        (good,) = entries_of(world, 1)
        void = unsigned(good, PREDEPOSIT_GWEI)
        before = nonce(world.rpc, world.actors["keeper"])
        predeposit(world, 0, void)
        (keeper,) = world.circle.keepers

        def standing(name: str) -> float:
            return metric(keeper, f'keel_keeper_keys{{standing="{name}"}}')

        world.circle.until(lambda: standing("queued") == 1, "a pending deposit", 2 * 8)
        assert standing("void") == 0
        world.circle.until(lambda: standing("void") == 1, "its end", MOST_SLOTS)
        assert standing("queued") == 0
        world.circle.advance(8, settle_each=True)
        assert nonce(world.rpc, world.actors["keeper"]) == before
        assert keeper.health().alarms == {}
        assert stages(world)[void.pubkey] is Stage.PREDEPOSITED


def test_a_key_that_waits_for_its_validator_costs_no_beacon_state(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear, state_slots=SELDOM) as world:
        (keeper,) = world.circle.keepers
        world.circle.advance(1, settle_each=True)
        read = metric(keeper, "keel_keeper_state_slot")
        (good,) = entries_of(world, 1)
        predeposit(world, 0, unsigned(good, PREDEPOSIT_GWEI))
        world.circle.advance(3 * 8, settle_each=True)
        assert metric(keeper, "keel_keeper_state_slot") == read
        assert metric(keeper, 'keel_keeper_planned{chore="prove"}') == 0
