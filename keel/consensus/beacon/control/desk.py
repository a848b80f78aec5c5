"""The chain under control, and how it is at present."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keel.chain.state import block_head
from keel.consensus.beacon.advance import OnSlot
from keel.consensus.beacon.branches import Snapshot
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.goals import GOALS, Goal

type Result = dict[str, Any]


@dataclass
class Desk:
    """A chain under control: where it is saved, snapshots by name, and who listens to slots.

    `pace` is called after each slot of a fast-forward and may hold it back.
    """

    chain: BeaconChain
    folder: Path
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    on_slot: OnSlot | None = None
    pace: OnSlot | None = None
    goals: Mapping[str, Goal] = field(default_factory=lambda: GOALS)
    rpc_url: str | None = None


def status(desk: Desk) -> Result:
    """Head, finality and what is unusual at present."""
    chain = desk.chain
    state, epoch = chain.state, chain.spec.get_current_epoch(chain.state)
    return {
        "slot": chain.slot,
        "epoch": chain.epoch,
        "justified_epoch": int(state.current_justified_checkpoint.epoch),
        "finalised_epoch": chain.finalised_epoch,
        "head_root": "0x" + chain.head_root.hex(),
        "block_number": block_head(chain.rpc).number,
        "rpc": desk.rpc_url or chain.rpc.url,
        "fork": chain.config.fork,
        "anvil_moved": "never" if chain.moved is None else str(chain.moved),
        "verified": chain.config.verify_own_signatures,
        "validators": len(state.validators),
        "active": len(chain.spec.get_active_validator_indices(state, epoch)),
        "slashed": [index for index, each in enumerate(state.validators) if each.slashed],
        "offline": sorted(chain.participation.offline),
        "pending_deposits": len(state.pending_deposits),
        "pending_partial_withdrawals": len(state.pending_partial_withdrawals),
        "pending_consolidations": len(state.pending_consolidations),
    }
