"""What the specification computes over and over again from the same values, computed once.

A third of a slot's time went there. Results are those of the specification's own functions.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from types import ModuleType
from typing import Any

from ssz import SSZModel

from keel.consensus.beacon.shuffle import shuffled

_SHUFFLES_KEPT = 256
_SETS_KEPT = 16
_SQUARE_ROOTS_KEPT = 16


def remember_results(spec: ModuleType) -> None:
    """Replace three functions of a chain's own module; every function of the module calls them."""
    _remember(
        spec,
        "compute_shuffled_permutation",
        _shuffling(spec),
        lambda index_count, seed: (int(index_count), bytes(seed)),
        _SHUFFLES_KEPT,
    )
    _remember(
        spec,
        "get_unslashed_participating_indices",
        spec.get_unslashed_participating_indices,
        lambda state, flag_index, epoch: (
            flag_index,
            epoch,
            state.slot,
            state.validators.hash_tree_root(),
            state.previous_epoch_participation.hash_tree_root(),
            state.current_epoch_participation.hash_tree_root(),
        ),
        _SETS_KEPT,
    )
    _remember(
        spec,
        "integer_squareroot",
        spec.integer_squareroot,
        lambda n: (type(n), int(n)),
        _SQUARE_ROOTS_KEPT,
    )


def copied(state: Any) -> Any:
    """Copy a state, with the roots of its parts that are known.

    The library's copy forgets them: hashing all of a state again that nobody had changed was a
    sixth of a slot. A root is known together with how often its part was changed, so both are
    taken over.
    """
    twin = state.copy()
    _take_over_roots(state, twin)
    return twin


def _take_over_roots(original: SSZModel, twin: SSZModel) -> None:
    for name in type(original).model_fields:
        part, twins = getattr(original, name), getattr(twin, name)
        if isinstance(part, SSZModel):
            _take_over_roots(part, twins)
        elif isinstance(part, list) and part and isinstance(part[0], SSZModel):
            for element, twins_element in zip(part, twins, strict=True):
                _take_over_roots(element, twins_element)
    # A value of the library is changed past its own door, which would count as a change.
    object.__setattr__(twin, "_version", original._version)
    object.__setattr__(twin, "_root_memo", original._root_memo)


def _shuffling(spec: Any) -> Callable[[Any, Any], Sequence[Any]]:
    def shuffling(index_count: Any, seed: Any) -> Sequence[Any]:
        rounds = int(spec.SHUFFLE_ROUND_COUNT)
        return [spec.Uint64(i) for i in shuffled(int(index_count), bytes(seed), rounds)]

    return shuffling


def _remember(
    spec: ModuleType,
    name: str,
    function: Callable[..., Any],
    key_of: Callable[..., Hashable],
    most: int,
) -> None:
    known: OrderedDict[Hashable, Any] = OrderedDict()

    def remembering(*arguments: Any) -> Any:
        key = key_of(*arguments)
        if key not in known:
            known[key] = function(*arguments)
            if len(known) > most:
                known.popitem(last=False)
        return known[key]

    setattr(spec, name, remembering)
