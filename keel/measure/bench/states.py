"""Large states that are the same on every machine, kept in .keel/bench once they are made."""

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.consensus.api.encoding import encode
from keel.consensus.beacon.config import ChainConfig, Fork
from keel.consensus.beacon.spec import Spec, State, list_of, load_spec
from keel.consensus.state.encoded_state import EncodedState, read_state
from keel.consensus.state.errors import EncodingError
from keel.consensus.state.layout import OFFSET_BYTES, container_of, state_layout

FOLDER = REPOSITORY_ROOT / ".keel" / "bench"
OWN_PERCENT = 3
OWN_CREDENTIALS = b"\x01".ljust(12, b"\x00") + b"\x4b" * 20
"""Withdrawal credentials of OWN_PERCENT of the validators: a protocol's among everyone's."""

_SEED = 0x4B454C
_VERSION = 1  # of what is made here; a change makes new files
_FAR_FUTURE = np.uint64(2**64 - 1)
_EPOCH = 400_000
_GWEI = 10**9
_BATCH = 10_000

type Step = Callable[[int], None]
"""Called with the number of validators done since the last call."""


type Columns = Mapping[str, NDArray[np.generic]]
"""Arrays by the names of fields, in the layout that SSZ gives the elements."""


def spec_of(fork: Fork) -> Spec:
    """The specification with mainnet's sizes."""
    return load_spec(ChainConfig(fork=fork, preset="mainnet"))


def ssz_path(fork: Fork, validators: int) -> Path:
    """File of the state in SSZ."""
    return FOLDER / f"{fork}-{validators}-v{_VERSION}.ssz"


def json_path(fork: Fork, validators: int) -> Path:
    """File of the state as the Beacon API's debug endpoint gives it."""
    return ssz_path(fork, validators).with_suffix(".json")


def make_ssz(fork: Fork, validators: int) -> Path:
    """Write the state in SSZ unless it is there."""
    path = ssz_path(fork, validators)
    if not path.exists():
        _write(path, iter([encoded(fork, validators)]))
    return path


def encoded(fork: Fork, validators: int) -> bytes:
    """The state in SSZ."""
    spec = spec_of(fork)
    return encode_state(_small_fields(spec), _columns(spec, validators))


def make_json(fork: Fork, validators: int, step: Step) -> Path:
    """Write the state in JSON unless it is there; `step` counts validators."""
    path = json_path(fork, validators)
    if not path.exists():
        state = read_state(spec_of(fork), make_ssz(fork, validators).read_bytes())
        _write(path, _json_parts(fork, state, step))
    return path


def _write(path: Path, parts: Iterator[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f"{path.suffix}.part")
    with unfinished.open("wb") as file:
        for part in parts:
            file.write(part)
    unfinished.replace(path)


def _small_fields(spec: Spec) -> State:
    """Everything but the lists of all validators: roots and mixes are hashes of their numbers."""
    slot = _EPOCH * int(spec.SLOTS_PER_EPOCH)
    state = spec.BeaconState(
        slot=spec.Slot(slot),
        latest_block_header=spec.BeaconBlockHeader(
            slot=spec.Slot(slot), parent_root=_root(1), body_root=_root(2)
        ),
    )
    for field in ("block_roots", "state_roots", "randao_mixes"):
        count = len(getattr(state, field))
        setattr(state, field, list_of(state, field, [_root(n) for n in range(count)]))
    deposits = [
        spec.PendingDeposit(withdrawal_credentials=_root(n), amount=spec.Gwei(32 * _GWEI))
        for n in range(1000)
    ]
    state.pending_deposits = list_of(state, "pending_deposits", deposits)
    return state


def _root(number: int) -> bytes:
    return sha256(number.to_bytes(8, "little")).digest()


def _columns(spec: Spec, count: int) -> dict[str, NDArray[np.generic]]:
    random = np.random.Generator(np.random.PCG64(_SEED))
    index = np.arange(count, dtype=np.uint64)
    validators = np.zeros(count, state_layout(spec).validator_dtype)
    validators["pubkey"] = random.integers(0, 256, (count, 48), np.uint8)
    credentials = np.zeros((count, 32), np.uint8)
    compounding = index % 50 == 49
    credentials[:, 0] = np.where(compounding, 2, 1)
    credentials[:, 12:] = random.integers(0, 256, (count, 20), np.uint8)
    credentials[index % 100 < OWN_PERCENT] = np.frombuffer(OWN_CREDENTIALS, np.uint8)
    validators["withdrawal_credentials"] = credentials
    effective_gwei = np.where(compounding, random.integers(32, 2049, count), 32) * _GWEI
    left = index % 25 == 24
    validators["effective_balance"] = np.where(left, 0, effective_gwei)
    validators["slashed"] = index % 1000 == 999
    activation = random.integers(0, _EPOCH - 1000, count, np.uint64)
    validators["activation_eligibility_epoch"] = activation
    validators["activation_epoch"] = activation + 5
    validators["exit_epoch"] = np.where(left, activation + 500, _FAR_FUTURE)
    validators["withdrawable_epoch"] = np.where(left, activation + 756, _FAR_FUTURE)
    rewards_gwei = random.integers(0, _GWEI // 20, count)
    return {
        "validators": validators,
        "balances": np.where(left, 0, effective_gwei + rewards_gwei).astype("<u8"),
        "previous_epoch_participation": random.integers(0, 8, count, np.uint8),
        "current_epoch_participation": random.integers(0, 8, count, np.uint8),
        "inactivity_scores": np.where(index % 200 == 0, 4, 0).astype("<u8"),
    }


def _json_parts(fork: Fork, state: EncodedState, step: Step) -> Iterator[bytes]:
    head = {"version": fork, "execution_optimistic": False, "finalized": True}
    yield orjson.dumps(head)[:-1] + b',"data":{'
    lists = {"balances": "<u8", "inactivity_scores": "<u8"}
    lists |= dict.fromkeys(("previous_epoch_participation", "current_epoch_participation"), "u1")
    for number, field in enumerate(state.layout.state.fields):
        yield b"," * (number > 0) + orjson.dumps(field.name) + b":"
        if field.name == "validators":
            yield from _validators_json(state, step)
        elif field.name in lists:
            values = np.frombuffer(state.spans[field.name], lists[field.name])
            yield orjson.dumps([str(value) for value in values.tolist()])
        else:
            yield orjson.dumps(encode(state.decoded(field.name)))
    yield b"}}"


def _validators_json(state: EncodedState, step: Step) -> Iterator[bytes]:
    fields = container_of(state.spec.Validator).fields
    for first in range(0, len(state.validators), _BATCH):
        batch = state.validators[first : first + _BATCH]
        columns = {field.name: _json_column(batch[field.name]) for field in fields}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        yield (b"," if first else b"[") + orjson.dumps(rows)[1:-1]
        step(len(batch))
    yield b"]" if len(state.validators) else b"[]"


def _json_column(values: NDArray[np.generic]) -> list[str] | list[bool]:
    if values.ndim == 2:
        return ["0x" + bytes(value).hex() for value in values]
    if values.dtype.itemsize == 1:
        return [bool(value) for value in values.tolist()]
    return [str(value) for value in values.tolist()]


def encode_state(state: State, columns: Columns) -> bytes:
    """Return the encoding of a state with some of its lists replaced by arrays.

    Raises EncodingError if a name is not that of a field of variable size.
    """
    layout = container_of(type(state))
    moving = {field.name for field in layout.fields if field.size is None}
    if strangers := set(columns) - moving:
        raise EncodingError(f"{', '.join(sorted(strangers))}: not a list of the state")
    fixed, payloads, at = [], [], layout.fixed_bytes
    for field in layout.fields:
        replaced = columns.get(field.name)
        value = (
            getattr(state, field.name).encode_bytes() if replaced is None else replaced.tobytes()
        )
        if field.size is not None:
            fixed.append(value)
        else:
            fixed.append(at.to_bytes(OFFSET_BYTES, "little"))
            payloads.append(value)
            at += len(value)
    return b"".join(fixed + payloads)
