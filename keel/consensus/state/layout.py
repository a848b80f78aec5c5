"""Positions of the fields of a BeaconState in its SSZ bytes, taken from the specification's types.

Nothing here knows a fork: names, order, sizes and limits come from the type, so a field that a
fork adds moves the others by itself.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from keel.consensus.beacon.spec import Spec
from keel.consensus.state.errors import LayoutError

type SSZType = Any
"""A type of the specification's SSZ library."""

CHUNK_BYTES = 32
OFFSET_BYTES = 4

_BASIC_BYTES = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a container; `at` counts bytes from the start of its fixed part.

    `size` is None for a field of variable size, whose place in the fixed part holds an offset.
    """

    name: str
    type: SSZType
    at: int
    size: int | None


@dataclass(frozen=True, slots=True)
class Container:
    """The fields of a container in the order of the specification."""

    fields: tuple[Field, ...]
    fixed_bytes: int

    def field(self, name: str) -> Field:
        """One field; raises LayoutError if there is none of that name."""
        return self.fields[self.position(name)]

    def position(self, name: str) -> int:
        """Number of a field, which is the number of its leaf; raises LayoutError."""
        for position, field in enumerate(self.fields):
            if field.name == name:
                return position
        raise LayoutError(f"the state of this fork has no field {name!r}")


@dataclass(frozen=True, slots=True)
class StateLayout:
    """A fork's BeaconState and its Validator, with numpy's type of a validator's bytes."""

    state: Container
    validator: Container
    validator_dtype: np.dtype[np.void]


def state_layout(spec: Spec) -> StateLayout:
    """Return the layout of the specification's BeaconState; raises LayoutError."""
    validator = container_of(spec.Validator)
    layout = StateLayout(container_of(spec.BeaconState), validator, _record(validator))
    for name in ("validators", "balances"):
        if list_limit(layout.state.field(name).type) is None:
            raise LayoutError(f"{name} of this fork is not a list with a limit")
    return layout


def container_of(container: SSZType) -> Container:
    """Return the fields of a container whose tree has one leaf a field; raises LayoutError."""
    if container.KIND != "container" or hasattr(container, "ACTIVE_FIELDS"):
        raise LayoutError(f"{container.__name__} is not a plain container")
    fields, at = [], 0
    for name, declared in container.model_fields.items():
        size = declared.annotation.fixed_size()
        fields.append(Field(name, declared.annotation, at, size))
        at += OFFSET_BYTES if size is None else size
    return Container(tuple(fields), at)


def list_limit(field_type: SSZType) -> int | None:
    """Number of elements for which a list has leaves; None for what is not a list with a limit."""
    return None if field_type.KIND != "list" else int(field_type.declared_limit())


def basic_bytes(field_type: SSZType) -> int | None:
    """Bytes of an element if the type is a list of unsigned integers, else None."""
    if list_limit(field_type) is None or not issubclass(field_type.ELEMENT_TYPE, int):
        return None
    size = int(field_type.ELEMENT_TYPE.fixed_size())
    return size if size in _BASIC_BYTES else None


def chunk_depth(limit: int, element_bytes: int) -> int:
    """Levels between the leaves of a list and its root, before its length is mixed in."""
    chunks = -(-limit * element_bytes // CHUNK_BYTES)
    return max(chunks - 1, 0).bit_length()


def _record(container: Container) -> np.dtype[np.void]:
    names = [field.name for field in container.fields]
    formats = [_number_or_bytes(field) for field in container.fields]
    offsets = [field.at for field in container.fields]
    return np.dtype(
        {"names": names, "formats": formats, "offsets": offsets, "itemsize": container.fixed_bytes}
    )


def _number_or_bytes(field: Field) -> Any:
    if field.size is None or field.size > 2 * CHUNK_BYTES:
        raise LayoutError(f"{field.name} of a validator has no fixed size of up to 64 bytes")
    if issubclass(field.type, int) and field.size <= 8:
        return f"<u{field.size}"
    return ("u1", (field.size,))
