"""EXT-1: what a pending consolidation moves comes out with its target, on the real beacon chain."""

from keel.consensus.beacon.offences import vote_twice
from keel.keeper.exit_need import need_of
from keel.keeper.state_reader import ReadState, standing_of
from keel.keeper.view import BeaconStanding, Coffers, Validator
from keel.model.constants import GWEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.exits import consolidate
from keel.scenarios.operators import history_of

_NO_COFFERS = Coffers(0, 0, 0, 0, 0, 0)
_MANAGER = "operator_manager_1"


def _standing(world: BeaconWorld) -> BeaconStanding:
    prover, block = world.beacon.shown()
    recorded = history_of(world).recorded(2**64)
    credentials = world.contracts.vault.withdrawalCredentials()
    read = ReadState(block.slot, prover.state, 0, "0x")
    return standing_of(read, recorded, credentials, 1, frozenset())


def _seen(world: BeaconWorld, pubkey: bytes) -> Validator:
    return next(each for each in _standing(world).validators if each.pubkey == pubkey)


def _consolidated(world: BeaconWorld) -> tuple[bytes, bytes]:
    """Ask for the consolidation of two keys of one operator; return the source and the target."""
    chain = world.beacon.chain
    source, target = [v.pubkey for v in _standing(world).validators if v.operator_id == 0][:2]
    consolidate(world, target, target, _MANAGER)
    place = chain.index_of(target)
    chain.run_until(lambda c: c.state.validators[place].withdrawal_credentials[0] == 2)
    consolidate(world, source, target, _MANAGER)
    return source, target


def test_a_source_brings_nothing_and_its_target_all(keepers_world: BeaconWorld) -> None:
    world, chain = keepers_world, keepers_world.beacon.chain
    source, target = _consolidated(world)
    chain.run(2)
    assert len(chain.state.pending_consolidations) == 1

    leaving, growing = _seen(world, source), _seen(world, target)
    assert leaving.is_leaving
    assert leaving.balance_gwei < GWEI
    assert growing.balance_gwei >= 64 * GWEI
    need = need_of(_NO_COFFERS, _standing(world), (), 0)
    assert need.leaving_wei == leaving.balance_gwei * GWEI

    chain.run_until(lambda c: not c.state.pending_consolidations, 20 * 8)
    chain.run(2)
    assert int(chain.state.balances[chain.index_of(source)]) < GWEI
    assert abs(_seen(world, target).balance_gwei - growing.balance_gwei) < GWEI // 2
    assert _seen(world, source).balance_gwei < GWEI


def test_a_slashed_source_keeps_its_ether(keepers_world: BeaconWorld) -> None:
    """process_pending_consolidations passes it over."""
    world, chain = keepers_world, keepers_world.beacon.chain
    source, target = _consolidated(world)
    chain.run_until(lambda c: c.slot % 8 == 2)  # before the epoch that drops it from the list
    origin = chain.index_of(source)
    vote_twice(chain, [origin])
    chain.run(2)
    assert chain.state.validators[origin].slashed
    assert len(chain.state.pending_consolidations) == 1
    assert _seen(world, source).balance_gwei > 30 * GWEI
    assert _seen(world, target).balance_gwei < 34 * GWEI
