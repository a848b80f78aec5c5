"""The registry's keys: how far each has come, and which of them are staked.

KEY-1: a key belongs to one operator for good, enters once, and goes through its stages in order.
KEY-2: a predeposit brings exactly 1 ETH a key, of the operator; a known key is passed over.
KEY-3: a key that is not staked can be proven again; a proof of what is known is refused.
KEY-4: a key whose validator pays elsewhere is foreign, and freezes its operator.
KEY-5: a key that is not staked can be dropped, for good.
KEY-6: a key that cannot be staked now is skipped; those beyond ether and limit are left.
KEY-8 to KEY-11: the life of a staked key is in `keel.model.key_ends`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from keel.model.allocation import Operator, may_stake
from keel.model.constants import PREDEPOSIT_WEI
from keel.model.key_stage import Stage
from keel.model.registry_errors import (
    NothingToPredeposit,
    NothingToProve,
    NotKeyOf,
    OperatorFrozen,
    PredepositValue,
    ValidatorLeaving,
    WrongStage,
)

NEVER_EPOCH = 2**64 - 1


@dataclass(frozen=True)
class Key:
    """What the registry keeps of a key; index once proven, parts of 32 ETH once staked."""

    operator_id: int = 0
    stage: Stage = Stage.NONE
    validator_index: int = 0
    parts: int = 0


@dataclass(frozen=True)
class ShownValidator:
    """What a proof shows of one validator (PRF-3)."""

    index: int
    pubkey_root: bytes
    is_ours: bool
    slashed: bool = False
    exit_epoch: int = NEVER_EPOCH
    effective_gwei: int = 32 * 10**9
    compounding: bool = False


@dataclass(frozen=True)
class Registry:
    """Operators by id, keys by the SSZ root of the public key, and where sources are to merge.

    `last_withdrawn_at` is the Unix time of the last proof of a payout.
    """

    operators: tuple[Operator, ...] = ()
    keys: Mapping[bytes, Key] = field(default_factory=dict)
    merges_into: Mapping[bytes, bytes] = field(default_factory=dict)
    last_withdrawn_at: int = 0

    @property
    def total_staked(self) -> int:
        """All parts of 32 ETH staked so far."""
        return sum(operator.staked for operator in self.operators)

    @property
    def live_keys(self) -> int:
        """Keys that were staked and are not proven to be paid out (STA-8)."""
        live = (Stage.STAKED, Stage.SLASHED)
        return sum(key.stage in live for key in self.keys.values())

    def key(self, root: bytes) -> Key:
        """One key; stage NONE for one that is unknown."""
        return self.keys.get(root, Key())

    def with_key(self, root: bytes, key: Key) -> "Registry":
        """Put a key at another stage."""
        return replace(self, keys={**self.keys, root: key})

    def with_operator(self, operator: Operator) -> "Registry":
        """Put other terms for an operator that exists."""
        at = operator.operator_id
        return replace(self, operators=(*self.operators[:at], operator, *self.operators[at + 1 :]))


@dataclass(frozen=True)
class Choice:
    """What a stake did with the keys it was given; the rest was left."""

    taken: tuple[bytes, ...]
    skipped: tuple[bytes, ...]


def predeposit(
    registry: Registry, operator_id: int, roots: Sequence[bytes], value_wei: int
) -> Registry:
    """Let new keys enter; the ether of the others goes back (KEY-2). Raises Refused."""
    if registry.operators[operator_id].frozen:
        raise OperatorFrozen(operator_id)
    needed_wei = len(roots) * PREDEPOSIT_WEI
    if value_wei != needed_wei:
        raise PredepositValue(value_wei, needed_wei)
    after = registry
    for root in roots:
        if after.key(root).stage is Stage.NONE:
            after = after.with_key(root, Key(operator_id, Stage.PREDEPOSITED))
    if after is registry:
        raise NothingToPredeposit
    return after


def drop(registry: Registry, operator_id: int, roots: Sequence[bytes]) -> Registry:
    """Take keys back (KEY-5); raises Refused."""
    for root in roots:
        key = registry.key(root)
        if key.operator_id != operator_id:
            raise NotKeyOf(operator_id, root)
        if key.stage is not Stage.PREDEPOSITED:
            require_stage(root, key.stage, Stage.PROVEN)
        registry = registry.with_key(root, replace(key, stage=Stage.DROPPED))
    return registry


def prove_fresh(registry: Registry, shown: Mapping[bytes, int]) -> Registry:
    """Prove keys by a batch of fresh validators, index by root (KEY-3); raises NothingToProve."""
    after = registry
    for root, index in shown.items():
        if after.key(root).stage is Stage.PREDEPOSITED:
            after = _proven(after, root, index)
    if after is registry:
        raise NothingToProve
    return after


def prove_key(registry: Registry, shown: ShownValidator) -> Registry:
    """Prove one key, or that it is foreign (KEY-3, KEY-4); raises Refused."""
    key = registry.key(shown.pubkey_root)
    if key.stage not in (Stage.PROVEN, Stage.FOREIGN):
        require_stage(shown.pubkey_root, key.stage, Stage.PREDEPOSITED)
    if key.stage is (Stage.PROVEN if shown.is_ours else Stage.FOREIGN):
        raise NothingToProve
    if not shown.is_ours:
        operator = replace(registry.operators[key.operator_id], frozen=True)
        foreign = registry.with_key(shown.pubkey_root, replace(key, stage=Stage.FOREIGN))
        return foreign.with_operator(operator)
    require_staying(shown)
    return _proven(registry, shown.pubkey_root, shown.index)


def choose(registry: Registry, roots: Sequence[bytes], most: int) -> tuple[Registry, Choice]:
    """Stake proven keys in this order, `most` of them at most (KEY-6)."""
    taken: list[bytes] = []
    skipped: list[bytes] = []
    for root in roots:
        if len(taken) == most:
            break
        key = registry.key(root)
        total = registry.total_staked
        if key.stage is not Stage.PROVEN or not may_stake(
            operator := registry.operators[key.operator_id], total
        ):
            skipped.append(root)
            continue
        taken.append(root)
        registry = registry.with_key(root, replace(key, stage=Stage.STAKED, parts=1))
        registry = registry.with_operator(replace(operator, staked=operator.staked + 1))
    return registry, Choice(tuple(taken), tuple(skipped))


def _proven(registry: Registry, root: bytes, index: int) -> Registry:
    key = replace(registry.key(root), stage=Stage.PROVEN, validator_index=index)
    return registry.with_key(root, key)


def require_staying(shown: ShownValidator) -> None:
    """Raise ValidatorLeaving (KEY-3)."""
    if shown.slashed or shown.exit_epoch != NEVER_EPOCH:
        raise ValidatorLeaving(shown.index, shown.slashed, shown.exit_epoch)


def require_stage(root: bytes, stage: Stage, expected: Stage) -> None:
    """Raise WrongStage (KEY-1)."""
    if stage is not expected:
        raise WrongStage(root, stage, expected)
