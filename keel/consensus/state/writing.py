"""SSZ bytes of a large state: small fields by the specification, lists of validators by numpy."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from keel.consensus.beacon.spec import State
from keel.consensus.state.errors import EncodingError
from keel.consensus.state.layout import OFFSET_BYTES, container_of

type Columns = Mapping[str, NDArray[np.generic]]
"""Arrays by the names of fields, in the layout that SSZ gives the elements."""


def encode_state(state: State, columns: Columns) -> bytes:
    """Return the encoding of a state with some of its lists replaced by arrays.

    Raises EncodingError if a name is not that of a field of variable size.
    """
    layout = container_of(type(state))
    moving = {field.name for field in layout.fields if field.size is None}
    if strangers := set(columns) - moving:
        raise EncodingError(f"{', '.join(sorted(strangers))}: no list of the state")
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
