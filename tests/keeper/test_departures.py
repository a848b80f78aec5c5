"""A keeper proves what happens to staked validators: doors close, bonds leave, it ends."""

from pathlib import Path

from keel.chain.state import balance_wei
from keel.consensus.beacon.offences import vote_twice
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.deploy.artifacts import Artifacts
from keel.model.commitment import public_key_hash
from keel.model.constants import DEAD_FRAMES
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.scenarios.beacon_world import BeaconWorld
from tests.keeper.stage import events, keepers_beside, sleep_to
from tests.keeper.test_keys import SELDOM, block_time
from tests.nursery import Rear
from tests.reporter.stage import metric


def test_a_slashing_is_proven_two_slots_later_at_most_and_closes_the_doors(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear, state_slots=SELDOM) as world:
        chain, contracts = world.beacon.chain, world.contracts
        (keeper,) = world.circle.keepers
        world.circle.advance(3, settle_each=True)
        read = metric(keeper, "keel_keeper_state_slot")
        pubkey = next(iter(world.beacon.operators))
        index = chain.index_of(pubkey)
        vote_twice(chain, [index])
        world.circle.until(lambda: bool(chain.state.validators[index].slashed), "a slashing", 3)
        slashed_slot = chain.slot
        root = public_key_hash(pubkey)

        def is_proven() -> bool:
            return contracts.registry.keyOf(root).stage == Stage.SLASHED

        world.circle.until(is_proven, "the proof", 3)
        (event,) = events(world, contracts.registry, "KeySlashed")
        slot = world.beacon.slot_at(block_time(world, event.log.block_number))
        assert slot - slashed_slot <= 2
        assert contracts.vault.state() == State.SLASHED
        assert metric(keeper, "keel_keeper_state_slot") == slashed_slot > read
        world.circle.advance(3, settle_each=True)
        assert metric(keeper, "keel_keeper_state_slot") == slashed_slot
        assert "until a report" in keeper.health().alarms["slashings_proven"]


def test_without_committee_validators_that_left_are_proven_and_the_vault_is_wound_down(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    chores = ["prove", "bonds", "wind_down"]
    chain, contracts = keepers_world.beacon.chain, keepers_world.contracts
    vault, registry = contracts.vault, contracts.registry
    for pubkey in keepers_world.beacon.operators:
        exit_voluntarily(chain, chain.index_of(pubkey))
        chain.step()
    ours = [chain.index_of(pubkey) for pubkey in keepers_world.beacon.operators]
    chain.run_until(lambda chain: not any(chain.state.balances[i] for i in ours), what="payouts")
    dead_at = vault.consensus().lastRefTime + DEAD_FRAMES * vault.FRAME_SECONDS()
    sleep_to(chain, keepers_world.beacon.slot_at(dead_at))
    assert vault.state() == State.DEAD
    assert registry.totals().liveKeys == 8
    with keepers_beside(keepers_world, tmp_path, artifacts, rear, chores=chores) as world:
        world.circle.until(lambda: registry.totals().liveKeys == 0, "all proofs", 4 * 8 + 8)
        assert len(events(world, registry, "KeyWithdrawn")) == 8
        world.circle.until(lambda: bool(events(world, vault, "WoundDown")), "the wind-down", 8)
        consensus = vault.consensus()
        assert (consensus.balanceWei, consensus.pendingWei) == (0, 0)
        vaults = (contracts.withdrawal_vault, contracts.rewards_vault)
        assert [balance_wei(world.rpc, each.address) for each in vaults] == [0, 0]
        world.circle.advance(3, settle_each=True)
        assert len(events(world, vault, "WoundDown")) == 1
        released = events(world, contracts.bonds, "BondReleased")
        assert len(released) == 8
        payable_at = max(event.inputs["payableAt"] for event in released)
        sleep_to(chain, world.beacon.slot_at(payable_at))

        def paid_units() -> int:
            paid = events(world, contracts.bonds, "BondPaid")
            return sum(event.inputs["units"] for event in paid)

        units = sum(event.inputs["units"] for event in released)
        world.circle.until(lambda: paid_units() == units, "all payments", 4 * 8)
        assert contracts.wrapped.balanceOf(contracts.bonds.address) == 0
