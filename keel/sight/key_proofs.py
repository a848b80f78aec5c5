"""Calls of the registry that prove what became of keys (KEY-3, KEY-4)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from keel.consensus.state.prover import Prover
from keel.sight.appearances import Appeared

LARGEST_BATCH = 256
"""PRF-4: neighbours in one proof."""
_PROOF_GAS = 95_000
"""What a proof more costs, whatever it proves: a transaction and the way up to the block's root."""
_FILLER_GAS = 1_100
"""What a validator that only fills a batch costs: 32 bytes and a hash."""

type _Groups = list[tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class KeyProof:
    """One call of the registry, and the keys that it proves.

    `is_spare`: a foreign key whose operator is frozen already, or by another proof.
    """

    keys: tuple[Appeared, ...]
    function: str
    arguments: tuple[Any, ...]
    is_spare: bool = False


def key_proofs(
    prover: Prover, timestamp: int, keys: Sequence[Appeared], frozen: Collection[int] = ()
) -> Iterator[KeyProof]:
    """Prove keys by a state, what matters most first.

    One foreign key of each operator, but for those that are `frozen`; fresh ones in batches; the
    others; at last all other foreign ones, so that an operator with many keeps nobody busy.
    `timestamp` is that of the block whose parent is the state's. Keys of validators that are
    leaving are passed over: the registry refuses them. Raises ProofError, also for a state of a
    slot without a block.
    """
    block = prover.block(timestamp)
    by_index = {one.index: one for one in keys if not one.is_leaving}
    fresh = sorted(index for index, one in by_index.items() if one.is_fresh)
    by_type = [[i for i in fresh if by_index[i].is_compounding is kind] for kind in (False, True)]
    whole = sorted(index for index, one in by_index.items() if not one.is_fresh)
    foreign = [index for index in whole if by_index[index].is_foreign]
    first: dict[int, int] = {}
    for index in foreign:
        first.setdefault(by_index[index].life.operator_id, index)
    freezing = [index for operator_id, index in first.items() if operator_id not in frozen]

    def alone(index: int, *, is_spare: bool = False) -> KeyProof:
        arguments = (block, *prover.validator(index))
        return KeyProof((by_index[index],), "proveKey", arguments, is_spare)

    yield from map(alone, freezing)
    for is_compounding, indices in enumerate(by_type):
        for group in batches(indices):
            together = tuple(by_index[index] for index in group)
            arguments = (block, *prover.fresh(group), bool(is_compounding))
            yield KeyProof(together, "proveFresh", arguments)
    yield from (alone(index) for index in whole if index not in foreign)
    yield from (alone(index, is_spare=True) for index in foreign if index not in freezing)


def batches(indices: Sequence[int]) -> _Groups:
    """Divide indices in ascending order among aligned batches, at the least gas."""
    places: dict[int, list[int]] = {}
    for index in indices:
        places.setdefault(index // LARGEST_BATCH, []).append(index)
    return [group for each in places.values() for group in _cheapest(tuple(each))[1]]


def _cheapest(chosen: tuple[int, ...]) -> tuple[int, _Groups]:
    """Gas and groups of indices that one batch could hold."""
    size = 1 << (chosen[0] ^ chosen[-1]).bit_length()
    together = _PROOF_GAS + (size - len(chosen)) * _FILLER_GAS
    if len(chosen) == 1:
        return together, [chosen]
    middle = chosen[0] // size * size + size // 2
    left = _cheapest(tuple(index for index in chosen if index < middle))
    right = _cheapest(tuple(index for index in chosen if index >= middle))
    apart = left[0] + right[0]
    return (apart, left[1] + right[1]) if apart < together else (together, [chosen])
