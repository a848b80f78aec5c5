"""The constants of a consensus layer that Keel's services need, as a node reports them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keel.chain.abi import checksummed

_MILLISECONDS = 1000


@dataclass(frozen=True, slots=True)
class NetworkFacts:
    """Genesis and configuration of a network; two nodes of one network give equal facts."""

    genesis_time: int
    genesis_validators_root: bytes
    genesis_fork_version: bytes
    preset: str
    slot_seconds: int
    slots_per_epoch: int
    shard_committee_period: int
    min_validator_withdrawability_delay: int
    deposit_chain_id: int
    deposit_contract: str

    def time_of(self, slot: int) -> int:
        """Unix time at which a slot begins."""
        return self.genesis_time + slot * self.slot_seconds

    def slot_at(self, time: int) -> int:
        """Slot of a Unix time; negative before genesis."""
        return (time - self.genesis_time) // self.slot_seconds

    def first_slot_of(self, epoch: int) -> int:
        """First slot of an epoch."""
        return epoch * self.slots_per_epoch


def network_facts(genesis: Mapping[str, Any], config: Mapping[str, Any]) -> NetworkFacts:
    """Read the `data` of beacon/genesis and config/spec; raises KeyError, TypeError or ValueError.

    Forks after Fulu may name the length of a slot in milliseconds only.
    """
    return NetworkFacts(
        genesis_time=int(genesis["genesis_time"]),
        genesis_validators_root=read_bytes(genesis["genesis_validators_root"], 32),
        genesis_fork_version=read_bytes(genesis["genesis_fork_version"], 4),
        preset=str(config["PRESET_BASE"]).lower(),
        slot_seconds=_slot_seconds(config),
        slots_per_epoch=_positive(config, "SLOTS_PER_EPOCH"),
        shard_committee_period=int(config["SHARD_COMMITTEE_PERIOD"]),
        min_validator_withdrawability_delay=int(config["MIN_VALIDATOR_WITHDRAWABILITY_DELAY"]),
        deposit_chain_id=int(config["DEPOSIT_CHAIN_ID"]),
        deposit_contract=checksummed(
            "0x" + read_bytes(config["DEPOSIT_CONTRACT_ADDRESS"], 20).hex()
        ),
    )


def read_bytes(text: Any, size: int) -> bytes:
    """Read 0x-prefixed digits of so many bytes; raises ValueError."""
    if not isinstance(text, str) or not text.startswith("0x") or len(text) != 2 + 2 * size:
        raise ValueError(f"{size} bytes in hexadecimal digits expected")
    return bytes.fromhex(text[2:])


def _slot_seconds(config: Mapping[str, Any]) -> int:
    said = []
    if "SECONDS_PER_SLOT" in config:
        said.append(_positive(config, "SECONDS_PER_SLOT") * _MILLISECONDS)
    if "SLOT_DURATION_MS" in config:
        said.append(_positive(config, "SLOT_DURATION_MS"))
    if not said:
        raise KeyError("SECONDS_PER_SLOT")
    seconds, rest = divmod(said[0], _MILLISECONDS)
    if rest or said[0] != said[-1]:
        raise ValueError(f"slots of {' and '.join(map(str, said))} ms")
    return seconds


def _positive(config: Mapping[str, Any], name: str) -> int:
    value = int(config[name])
    if value < 1:
        raise ValueError(f"{name} is {value}")
    return value
