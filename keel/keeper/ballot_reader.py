"""Collect the members' ballots for the newest report that the oracle would take."""

from dataclasses import astuple
from typing import Any

from keel.chain.revert import Reverted
from keel.committee.ballot_box import BallotBox
from keel.committee.contract_members import accepts
from keel.committee.peers import Peers
from keel.committee.standing import Asked, Standing
from keel.committee.tally import Camp, count
from keel.committee.timetable import Timetable
from keel.deploy.bindings import Bindings
from keel.keeper.view import Ballots, Head


class BallotReader:
    """Asks members at each head; remembers since when a report has been ready to be posted."""

    def __init__(
        self, contracts: Bindings, chain_id: int, timetable: Timetable, peers: Peers
    ) -> None:
        self._contracts = contracts
        self._timetable = timetable
        self._peers = peers
        self._box = BallotBox(chain_id, timetable)
        self._ready: tuple[int, int] | None = None

    def read(self, head: Head, standing: Standing) -> Ballots | None:
        """The largest camp for the newest reference slot; None when no report of it is missing."""
        ref_slot = self._timetable.reportable_slot(head.time)
        if ref_slot is None or self._is_applied(ref_slot, standing):
            return None
        terms = standing.terms
        self._box.open_for(terms, head.time)
        self._peers.gather(ref_slot, self._box)
        rpc = self._contracts.rpc
        self._box.prove(lambda member, digest, signed: accepts(rpc, member, digest, signed))
        deadline = self._timetable.deadline(ref_slot)
        tally = count(self._box.ballots(ref_slot), terms, ref_slot, deadline)
        if not tally.camps:
            return None
        return self._judged(tally.camps[0], standing, head, deadline)

    def _is_applied(self, ref_slot: int, standing: Standing) -> bool:
        return self._timetable.geometry.time_of(ref_slot) <= standing.last_ref_time

    def _judged(self, camp: Camp, standing: Standing, head: Head, deadline: int) -> Ballots:
        oracle, report = self._contracts.oracle, camp.report
        refusal, hint, asked = None, 0, Asked(standing.terms.quorum, 0)
        try:
            judgement, outcome = oracle.simulate(astuple(report), 0)
            hint = outcome.lastTicket
            asked = standing.asked_of(judgement, self._timetable.geometry.frame_seconds)
        except Reverted as error:
            refusal = str(error.cause)
        is_ready = len(camp.signatures) >= asked.signatures and head.time >= asked.not_before
        arguments: tuple[Any, ...] = (
            astuple(report),
            deadline,
            [signature.values() for signature in camp.signatures],
            hint,
        )
        return Ballots(
            ref_slot=report.ref_slot,
            signatures=len(camp.signatures),
            needed=asked.signatures,
            applicable_at=asked.not_before,
            since_slot=self._since(report.ref_slot, head.slot, is_ready=is_ready),
            arguments=arguments,
            refusal=refusal,
        )

    def _since(self, ref_slot: int, head_slot: int, *, is_ready: bool) -> int:
        if not is_ready:
            self._ready = None
        elif self._ready is None or self._ready[0] != ref_slot:
            self._ready = (ref_slot, head_slot)
        return self._ready[1] if self._ready is not None else head_slot
