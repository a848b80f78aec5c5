"""The lives of keys, told by the registry's events (KEY-1): whose they are, how far they came."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from keel.chain.abi import Event
from keel.model.commitment import public_key_hash
from keel.model.key_stage import Stage

STAGE_OF = {
    "KeyPredeposited": Stage.PREDEPOSITED,
    "KeyProven": Stage.PROVEN,
    "KeyStaked": Stage.STAKED,
    "KeyForeign": Stage.FOREIGN,
    "KeyDropped": Stage.DROPPED,
    "KeySlashed": Stage.SLASHED,
    "KeyWithdrawn": Stage.WITHDRAWN,
}
"""Events that change a key's stage, and to what."""
STAKED_MORE, MERGED = "KeyStakedMore", "KeysMerged"
KEY_EVENTS = (*STAGE_OF, STAKED_MORE, MERGED)
"""All that a key's life is made of."""
OVER_STAGES = (Stage.SLASHED, Stage.WITHDRAWN)
"""Stages of keys whose ether counts no more as on its way (REQ-2)."""
STAKED_STAGES = frozenset({Stage.STAKED, *OVER_STAGES})
"""Stages of keys on which the pool staked."""


@dataclass(frozen=True, slots=True)
class KeyLife:
    """One key; `validator_index` is None until a proof has shown it.

    `block_number` is that of its predeposit, `changed_block` that of the newest change of stage,
    `over_block` that from which on it was slashed or paid out, 0 before.
    `parts` is how often 32 ETH were staked on it (KEY-10), those merged into it included (KEY-11).
    """

    pubkey: bytes
    operator_id: int
    stage: Stage
    block_number: int
    changed_block: int
    validator_index: int | None = None
    parts: int = 0
    over_block: int = 0

    @property
    def pubkey_root(self) -> bytes:
        """What the registry knows it by."""
        return public_key_hash(self.pubkey)

    def __str__(self) -> str:
        return f"{self.stage.name.lower()} for operator {self.operator_id}"


def key_lives(events: Iterable[Event]) -> dict[bytes, KeyLife]:
    """Every key by its public key, in the order of predeposits; events in the chain's order."""
    lives: dict[bytes, KeyLife] = {}
    for event in events:
        if event.name == MERGED:
            _merge(lives, event.inputs["sourceRoot"], event.inputs["targetRoot"])
            continue
        if event.name not in KEY_EVENTS:
            continue
        root, block = event.inputs["pubkeyRoot"], event.log.block_number
        if event.name == STAKED_MORE:
            parts = lives[root].parts + event.inputs["parts"]
            lives[root] = replace(lives[root], parts=parts)
            continue
        stage = STAGE_OF[event.name]
        if stage is Stage.PREDEPOSITED:
            operator_id = event.inputs["operatorId"]
            lives[root] = KeyLife(event.inputs["pubkey"], operator_id, stage, block, block)
            continue
        index = event.inputs.get("validatorIndex", lives[root].validator_index)
        lives[root] = replace(lives[root], stage=stage, changed_block=block, validator_index=index)
        if stage is Stage.STAKED:
            lives[root] = replace(lives[root], parts=1)
        if stage in OVER_STAGES and not lives[root].over_block:
            lives[root] = replace(lives[root], over_block=block)
    return {life.pubkey: life for life in lives.values()}


def _merge(lives: dict[bytes, KeyLife], source: bytes, target: bytes) -> None:
    parts = lives[source].parts + lives[target].parts
    lives[target] = replace(lives[target], parts=parts)
    lives[source] = replace(lives[source], parts=0)
