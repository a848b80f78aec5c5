"""States with Keel's keys among strangers', and what the views of them should be."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from hypothesis import strategies as st

from keel.consensus.beacon.config import Fork
from keel.consensus.beacon.spec import State, list_of
from keel.consensus.state.encoded_state import EncodedState, read_state
from keel.sight.recorded_keys import Recorded, recorded_keys
from tests.unit.consensus.state_examples import NEVER, spec_of, state_with

ADDRESS = b"\x4b" * 20
OWN = b"\x01" + bytes(11) + ADDRESS
COMPOUNDING = b"\x02" + bytes(11) + ADDRESS
STRANGER = b"\x01" + bytes(11) + b"\x77" * 20
OPERATORS = 3
EPOCH = 5

epochs = st.sampled_from([0, EPOCH - 1, EPOCH, EPOCH + 1, NEVER])
gweis = st.integers(0, 2048 * 10**9)
credentials = st.sampled_from([OWN, COMPOUNDING, STRANGER, b"\x00" + OWN[1:]])


@dataclass(frozen=True)
class KnownValidator:
    """What the specification's Validator holds, its balance and participation."""

    key: int
    credentials: bytes = OWN
    effective_gwei: int = 32 * 10**9
    slashed: bool = False
    activation_epoch: int = 0
    exit_epoch: int = NEVER
    balance_gwei: int = 32 * 10**9
    participation: int = 7

    @property
    def fields(self) -> tuple[Any, ...]:
        return (
            pubkey(self.key),
            self.credentials,
            self.effective_gwei,
            self.slashed,
            self.activation_epoch,
            self.activation_epoch,
            self.exit_epoch,
            self.exit_epoch,
        )


@dataclass(frozen=True)
class PendingDeposit:
    key: int
    amount_gwei: int = 32 * 10**9
    credentials: bytes = OWN


@dataclass(frozen=True)
class Scene:
    """Recorded are the keys with an even number, up to `recorded_count` of them."""

    validators: tuple[KnownValidator, ...]
    deposits: tuple[PendingDeposit, ...] = ()
    recorded_count: int = 4
    fork: Fork = "fulu"

    @property
    def recorded(self) -> Recorded:
        keys = range(0, 2 * self.recorded_count, 2)
        return recorded_keys((pubkey(key), key // 2 % OPERATORS) for key in keys)

    def state(self) -> State:
        spec = spec_of(self.fork)
        slot = (EPOCH + 1) * int(spec.SLOTS_PER_EPOCH) - 1
        fields = [validator.fields for validator in self.validators]
        balances = [validator.balance_gwei for validator in self.validators]
        state = state_with(self.fork, fields, balances, slot)
        state.previous_epoch_participation = list_of(
            state,
            "previous_epoch_participation",
            [validator.participation for validator in self.validators],
        )
        deposits = [
            spec.PendingDeposit(
                pubkey=pubkey(one.key),
                withdrawal_credentials=one.credentials,
                amount=spec.Gwei(one.amount_gwei),
            )
            for one in self.deposits
        ]
        state.pending_deposits = list_of(state, "pending_deposits", deposits)
        state.latest_execution_payload_header.block_number = spec.Uint64(77)
        state.latest_execution_payload_header.block_hash = spec.Hash32(b"\x31" * 32)
        return state

    def encoded(self) -> EncodedState:
        return read_state(spec_of(self.fork), self.state().encode_bytes())


def pubkey(number: int) -> bytes:
    """A key that begins like its neighbours: the first eight bytes are shared by four keys."""
    shared = sha256(b"shared" + bytes([number // 4])).digest()[:8]
    return shared + sha256(b"key" + bytes([number])).digest() + bytes(8)


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    """Validators and deposits of recorded keys and of strangers in any mixture."""
    keys = draw(st.lists(st.integers(0, 23), unique=True, max_size=16))
    validators = tuple(
        draw(
            st.builds(
                KnownValidator,
                key=st.just(key),
                credentials=credentials,
                effective_gwei=gweis,
                slashed=st.booleans(),
                activation_epoch=epochs,
                exit_epoch=epochs,
                balance_gwei=gweis,
                participation=st.integers(0, 7),
            )
        )
        for key in keys
    )
    deposit = st.builds(PendingDeposit, st.integers(0, 23), st.integers(1, 10**12), credentials)
    deposits = tuple(draw(st.lists(deposit, max_size=6)))
    return Scene(validators, deposits, draw(st.integers(0, 12)), draw(st.sampled_from(FORKS)))


FORKS: tuple[Fork, ...] = ("electra", "fulu")
