"""Choose proven keys to stake on: operators in turn, as OPR-3 allows each."""

from collections.abc import Sequence
from dataclasses import replace

from keel.chain.contract import call_many
from keel.deploy.contracts import OperatorRegistry
from keel.model.allocation import Operator, may_stake
from keel.sight.key_lives import KeyLife
from keel.sight.operator_numbers import operator_numbers


def read_operators(registry: OperatorRegistry) -> list[Operator]:
    """Operators as `keel.model.allocation` knows them."""
    numbers = operator_numbers(registry, registry.operatorCount())
    answers = call_many(registry.rpc, [registry.operator.prepare(number) for number in numbers])
    return [
        Operator(
            number, answer.active, answer.limit, answer.targetBps, answer.staked, answer.frozen
        )
        for number, answer in enumerate(answers)
    ]


def packed_pubkeys(keys: Sequence[KeyLife]) -> bytes:
    """What the registry's `stake` takes: 48 bytes a key."""
    return b"".join(life.pubkey for life in keys)


def take_in_turns(
    keys: Sequence[KeyLife], operators: Sequence[Operator], wanted: int
) -> tuple[KeyLife, ...]:
    """Give operators a validator each in turn, as OPR-3 allows, each its keys in their order."""
    waiting: dict[int, list[KeyLife]] = {}
    for life in keys:
        waiting.setdefault(life.operator_id, []).append(life)
    standing = {operator.operator_id: operator for operator in operators}
    total = sum(operator.staked for operator in operators)
    chosen: list[KeyLife] = []
    went_on = True
    while went_on:
        went_on = False
        for number in sorted(waiting):
            if len(chosen) == wanted or not waiting[number]:
                continue
            if not may_stake(standing[number], total):
                continue
            chosen.append(waiting[number].pop(0))
            standing[number] = replace(standing[number], staked=standing[number].staked + 1)
            total += 1
            went_on = True
    return tuple(chosen)
