"""Read all that the page shows of the execution layer, once for each head."""

import time
from dataclasses import dataclass
from pathlib import Path

from keel.chain.errors import RpcError
from keel.chain.rpc import RpcClient
from keel.chain.state import BlockHead, block_head
from keel.dashboard.deployment import TOLD, KnownDeployment
from keel.dashboard.event_texts import Told, tell_recent
from keel.dashboard.market import MarketFollower, MarketView
from keel.dashboard.series import Point, series
from keel.dashboard.snapshot_reader import read_snapshot
from keel.dashboard.view import Snapshot
from keel.dashboard.votes import Grid, VoteReader, vote_grid
from keel.deploy.manifest import require_same_chain
from keel.sight.event_file import EventFile
from keel.sight.event_index import EventIndex, Happened


@dataclass(frozen=True)
class Layer:
    """What the execution layer gave at one head; `market` is None without one."""

    snapshot: Snapshot
    events: tuple[Happened, ...]
    told: tuple[Told, ...]
    grid: Grid
    points: tuple[Point, ...]
    market: MarketView | None = None


class ExecutionReader:
    """Reads a layer at each new head; the same object comes back while the head stands."""

    def __init__(self, known: KnownDeployment, rpc: RpcClient, data: Path | None) -> None:
        self._known = known
        self._rpc = rpc
        self._contracts = known.bind(rpc)
        manifest = known.manifest
        file = None if data is None else EventFile(data, manifest.chain_id)
        self._index = EventIndex(self._contracts, manifest.block, TOLD, file)
        self._votes = VoteReader(self._contracts.oracle)
        self._market = MarketFollower(known)
        self._layer: Layer | None = None
        self._since = time.monotonic()
        self.anvil_moved: str | None = None

    @property
    def head_stood_seconds(self) -> float:
        """How long the head has been the same."""
        return time.monotonic() - self._since

    def read(self) -> Layer:
        """Raises ManifestError for another chain, ChainMovedError, and what the client raises."""
        head = block_head(self._rpc)
        if self._layer is not None and self._is_at(head, self._layer.snapshot):
            return self._layer
        # After a restart another chain may answer at the same address.
        require_same_chain(self._rpc, self._known.manifest)
        self._contracts.follow_modules(head.number)
        self._index.follow(self._rpc, head)
        snapshot = read_snapshot(self._contracts, head, self._index)
        events = self._index.events
        members = snapshot.oracle.members
        grid = vote_grid(
            self._votes.read(self._rpc, events),
            members,
            self._known.geometry.frame_slots,
            snapshot.oracle.reportable_slot,
        )
        points = series(events, snapshot)
        market = self._market.read(self._contracts, snapshot, points)
        self._layer = Layer(snapshot, events, tell_recent(events), grid, points, market)
        self.anvil_moved = self._anvil_moved()
        self._since = time.monotonic()
        return self._layer

    def _anvil_moved(self) -> str | None:
        """When Anvil alone was last moved, as the RPC address of a local chain says."""
        try:
            status = self._rpc.call("keel_status")
        except RpcError:
            return None  # another node does not have the method
        moved = status.get("anvil_moved") if isinstance(status, dict) else None
        return None if moved is None else str(moved)

    @staticmethod
    def _is_at(head: BlockHead, snapshot: Snapshot) -> bool:
        return snapshot.head.hash == head.hash and snapshot.indexed_block >= head.number
