"""The view of a state holds what the specification's own objects hold, key by key."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.consensus.state.errors import EncodingError
from keel.consensus.state.layout import state_layout
from keel.scenarios.real_beacon import Standing, view_of
from keel.sight.agreed_state import StateRootError, staked_state_block, verified_state
from keel.sight.consensus_view import NO_INDEX, ConsensusView, consensus_view
from keel.sight.recorded_keys import Recorded, recorded_keys
from tests.unit.consensus.state_examples import NEVER, spec_of
from tests.unit.sight.state_examples import (
    COMPOUNDING,
    EPOCH,
    OWN,
    STRANGER,
    KnownValidator,
    PendingDeposit,
    Scene,
    pubkey,
    scenes,
)

COLUMNS = (
    "balance_gwei",
    "pending_gwei",
    "effective_gwei",
    "active",
    "exited",
    "slashed",
    "foreign",
    "participation",
    "earned_weight",
)


def seen(scene: Scene) -> ConsensusView:
    return consensus_view(scene.encoded(), scene.recorded, OWN)


def one_key(
    *validators: KnownValidator, deposits: tuple[PendingDeposit, ...] = ()
) -> dict[str, int]:
    """The columns of key 0 in a state where it is the only one recorded."""
    view = seen(Scene(validators, deposits, recorded_count=1))
    return {name: int(getattr(view, name)[0]) for name in ("index", *COLUMNS)}


@settings(deadline=None, max_examples=60)
@given(scenes())
def test_every_key_stands_as_the_specification_says(scene: Scene) -> None:
    view, state = seen(scene), scene.state()
    slow = view_of(spec_of(scene.fork), state)
    for place in range(len(scene.recorded)):
        key = scene.recorded.pubkey(place)
        standing = slow.by_pubkey.get(key)
        pending = [int(d.amount) for d in state.pending_deposits if bytes(d.pubkey) == key]
        assert bool(view.index[place] != NO_INDEX) == (standing is not None)
        assert bool(view.known[place]) == (standing is not None or sum(pending) > 0)
        if standing is not None:
            assert standing == Standing(
                index=int(view.index[place]),
                balance_gwei=int(view.balance_gwei[place]) + int(view.pending_gwei[place]),
                pending_gwei=int(view.pending_gwei[place]),
                penalty_gwei=int(view.penalty_gwei[place]),
                active=bool(view.active[place]),
                exited=bool(view.exited[place]),
                slashed=bool(view.slashed[place]),
            )
        assert int(view.pending_gwei[place]) == sum(pending)
    assert (view.ref_slot, view.epoch) == (int(state.slot), EPOCH)
    assert (view.block_number, view.block_hash) == (slow.block_number, b"\x31" * 32)


@settings(deadline=None, max_examples=40)
@given(scenes(), st.randoms(use_true_random=False))
def test_the_order_of_validators_changes_nothing_but_their_indices(
    scene: Scene, random: Random
) -> None:
    shuffled = list(scene.validators)
    random.shuffle(shuffled)
    before, after = seen(scene), seen(replace(scene, validators=tuple(shuffled)))
    for name in COLUMNS:
        assert np.array_equal(getattr(before, name), getattr(after, name)), name
    for view, validators in ((before, scene.validators), (after, shuffled)):
        at = {pubkey(validator.key): index for index, validator in enumerate(validators)}
        keys = [scene.recorded.pubkey(place) for place in range(len(scene.recorded))]
        assert view.index.tolist() == [at.get(key, NO_INDEX) for key in keys]


def test_a_key_that_nobody_recorded_is_not_seen() -> None:
    stranger = KnownValidator(key=1)
    assert one_key(stranger) == dict.fromkeys(("index", *COLUMNS), 0) | {"index": NO_INDEX}
    assert one_key(stranger, KnownValidator(key=0))["index"] == 1


@pytest.mark.parametrize(
    ("activation", "exit_epoch", "active", "exited"),
    [
        (EPOCH + 1, NEVER, 0, 0),
        (EPOCH, NEVER, 1, 0),
        (0, EPOCH + 1, 1, 0),
        (0, EPOCH, 0, 1),
        (NEVER, NEVER, 0, 0),
    ],
)
def test_activation_and_exit_count_from_their_epochs(
    activation: int, exit_epoch: int, active: int, exited: int
) -> None:
    one = one_key(KnownValidator(key=0, activation_epoch=activation, exit_epoch=exit_epoch))
    assert (one["active"], one["exited"]) == (active, exited)


@pytest.mark.parametrize(("flags", "earned"), [(0, 0), (1, 14), (2, 26), (4, 14), (3, 40), (7, 54)])
def test_participation_flags_earn_their_weights(flags: int, earned: int) -> None:
    view = seen(Scene((KnownValidator(key=0, participation=flags),), recorded_count=1))
    assert (view.earned_weight.tolist(), view.max_weight) == ([earned], 54)


@pytest.mark.parametrize(
    ("credentials", "foreign"),
    [
        (OWN, False),
        (COMPOUNDING, False),
        (b"\x01" + b"\x09" * 11 + OWN[12:], False),
        (STRANGER, True),
        (b"\x00" + OWN[1:], True),
        (b"\x03" + OWN[1:], True),
        (OWN[:-1] + b"\x00", True),
    ],
)
def test_ether_that_goes_elsewhere_is_foreign(credentials: bytes, foreign: bool) -> None:
    validator = KnownValidator(key=0, credentials=credentials)
    assert one_key(validator)["foreign"] == foreign
    assert one_key(deposits=(PendingDeposit(0, 32, credentials),))["foreign"] == foreign


def test_the_first_deposit_decides_and_a_top_up_changes_no_owner() -> None:
    ours, theirs = PendingDeposit(0, 32), PendingDeposit(0, 5, STRANGER)
    assert one_key(deposits=(ours, theirs))["foreign"] == 0
    assert one_key(deposits=(theirs, ours))["foreign"] == 1
    both = one_key(KnownValidator(key=0), deposits=(theirs,))
    assert (both["foreign"], both["pending_gwei"]) == (0, 5)
    lost = one_key(KnownValidator(key=0, credentials=STRANGER), deposits=(ours,))
    assert (lost["foreign"], lost["pending_gwei"]) == (1, 32)


def test_a_key_recorded_twice_is_refused() -> None:
    state = Scene(()).encoded()
    twice = recorded_keys([(pubkey(0), 0), (pubkey(2), 1), (pubkey(0), 1)])
    with pytest.raises(ValueError, match=r"^3 recorded keys, 2 of them different$"):
        consensus_view(state, twice, OWN)


def test_a_state_is_taken_only_by_its_root() -> None:
    scene = Scene((KnownValidator(key=0), KnownValidator(key=1)), (PendingDeposit(2),))
    spec, data = spec_of("fulu"), scene.state().encode_bytes()
    root = bytes(spec.hash_tree_root(scene.state()))
    state = verified_state(spec, data, root)
    assert staked_state_block(state) == (77, b"\x31" * 32)
    lie = data.replace((32 * 10**9).to_bytes(8, "little"), (33 * 10**9).to_bytes(8, "little"))
    found = bytes(spec.hash_tree_root(spec.BeaconState.decode_bytes(lie)))
    with pytest.raises(StateRootError) as refusal:
        verified_state(spec, lie, root)
    assert (refusal.value.found, refusal.value.expected) == (found, root)


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_whatever_a_node_sends_is_the_state_or_refused(data: st.DataObject) -> None:
    spec = spec_of("fulu")
    honest = Scene((KnownValidator(key=0),), (PendingDeposit(2),)).state().encode_bytes()
    root = bytes(spec.hash_tree_root(spec.BeaconState.decode_bytes(honest)))
    sent = bytearray(honest)
    starts = [field.at for field in state_layout(spec).state.fields]
    place = st.sampled_from(starts) | st.integers(0, len(honest) - 1)
    for at in data.draw(st.lists(place, min_size=1, max_size=3)):
        sent[at] = data.draw(st.integers(0, 255))
    sent = sent[: data.draw(st.just(len(sent)) | st.integers(0, len(sent)))]
    if sent == honest:
        verified_state(spec, bytes(sent), root)
        return
    with pytest.raises((StateRootError, EncodingError)):
        verified_state(spec, bytes(sent), root)


def test_lists_that_do_not_fit_are_no_state() -> None:
    state = Scene((KnownValidator(key=0),)).encoded()
    nothing = Recorded(np.zeros((0, 48), np.uint8), np.zeros(0, np.uint32))
    assert len(consensus_view(state, nothing, OWN).index) == 0
    for name, message in (
        ("pending_deposits", "pending_deposits has 5 bytes, no whole number of deposits"),
        ("previous_epoch_participation", "1 validators, but 5 participations"),
    ):
        broken = replace(state, spans={**state.spans, name: memoryview(bytes(5))})
        with pytest.raises(EncodingError, match=f"^{message}$"):
            consensus_view(broken, nothing, OWN)
