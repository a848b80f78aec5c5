"""A full disk: no byte more can be written, by the kernel's own limit on a process' files."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from keel.circle.process import Process
from tests.robustness.ballots import ballots_of, journalled
from tests.robustness.stage import (
    Committee,
    Stage,
    await_alarm,
    await_no_alarm,
    events_of,
    same_numbers,
)


def test_what_cannot_be_journalled_is_not_signed_until_there_is_space(stage: Stage) -> None:
    with stage.committee(3) as committee:
        committee.settle()
        full = committee.reporters[0]
        with _no_space(full):
            stage.chain.run(1)
            assert "File too large" in await_alarm(full, "disk")
            _await_two_signatures(committee, stage.ref_slot)
            served = {ballot.signer for ballot in ballots_of(full, stage.ref_slot)}
            assert committee.member(1) not in served
            assert journalled(full, stage.ref_slot) == []
            assert committee.reports() == []
        committee.until_applied_at_leisure(stage.ref_slot)
        (reported,) = committee.reports()
        assert same_numbers(reported.report, stage.seen())
        assert journalled(full, stage.ref_slot) == [reported.report]
        await_no_alarm(full, "disk")


def test_the_others_report_without_a_member_whose_disk_is_full(stage: Stage) -> None:
    with stage.committee(4) as committee:
        committee.settle()
        full = committee.reporters[0]
        with _no_space(full):
            committee.until_applied_at_leisure(stage.ref_slot)
            (reported,) = committee.reports()
            assert set(reported.signers) == {committee.member(number) for number in (2, 3, 4)}
            assert full.is_running
            assert journalled(full, stage.ref_slot) == []


def test_a_disk_that_is_full_after_signing_loses_no_signature(stage: Stage) -> None:
    with stage.committee(3) as committee:
        committee.settle()
        stage.chain.run(1)
        for reporter in committee.reporters:
            committee.await_event(reporter, "report.signed")
        with _no_space(committee.reporters[0]):
            reported = committee.until_applied(stage.ref_slot)
            assert reported.signatures == 3
            assert committee.reporters[0].is_running
        assert len(events_of(committee.reporters[0], "report.signed")) == 1


def _await_two_signatures(committee: Committee, ref_slot: int) -> None:
    for reporter in committee.reporters[1:]:
        committee.await_event(reporter, "report.signed")
        assert len(journalled(reporter, ref_slot)) == 1


@contextmanager
def _no_space(process: Process) -> Iterator[None]:
    """Let every write to a file fail, as on a full disk; sockets go on."""
    assert process.pid is not None
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)
