"""A chain without blocks, some of whose validators are slashed and live on to their withdrawal.

The specification's own functions slash and process each epoch: rewards, finality, exits, balances.
Sync committees stay as they are, since the validators' keys are no points of the curve;
attestations are the participation flags that a chain with all others online would set.
"""

from dataclasses import dataclass

from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.spec import Spec, State, list_of, load_spec
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.penalties import penalties_in_state

VALIDATORS = 256
FIRST_EPOCH = 100
ALL_FLAGS = 0b111


@dataclass(frozen=True)
class Slashing:
    """What was expected at once and after a quarter, and what was taken in the end, in gwei."""

    slashed: int
    expected_gwei: int
    expected_later_gwei: int
    taken_gwei: int

    @property
    def error_ppm(self) -> int:
        """How far off the first expectation was."""
        return (self.expected_gwei - self.taken_gwei) * 10**6 // self.taken_gwei

    @property
    def later_error_ppm(self) -> int:
        """How far off what was taken and expected after a quarter of the time is together."""
        return (self.expected_later_gwei - self.taken_gwei) * 10**6 // self.taken_gwei


def measure(slashed: int) -> Slashing:
    """Slash so many of 256 at once, and process epochs until they can withdraw."""
    spec = load_spec(ChainConfig(fork="electra", preset="minimal", validators=VALIDATORS))
    spec.process_sync_committee_updates = lambda _: None
    state = _state(spec)
    for index in range(slashed):
        spec.slash_validator(state, spec.ValidatorIndex(index))
    start = _held(state, slashed)
    expected = later = _expected(spec, state)
    end = max(int(state.validators[index].withdrawable_epoch) for index in range(slashed))
    quarter = FIRST_EPOCH + (end - FIRST_EPOCH) // 4
    for epoch in range(FIRST_EPOCH, end):
        _next_epoch(spec, state, epoch, slashed)
        if epoch + 1 == quarter:
            later = start - _held(state, slashed) + _expected(spec, state)
    return Slashing(slashed, expected, later, start - _held(state, slashed))


def _state(spec: Spec) -> State:
    state = spec.BeaconState()
    far, ether = spec.FAR_FUTURE_EPOCH, 10**9
    state.slot = spec.Slot((FIRST_EPOCH + 1) * spec.SLOTS_PER_EPOCH - 1)
    validators = [
        spec.Validator(
            pubkey=index.to_bytes(48, "big"),
            withdrawal_credentials=b"\x01" + bytes(31),
            effective_balance=32 * ether,
            activation_epoch=0,
            exit_epoch=far,
            withdrawable_epoch=far,
        )
        for index in range(VALIDATORS)
    ]
    state.validators = list_of(state, "validators", validators)
    state.balances = list_of(state, "balances", [32 * ether] * VALIDATORS)
    state.inactivity_scores = list_of(state, "inactivity_scores", [0] * VALIDATORS)
    _participate(state, 0)
    final = spec.Checkpoint(epoch=FIRST_EPOCH - 2)
    state.finalized_checkpoint = state.previous_justified_checkpoint = final
    state.current_justified_checkpoint = spec.Checkpoint(epoch=FIRST_EPOCH - 1)
    return state


def _participate(state: State, slashed: int) -> None:
    flags = [0] * slashed + [ALL_FLAGS] * (VALIDATORS - slashed)
    for name in ("previous_epoch_participation", "current_epoch_participation"):
        setattr(state, name, list_of(state, name, flags))


def _next_epoch(spec: Spec, state: State, epoch: int, slashed: int) -> None:
    _participate(state, slashed)
    state.slot = spec.Slot((epoch + 1) * spec.SLOTS_PER_EPOCH - 1)
    spec.process_epoch(state)
    state.slot = spec.Slot((epoch + 2) * spec.SLOTS_PER_EPOCH - 1)


def _held(state: State, slashed: int) -> int:
    return sum(int(state.balances[index]) for index in range(slashed))


def _expected(spec: Spec, state: State) -> int:
    return int(penalties_in_state(read_state(spec, state.encode_bytes())).sum())
