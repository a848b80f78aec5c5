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
}
"""Events that change a key's stage, and to what."""


@dataclass(frozen=True, slots=True)
class KeyLife:
    """One key; `validator_index` is None until a proof has shown it.

    `block_number` is that of its predeposit, `changed_block` that of the newest change.
    """

    pubkey: bytes
    operator_id: int
    stage: Stage
    block_number: int
    changed_block: int
    validator_index: int | None = None

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
        stage = STAGE_OF.get(event.name)
        if stage is None:
            continue
        root, block = event.inputs["pubkeyRoot"], event.log.block_number
        if stage is Stage.PREDEPOSITED:
            operator_id = event.inputs["operatorId"]
            lives[root] = KeyLife(event.inputs["pubkey"], operator_id, stage, block, block)
            continue
        index = event.inputs.get("validatorIndex", lives[root].validator_index)
        lives[root] = replace(lives[root], stage=stage, changed_block=block, validator_index=index)
    return {life.pubkey: life for life in lives.values()}
