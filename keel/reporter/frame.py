"""One reference slot's work, from the state to a posted report.

Every step reads the chain, the journal and the ballots again and does what is still missing, so
the process may be killed anywhere and goes on where the chain stands.
"""

from dataclasses import astuple, dataclass
from typing import Any

from eth_account.signers.local import LocalAccount

from keel.chain.abi import CustomError
from keel.chain.revert import Reverted
from keel.committee.ballot import Ballot, digest, sign
from keel.committee.ballot_box import BallotBox
from keel.committee.exchange import FindLeaves
from keel.committee.messages import SignedBallot
from keel.committee.standing import Standing
from keel.committee.tally import Tally, count, disagreement
from keel.committee.timetable import Timetable, posting_order, posting_slot
from keel.deploy.bindings import Bindings
from keel.errors import KeelError
from keel.reporter.alarm_texts import (
    applied_otherwise,
    beyond_limit_text,
    conflict_text,
    foreign_text,
)
from keel.reporter.assessment import (
    Assessment,
    LeavesAboveMintedError,
    LeavesMissingError,
    assess_slot,
)
from keel.reporter.figures import Figures
from keel.reporter.journal import ConflictingViewError, Journal
from keel.reporter.poster import REFUSED, Poster, SignatureRefusedError, is_fault
from keel.reporter.settings import CommitteeSettings
from keel.reporter.stage import Stage
from keel.service.alarms import Alarms
from keel.service.logs import Log
from keel.sight.event_index import hash_at
from keel.sight.slot_view import SlotReader, SlotView

FRAME_ALARMS = (
    "beyond_limit",
    "conflicting_view",
    "disagreement",
    "leaves_above_minted",
    "leaves_missing",
    REFUSED,
)
"""Alarms that belong to one reference slot; `foreign_credentials` lasts until a report has none."""


class DigestDiffersError(KeelError):
    """The oracle hashes a report differently than we do: it is not the one this program knows."""


@dataclass(frozen=True)
class Tools:
    """What the work of every frame uses; `account` and `poster` are None in a dry run."""

    chain_id: int
    bindings: Bindings
    slots: SlotReader
    find_leaves: FindLeaves
    journal: Journal
    box: BallotBox
    timetable: Timetable
    settings: CommitteeSettings
    alarms: Alarms
    log: Log
    figures: Figures
    account: LocalAccount | None = None
    poster: Poster | None = None


class Frame:
    """The work on one final reference slot."""

    def __init__(self, ref_slot: int, tools: Tools) -> None:
        self.ref_slot = ref_slot
        self.own: SignedBallot | None = None
        self.assessment: Assessment | None = None
        self._tools = tools
        self._deadline = tools.timetable.deadline(ref_slot)
        self._view: SlotView | None = None
        self._state_root = b""
        self._block: tuple[int, str | None] | None = None
        self._judged: tuple[int, Any, Any] | None = None
        self._postable_since: int | None = None
        self._shown: set[tuple[str, str]] = set()
        self._distrusted: set[str] = set()

    def prepare(self, standing: Standing) -> Stage | None:
        """Build, judge and sign; returns the stage in which it stops, None when it was signed."""
        try:
            assessment = self._built()
        except LeavesMissingError as error:
            self._tools.alarms.raise_("leaves_missing", f"slot {self.ref_slot}: {error}")
            return Stage.LEAVES
        except LeavesAboveMintedError as error:
            self._tools.alarms.clear("leaves_missing")
            self._tools.alarms.raise_("leaves_above_minted", f"slot {self.ref_slot}: {error}")
            return Stage.LEAVES
        if self.is_applied(standing):
            return Stage.APPLIED
        judgement = self._judge(standing, assessment)
        if judgement is None:
            return Stage.REFUSED
        return self._withheld(standing, judgement) or self._signed(standing, assessment)

    def is_applied(self, standing: Standing) -> bool:
        """Whether the chain has a report of this slot."""
        return standing.last_ref_time >= self._tools.timetable.geometry.time_of(self.ref_slot)

    def is_gone(self) -> bool:
        """Whether the chain no longer has the block that the slot's state names.

        A final block goes only when a local chain was reverted.
        """
        if self._block is None:
            return False
        number, block_hash = self._block
        return hash_at(self._tools.bindings.rpc, number) != block_hash

    def post(self, standing: Standing) -> Stage:
        """Count the ballots and post when there are enough and it is our turn."""
        assessment, judged, poster = self.assessment, self._judged, self._tools.poster
        tally = self.count(standing)
        self._compare(standing, tally)
        if assessment is None or judged is None or poster is None:
            return Stage.GATHERING
        _, judgement, outcome = judged
        signatures = [
            signature
            for signature in tally.signatures_for(assessment.report)
            if signature.signer not in self._distrusted
        ]
        waits_for = self._waits_for(standing, len(signatures), judgement)
        if waits_for is not None:
            self._postable_since = None
            return waits_for
        if not self._is_our_turn(standing, poster.account):
            return Stage.TURN
        if poster.is_waiting:
            return Stage.POSTING
        values = [signature.values() for signature in signatures]
        arguments = (astuple(assessment.report), self._deadline, values, outcome.lastTicket)
        try:
            is_sent = poster.post(self.ref_slot, arguments, standing.head.number)
        except SignatureRefusedError as error:
            self._distrusted.add(error.signer)
            self._say("ballot.distrusted", member=error.signer)
            return self.post(standing)
        return Stage.POSTING if is_sent else Stage.REFUSED

    def look_on(self, standing: Standing, stage: Stage) -> Stage:
        """Watch the ballots of others while there is nothing to post; returns the stage."""
        self._compare(standing, self.count(standing))
        return stage

    def count(self, standing: Standing) -> Tally:
        """Count the ballots; report new ones, and members who see something else."""
        ballots = self._tools.box.ballots(self.ref_slot)
        tally = count(ballots, standing.terms, self.ref_slot, self._deadline)
        for camp in tally.camps:
            agrees = self.assessment is not None and camp.report == self.assessment.report
            for signature in camp.signatures:
                key = (signature.signer, signature.signature.hex())
                if key not in self._shown:
                    self._shown.add(key)
                    self._say("ballot.received", member=signature.signer, agrees=agrees)
        return tally

    def _compare(self, standing: Standing, tally: Tally) -> None:
        """Raise the alarm when members, or the chain, have another report than ours."""
        if self.assessment is None:
            return
        own = self.assessment.report
        self._tools.figures.counted(own, tally)
        lines = [disagreement(own, tally), applied_otherwise(own, standing)]
        text = "; ".join(line for line in lines if line)
        self._tools.alarms.set("disagreement", f"slot {self.ref_slot}: {text}" if text else None)

    def _built(self) -> Assessment:
        """See the slot and build the report, once."""
        if self.assessment is not None:
            return self.assessment
        tools = self._tools
        if self._view is None:
            self._view = tools.slots.read(self.ref_slot)
            number = self._view.consensus.block_number
            self._block = (number, hash_at(tools.bindings.rpc, number))
            self._state_root = self._view.state_root
            tools.figures.seen(self._view)
            self._say(
                "state.read",
                root=self._view.state_root,
                bytes=self._view.state_bytes,
                seconds=round(self._view.seconds, 3),
                block=self._view.consensus.block_number,
            )
        assessment = assess_slot(self._view, tools.find_leaves, tools.settings.rebuild_leaves_at)
        tools.journal.keep_leaves(assessment.leaves)
        tools.journal.forget_leaves(assessment.previous_root)
        tools.alarms.clear("leaves_missing")
        tools.alarms.clear("leaves_above_minted")
        tools.alarms.set("foreign_credentials", foreign_text(assessment))
        tools.figures.built(assessment.report)
        self._say("report.built", **vars(assessment.report))
        self.assessment, self._view = assessment, None
        return assessment

    def _judge(self, standing: Standing, assessment: Assessment) -> Any | None:
        """Ask the oracle what it would do at this head; None when it would refuse."""
        if self._judged is not None and self._judged[0] == standing.head.number:
            return self._judged[1]
        tools, report = self._tools, assessment.report
        self._judged = None
        try:
            judgement, outcome = tools.bindings.oracle.simulate(
                astuple(report), 0, block=standing.head.number
            )
        except Reverted as error:
            if is_fault(error.cause):
                tools.alarms.raise_(REFUSED, f"slot {self.ref_slot}: {error.cause}")
            elif isinstance(error.cause, CustomError):
                self._say("report.refused", reason=str(error.cause))
            return None
        tools.alarms.clear(REFUSED)
        beyond = beyond_limit_text(self.ref_slot, judgement) if judgement.beyondLimit else None
        tools.alarms.set("beyond_limit", beyond)
        self._judged = (standing.head.number, judgement, outcome)
        return judgement

    def _withheld(self, standing: Standing, judgement: Any) -> Stage | None:
        """Why nothing is signed, None if it is."""
        account = self._tools.account
        if account is None:
            return Stage.DRY_RUN
        if account.address not in standing.terms.members:
            return Stage.WATCHING
        if judgement.beyondLimit and self._tools.settings.hold_beyond_limit:
            return Stage.HELD
        return None

    def _waits_for(self, standing: Standing, signatures: int, judgement: Any) -> Stage | None:
        """What a report still lacks before it can be posted (REP-7, REP-8), None if nothing."""
        asked = standing.asked_of(judgement, self._tools.timetable.geometry.frame_seconds)
        self._tools.figures.needed(asked.signatures)
        if signatures < asked.signatures:
            return Stage.GATHERING
        return Stage.ANNOUNCED if standing.now < asked.not_before else None

    def _signed(self, standing: Standing, assessment: Assessment) -> Stage | None:
        """Sign once for each set of members, the journal first."""
        tools, nonce = self._tools, standing.terms.member_set_nonce
        account = tools.account
        if account is None:
            return Stage.DRY_RUN
        if self.own is not None and self.own.member_set_nonce == nonce:
            return None
        oracle = tools.bindings.oracle
        ballot = Ballot(assessment.report, nonce, self._deadline, tools.chain_id, oracle.address)
        on_chain = oracle.digest(ballot.report_values, self._deadline, block=standing.head.number)
        if digest(ballot) != on_chain:
            raise DigestDiffersError(f"the oracle's digest of slot {self.ref_slot} differs")
        try:
            tools.journal.intend(ballot, account.address, standing.now, self._state_root)
        except ConflictingViewError as error:
            tools.alarms.raise_("conflicting_view", conflict_text(error))
            return Stage.CONFLICT
        tools.alarms.clear("conflicting_view")
        (signature,) = sign(ballot, [account])
        self.own = SignedBallot.of(ballot, account.address, signature.signature)
        tools.box.take(self.own)
        self._shown.add((account.address, signature.signature.hex()))
        self._say("report.signed", member_set_nonce=nonce, deadline=self._deadline)
        return None

    def _is_our_turn(self, standing: Standing, account: str) -> bool:
        timetable = self._tools.timetable
        slot = timetable.slot_at(standing.now)
        if self._postable_since is None or slot < self._postable_since:
            self._postable_since = slot
        order = posting_order(standing.terms.members, self.ref_slot, timetable.geometry.frame_slots)
        turn_slots = self._tools.settings.turn_slots
        return slot >= posting_slot(order, account, self._postable_since, turn_slots)

    def _say(self, event: str, **facts: Any) -> None:
        self._tools.log.info(event, **{"ref_slot": self.ref_slot, **facts})
