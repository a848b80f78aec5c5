"""Reads all that a monitor looks at, at a head that the nodes agree on."""

from pathlib import Path

from keel.chain.contract import call_many
from keel.chain.state import BlockHead
from keel.consensus.state.errors import EncodingError
from keel.deploy.bindings import Bindings
from keel.model.beacon_yield import own_yield_bps
from keel.model.constants import BPS, ETHER, YEAR
from keel.model.frames import FrameGeometry, State
from keel.monitor.governance import MANAGER_EVENTS, ORACLE_EVENTS, news, waiting_calls
from keel.monitor.holders import HolderIndex
from keel.monitor.market import FindPlaces, MarketReader
from keel.monitor.prices import read_price
from keel.monitor.reading import Income, Part, Queue, Reading, Reports
from keel.monitor.settings import WatchSection
from keel.nodes.errors import NodeError
from keel.service.layers import Layers
from keel.service.logs import Log
from keel.sight.agreed_state import StateRootError, read_agreed_state
from keel.sight.event_file import EventFile
from keel.sight.event_index import ChainMovedError, EventIndex, Happened
from keel.sight.operator_numbers import operator_numbers
from keel.sight.rebases import reported
from keel.sight.report_signers import signers_of
from keel.statement.accounts import Flow
from keel.statement.ether_books import BooksDifferError
from keel.statement.ledger import HOLDING, NAMES, moments

_NAMES = {
    **NAMES,
    "oracle": (*NAMES["oracle"], *ORACLE_EVENTS),
    "manager": MANAGER_EVENTS,
}


class MonitorReader:
    """Keeps the events that it has read, and what does not change with each block."""

    def __init__(
        self,
        layers: Layers,
        watch: WatchSection,
        data: Path,
        log: Log,
        find_places: FindPlaces,
        *,
        only_reads: bool,
    ) -> None:
        manifest = layers.manifest
        self._layers = layers
        self._watch = watch
        self._log = log
        file = EventFile(data, manifest.chain_id, only_reads=only_reads)
        self._index = EventIndex(layers.bindings, manifest.block, _NAMES, file, HOLDING)
        holders = data / f"holders-{manifest.chain_id}.json"
        self._holders = HolderIndex(layers.bindings, manifest.block, holders, only_reads=only_reads)
        self._market = MarketReader(
            layers.bindings,
            manifest.block,
            find_places,
            data,
            manifest.chain_id,
            only_reads=only_reads,
        )
        self._expiration = 0
        self._signers: tuple[str, int | None] = ("", None)
        self._income: tuple[int, Income | None] = (-1, None)

    @property
    def geometry(self) -> FrameGeometry:
        """Frames of the deployment."""
        return self._layers.manifest.configuration.geometry

    def head_slot(self, block: BlockHead) -> int:
        """The slot of a block."""
        frames = self.geometry
        return (block.timestamp - frames.genesis_time) // frames.seconds_per_slot

    def read(self) -> Reading:
        """Read at the agreed head; raises NodeError and what the clients raise."""
        with self._layers.rpc.pinned() as block:
            self._layers.bindings.follow_modules(block.number)
            return self._read(block, self._events(block))

    def _events(self, block: BlockHead) -> tuple[Happened, ...]:
        rpc = self._layers.rpc
        try:
            while not self._index.follow(rpc, block):
                pass
        except ChainMovedError as error:
            raise NodeError(rpc.name, str(error)) from error
        return self._index.events

    def _read(self, block: BlockHead, events: tuple[Happened, ...]) -> Reading:
        c, time = self._layers.bindings, block.timestamp
        self._expiration = self._expiration or c.manager.expiration()
        state, totals, owed_wei, fund_units, terms = call_many(
            c.rpc,
            [
                c.vault.state.prepare(),
                c.vault.totals.prepare(),
                c.queue.owedWei.prepare(),
                c.wrapped.balanceOf.prepare(c.fund.address),  # whatever code is there
                c.vault.terms.prepare(),
            ],
        )
        fund_wei, rate_wei = call_many(
            c.rpc,
            [
                c.wrapped.convertToAssets.prepare(fund_units),
                c.wrapped.convertToAssets.prepare(ETHER),
            ],
        )
        return Reading(
            time=time,
            frame_seconds=self.geometry.frame_seconds,
            grace_seconds=self.geometry.report_grace_seconds,
            state=State(state),
            all_wei=totals.assetsWei + owed_wei,
            rate_wei=rate_wei,
            fund_wei=fund_wei,
            fee_bps=terms.feeBps,
            queue=_read_queue(c, owed_wei),
            reports=self._read_reports(c, time, events),
            operator=_largest_operator(c),
            holder=self._holders.largest(block),
            income=self._read_income(c, block, events),
            waiting_calls=waiting_calls(events, c, time, self._expiration),
            news=news(events),
            prices=tuple(read_price(c.rpc, source) for source in self._watch.prices),
            market=self._market.read(block, rate_wei),
        )

    def _read_reports(self, c: Bindings, time: int, events: tuple[Happened, ...]) -> Reports:
        consensus, base, slashed_wei, quorum, members = call_many(
            c.rpc,
            [
                c.vault.consensus.prepare(),
                c.vault.reportBase.prepare(time),
                c.vault.slashedWei.prepare(),
                c.oracle.quorum.prepare(),
                c.oracle.members.prepare(),
            ],
        )
        finality = self._layers.manifest.configuration.parameters.finality_seconds
        ref_time = self.geometry.time_of(self.geometry.newest_reference_slot(time - finality))
        is_due = consensus.lastRefTime < ref_time
        return Reports(
            late_seconds=max(0, time - ref_time - finality) if is_due else 0,
            quorum=quorum,
            members=len(members),
            signers=self._last_signers(c, events),
            announced_at=consensus.announcedAt,
            announced_wei=base.announcedWei,
            slashed_wei=slashed_wei,
        )

    def _last_signers(self, c: Bindings, events: tuple[Happened, ...]) -> int | None:
        """How many signed the last report; its transaction is read once."""
        posted = [e.event.log for e in events if e.name == "ReportApplied"]
        if not posted:
            return None
        log = posted[-1]
        if self._signers[0] != log.transaction_hash:
            sent = c.rpc.call("eth_getTransactionByHash", log.transaction_hash)
            signed = None if sent is None else signers_of(c.oracle, sent, log.address)
            self._signers = log.transaction_hash, None if signed is None else len(signed)
        return self._signers[1]

    def _read_income(
        self, c: Bindings, block: BlockHead, events: tuple[Happened, ...]
    ) -> Income | None:
        """Over the last reports; computed once for each, with one beacon state."""
        rebased = list(reported(e for e in events if e.contract == "vault"))
        if len(rebased) == self._income[0] or len(rebased) <= self._watch.income_reports:
            return self._income[1]
        first, last = rebased[-1 - self._watch.income_reports], rebased[-1]
        seconds = last.inputs["refTime"] - first.inputs["refTime"]
        consensus_wei = c.vault.consensus().balanceWei
        if not consensus_wei or seconds <= 0:
            return None
        try:
            before, after = moments(c, events, (first.time + 1, last.time + 1))
            chain_bps = self._chain_bps(block)
        except (BooksDifferError, NodeError, EncodingError, StateRootError) as error:
            self._log.warning("income.unknown", problem=str(error))
            return self._income[1]
        earned_wei = (
            after.sums[Flow.INCOME]
            - before.sums[Flow.INCOME]
            - after.sums[Flow.LOST]
            + before.sums[Flow.LOST]
        )
        earned_bps = earned_wei * YEAR * BPS // (seconds * consensus_wei)
        self._income = len(rebased), Income(earned_bps, chain_bps)
        return self._income[1]

    def _chain_bps(self, block: BlockHead) -> int:
        network = self._layers.beacon.network
        state, _ = read_agreed_state(self._layers.beacon, self.head_slot(block))
        epoch = self.head_slot(block) // network.slots_per_epoch
        validators = state.validators
        is_active = (validators["activation_epoch"] <= epoch) & (epoch < validators["exit_epoch"])
        active_gwei = int(validators["effective_balance"][is_active].sum())
        return own_yield_bps(active_gwei, network.slots_per_epoch * network.slot_seconds)


def _read_queue(c: Bindings, owed_wei: int) -> Queue:
    last, finalised, buffered_wei = call_many(
        c.rpc,
        [
            c.queue.lastTicket.prepare(),
            c.queue.lastFinalised.prepare(),
            c.vault.bufferedWei.prepare(),
        ],
    )
    oldest_at = c.queue.ticket(finalised + 1).requestedAt if last > finalised else None
    return Queue(last - finalised, owed_wei, buffered_wei, oldest_at)


def _largest_operator(c: Bindings) -> Part | None:
    """By parts of 32 ETH that are staked and not paid out."""
    numbers = operator_numbers(c.registry, c.registry.operatorCount())
    answers = call_many(c.rpc, [c.registry.operator.prepare(number) for number in numbers])
    live = {number: each.staked - each.withdrawn for number, each in enumerate(answers)}
    whole = sum(live.values())
    if not whole:
        return None
    largest = max(live, key=lambda number: live[number])
    return Part(f"operator {largest}", live[largest] * BPS // whole)
