"""What becomes of a staked key: more stake, a merge, a slashing, its ether paid out.

KEY-8: a slashing is proven once, and the key never leaves without it.
KEY-9: a key that is paid out is live no more; a slashed one's parts are forfeit in any case.
KEY-10: a validator with 0x02 credentials that stays can hold 2,048 ETH, what is on its way with it.
KEY-11: the parts of a key that merged are its target's once it is paid out. A target that was paid
out before passes them on; where none is staked they are the key's own.
"""

from dataclasses import replace

from keel.model.allocation import may_stake
from keel.model.constants import GWEI, PREDEPOSIT_WEI, VALIDATOR_DEPOSIT_WEI
from keel.model.key_stage import Stage
from keel.model.keys import Key, Registry, ShownValidator, require_stage, require_staying
from keel.model.registry_errors import (
    AlreadyMerges,
    MayNotStake,
    NoRoomForMore,
    NotCompounding,
    NotKeyOf,
    PredepositValue,
)

MOST_MERGES = 64
"""KEY-11: how far parts are passed on."""
PART_GWEI = VALIDATOR_DEPOSIT_WEI // GWEI
MOST_VALIDATOR_GWEI = 2_048 * 10**9
"""MAX_EFFECTIVE_BALANCE_ELECTRA."""


def stake_more(
    registry: Registry, root: bytes, parts: int, value_wei: int, shown: ShownValidator
) -> Registry:
    """Let so many times 32 ETH join a validator (KEY-10); raises Refused."""
    key = registry.key(root)
    operator = registry.operators[key.operator_id]
    require_stage(root, key.stage, Stage.STAKED)
    needed_wei = parts * PREDEPOSIT_WEI
    if not parts or value_wei != needed_wei:
        raise PredepositValue(value_wei, needed_wei)
    if shown.pubkey_root != root:
        raise NotKeyOf(key.operator_id, shown.pubkey_root)
    if not (shown.is_ours and shown.compounding):
        raise NotCompounding(shown.index)
    require_staying(shown)
    held_gwei = max(shown.effective_gwei, key.parts * PART_GWEI)
    after_gwei = held_gwei + parts * PART_GWEI
    if after_gwei > MOST_VALIDATOR_GWEI:
        raise NoRoomForMore(shown.index, after_gwei, MOST_VALIDATOR_GWEI)
    last = replace(operator, staked=operator.staked + parts - 1)
    if not may_stake(last, registry.total_staked + parts - 1):
        raise MayNotStake(key.operator_id)
    grown = registry.with_key(root, replace(key, parts=key.parts + parts))
    return grown.with_operator(replace(operator, staked=operator.staked + parts))


def merge(registry: Registry, source: bytes, target: bytes) -> Registry:
    """Note that the consolidation of one key into another was asked for (KEY-11)."""
    for root in (source, target):
        require_stage(root, registry.key(root).stage, Stage.STAKED)
    operator_id = registry.key(source).operator_id
    if registry.key(target).operator_id != operator_id:
        raise NotKeyOf(operator_id, target)
    if target in registry.merges_into:
        raise AlreadyMerges(target)
    if registry.merges_into.get(source, target) != target:
        raise AlreadyMerges(source)
    return replace(registry, merges_into={**registry.merges_into, source: target})


def prove_slashed(registry: Registry, root: bytes) -> tuple[Registry, Key]:
    """Put a staked key among the slashed (KEY-8); also return it as it was."""
    key = registry.key(root)
    require_stage(root, key.stage, Stage.STAKED)
    return registry.with_key(root, replace(key, stage=Stage.SLASHED)), key


def prove_withdrawn(
    registry: Registry, root: bytes, *, slashed: bool = False
) -> tuple[Registry, int]:
    """Put a key among those that are paid out (KEY-9).

    Also return the parts that leave its operator's bond: released, or forfeit where it was
    `slashed` and nobody had proven it.
    """
    key = registry.key(root)
    if key.stage is Stage.SLASHED:
        return registry.with_key(root, replace(key, stage=Stage.WITHDRAWN)), 0
    require_stage(root, key.stage, Stage.STAKED)
    target = None if slashed else _target_of(registry, root)
    if target is None:
        return registry.with_key(root, replace(key, stage=Stage.WITHDRAWN)), key.parts
    gone = registry.with_key(root, replace(key, stage=Stage.WITHDRAWN, parts=0))
    other = gone.key(target)
    return gone.with_key(target, replace(other, parts=other.parts + key.parts)), 0


def _target_of(registry: Registry, source: bytes) -> bytes | None:
    target = registry.merges_into.get(source)
    for _ in range(MOST_MERGES):
        if target is None or registry.key(target).stage is not Stage.WITHDRAWN:
            break
        target = registry.merges_into.get(target)
    is_staked = target is not None and registry.key(target).stage is Stage.STAKED
    return target if is_staked else None
