"""The reporter: at every head of the chain, whatever the frame and the alarms ask for."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from keel.chain.endpoint import shown_address
from keel.chain.state import BlockHead
from keel.committee.contract_members import accepts
from keel.committee.peers import Peers
from keel.committee.standing import Standing, StandingReader
from keel.reporter.frame import FRAME_ALARMS, Frame, Tools
from keel.reporter.stage import Stage
from keel.reporter.watch import Watch
from keel.service.layers import Layers
from keel.service.monitor import Health

_EXCHANGE_SECONDS = 1.0
"""After so long without a new head peers are asked again, as long as ballots are lacking."""


@dataclass
class Reporter:
    """One member's work, step by step; every step is safe to repeat."""

    layers: Layers
    reader: StandingReader
    tools: Tools
    peers: Peers
    watch: Watch
    health: Health
    monotonic: Callable[[], float] = time.monotonic
    _is_checked: bool = False
    _frame: Frame | None = None
    _stage: Stage | None = None
    _seen: tuple[int, str, int] | None = None
    _exchanged_at: float = float("-inf")
    _peer_problems: dict[str, str] = field(default_factory=dict)

    def step(self) -> int | None:
        """Work through the present head and return its slot; nothing to do costs two reads."""
        if not self._is_checked:
            self.layers.require_agreement()
            self._is_checked = True
        head_slot = self.layers.beacon.head_slot()
        head = self.reader.head()
        self.health.head_read()
        seen = (head_slot, head.hash, self.tools.box.received)
        if seen == self._seen and not self._is_exchange_due():
            return head_slot
        is_new_head = self._seen is None or seen[:2] != self._seen[:2]
        standing = self._standing(head)
        self._follow(standing)
        if is_new_head and self.tools.poster is not None:
            self.tools.poster.tend(head_slot)
        ref_slot = self.tools.timetable.reportable_slot(standing.now)
        stage = Stage.WAITING
        if ref_slot is not None:
            stage = self._work(ref_slot, standing, is_new_head)
        self.watch.look(standing, ref_slot, stage)
        self._show(ref_slot, stage, standing)
        self._seen = seen
        return head_slot

    def _work(self, ref_slot: int, standing: Standing, is_new_head: bool) -> Stage:
        frame = self._frame
        if frame is not None and is_new_head and frame.is_gone():
            self.tools.log.warning("chain.reverted", ref_slot=frame.ref_slot)
            frame = self._frame = None
        if frame is None or frame.ref_slot != ref_slot:
            frame = Frame(ref_slot, self.tools)
            stage = self._not_due(frame, standing)
            if stage is not None:
                return stage
            self._begin(frame)
        stage = frame.prepare(standing)
        if stage is not None:
            return frame.look_on(standing, stage)
        stage = frame.post(standing)
        if stage is Stage.APPLIED or not (is_new_head or self._is_exchange_due()):
            return stage
        received = self.tools.box.received
        self._exchange(frame, standing)
        return stage if self.tools.box.received == received else frame.post(standing)

    def _not_due(self, frame: Frame, standing: Standing) -> Stage | None:
        """Why the slot is not worked on yet, or at all; None if it is.

        A slot that others reported is built too, for its leaves and to see whether we agree. A slot
        from before the deployment counts as applied, though nobody reported it.
        """
        is_applied = frame.is_applied(standing)
        if is_applied and standing.last_ref_slot != frame.ref_slot:
            return Stage.APPLIED
        if self.layers.beacon.finalised_slot() > frame.ref_slot:
            return None
        return Stage.APPLIED if is_applied else Stage.FINALITY

    def _begin(self, frame: Frame) -> None:
        """Leave the last slot behind, reported or not: only the newest counts (REP-1)."""
        self._frame = frame
        self._exchanged_at = float("-inf")
        for name in FRAME_ALARMS:
            self.tools.alarms.clear(name)

    def _standing(self, head: BlockHead) -> Standing:
        """Read a head; what was signed for an oracle that the vault no longer has is void."""
        before = self.tools.bindings.oracle.address
        standing = self.reader.read(head)
        if standing.terms.oracle != before:
            oracle = standing.terms.oracle
            self.tools.log.warning("oracle.replaced", before=before, oracle=oracle)
            self._frame = None
        return standing

    def _follow(self, standing: Standing) -> None:
        """Let the ballot box know the committee and the time of this head."""
        rpc, block = self.tools.bindings.rpc, standing.head.number
        self.tools.box.open_for(standing.terms, standing.now)
        self.tools.box.prove(
            lambda member, digest, signature: accepts(rpc, member, digest, signature, block)
        )

    def _exchange(self, frame: Frame, standing: Standing) -> None:
        """Offer our ballot to peers and take theirs."""
        self._exchanged_at = self.monotonic()
        if frame.own is not None:
            self.peers.offer([frame.own])
        self.peers.gather(frame.ref_slot, self.tools.box)
        self._follow(standing)
        self._tell_of_peers()

    def _is_exchange_due(self) -> bool:
        """Whether ballots are lacking and no new head has come for a while."""
        if self._stage is not Stage.GATHERING:
            return False
        return self.monotonic() - self._exchanged_at >= _EXCHANGE_SECONDS

    def _tell_of_peers(self) -> None:
        problems = dict(self.peers.problems)
        for url, problem in problems.items():
            if url not in self._peer_problems:
                self.tools.log.warning("peer.lost", peer=shown_address(url), problem=problem)
        for url in self._peer_problems.keys() - problems.keys():
            self.tools.log.info("peer.back", peer=shown_address(url))
        self._peer_problems = problems
        self.tools.figures.silent_peers.set(len(problems))

    def _show(self, ref_slot: int | None, stage: Stage, standing: Standing) -> None:
        if stage is not self._stage:
            self.tools.log.info("frame.waiting", ref_slot=ref_slot, stage=str(stage))
        self._stage = stage
        self.health.at(str(stage), ref_slot)
        figures = self.tools.figures
        figures.ref_slot.set(-1 if ref_slot is None else ref_slot)
        applied = self.tools.timetable.slot_at(standing.last_ref_time)  # by whichever oracle
        figures.applied_ref_slot.set(applied)
