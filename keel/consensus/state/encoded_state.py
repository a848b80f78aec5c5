"""Views of a BeaconState's SSZ bytes: no copies, and what is no state is refused."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keel.consensus.beacon.spec import Spec
from keel.consensus.state.errors import EncodingError
from keel.consensus.state.layout import (
    OFFSET_BYTES,
    Container,
    SSZType,
    StateLayout,
    list_limit,
    state_layout,
)

type Data = bytes | bytearray | memoryview
"""SSZ bytes. Views keep them alive, and they must not change."""


@dataclass(frozen=True, slots=True)
class EncodedState:
    """A BeaconState as bytes; made by `read_state`.

    `validators` has the fields of the specification's Validator by name, amounts in gwei, keys and
    credentials as rows of bytes. `balances_gwei` has one entry for each validator.
    """

    spec: Spec
    layout: StateLayout
    spans: dict[str, memoryview]
    validators: NDArray[np.void]
    balances_gwei: NDArray[np.uint64]

    def decoded(self, name: str) -> SSZType:
        """One field as the specification's own object; slow for lists of all validators."""
        return self.layout.state.field(name).type.decode_bytes(bytes(self.spans[name]))


def read_state(spec: Spec, data: Data) -> EncodedState:
    """Read the SSZ bytes of a BeaconState of the specification's fork and preset.

    Offsets, sizes and limits of all fields are checked, the validators' booleans too; the small
    fields are checked by the specification when they are decoded. Raises EncodingError.
    """
    layout = state_layout(spec)
    spans = _spans(layout.state, memoryview(data).cast("B"))
    validators = np.frombuffer(_whole(layout, spans, "validators"), layout.validator_dtype)
    balances_gwei = np.frombuffer(_whole(layout, spans, "balances"), "<u8")
    for name in (
        "previous_epoch_participation",
        "current_epoch_participation",
        "inactivity_scores",
    ):
        if name in spans:
            _whole(layout, spans, name)
    if len(validators) != len(balances_gwei):
        raise EncodingError(f"{len(validators)} validators, but {len(balances_gwei)} balances")
    if len(validators) and int(validators["slashed"].max()) > 1:
        index = int(np.argmax(validators["slashed"] > 1))
        raise EncodingError(f"slashed of validator {index} is not a boolean")
    return EncodedState(spec, layout, spans, validators, balances_gwei)


def _spans(container: Container, data: memoryview) -> dict[str, memoryview]:
    if len(data) < container.fixed_bytes:
        raise EncodingError(f"{len(data)} bytes, at least {container.fixed_bytes} expected")
    moving = [field for field in container.fields if field.size is None]
    starts = [int.from_bytes(data[f.at : f.at + OFFSET_BYTES], "little") for f in moving]
    if starts and starts[0] != container.fixed_bytes:
        raise EncodingError(f"first offset {starts[0]}, {container.fixed_bytes} expected")
    for field, (start, end) in zip(moving, pairwise([*starts, len(data)]), strict=True):
        if start > end:
            raise EncodingError(f"{field.name} begins at byte {start} and ends at {end}")
    limits = pairwise([*starts, len(data)])
    spans = {f.name: data[a:b] for f, (a, b) in zip(moving, limits, strict=True)}
    return {
        field.name: spans[field.name] if field.size is None else data[field.at :][: field.size]
        for field in container.fields
    }


def _whole(layout: StateLayout, spans: dict[str, memoryview], name: str) -> memoryview:
    field_type = layout.state.field(name).type
    size, limit = int(field_type.ELEMENT_TYPE.fixed_size()), list_limit(field_type)
    count, rest = divmod(len(spans[name]), size)
    if rest:
        raise EncodingError(f"{name} has {len(spans[name])} bytes, not a multiple of {size}")
    if limit is not None and count > limit:
        raise EncodingError(f"{name} has {count} elements, at most {limit} expected")
    return spans[name]
