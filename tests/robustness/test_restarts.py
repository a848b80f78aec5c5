"""Members are killed and stopped at any moment: one report, and never two ballots of one member."""

import random
import time

import pytest

from keel.chain.state import block_head
from keel.circle.process import Process
from keel.committee.timetable import posting_order
from tests.robustness.ballots import ballots_of, journalled
from tests.robustness.counting import counting
from tests.robustness.stage import (
    Committee,
    Stage,
    await_that,
    events_of,
    same_numbers,
    start,
)

KILLS = 12
LONGEST_LIFE_SECONDS = 0.6


@pytest.mark.parametrize("seed", [1])
def test_twelve_kills_in_one_frame_leave_one_report_and_one_ballot_each(
    stage: Stage, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 (nothing secret)
    with stage.committee(3) as committee:
        served: set[tuple[str, str]] = set()
        for kill in range(KILLS):
            victim = chance.choice(committee.reporters)
            time.sleep(chance.uniform(0, LONGEST_LIFE_SECONDS))
            served |= _ballots(committee, stage.ref_slot)
            victim.kill()
            if kill % 3 == 0:
                stage.chain.run(1)
            victim.start()
        for reporter in committee.reporters:
            reporter.await_ready()
        reported = committee.until_applied(stage.ref_slot)
        served |= _ballots(committee, stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert len(committee.reports()) == 1
        members = {committee.member(number) for number in (1, 2, 3)}
        assert {signer for signer, _ in served} <= members
        assert len(served) <= len(members), "two different ballots of one member"
        for reporter in committee.reporters:
            (intent,) = journalled(reporter, stage.ref_slot)
            assert intent == reported.report
            assert reporter.health().alarms == {}


def test_all_at_once_killed_after_signing_count_the_same_signatures_again(stage: Stage) -> None:
    with stage.committee(3, started=False) as committee:
        one, two, three = committee.reporters
        start([one, two])
        committee.until(lambda: _stages(committee, one, two) == ["gathering"] * 2, "two signatures")
        before = _ballots(committee, stage.ref_slot)
        assert len(before) == 2
        for reporter in (one, two):
            reporter.kill()
        start([one, two, three])
        reported = committee.until_applied(stage.ref_slot)
        assert before < _ballots(committee, stage.ref_slot)
        assert reported.signatures == 3


def test_a_poster_killed_after_sending_sends_nothing_twice(stage: Stage) -> None:
    with stage.committee(5, common={"committee.turn_slots": 100}) as committee:
        poster = _first(committee, stage.ref_slot)
        committee.until(lambda: bool(events_of(poster, "report.posted")), "a post")
        poster.kill()
        committee.step(1)
        poster.start()
        poster.await_ready()
        committee.settle()
        committee.step(2)
        assert [each.report.ref_slot for each in committee.reports()] == [stage.ref_slot]
        assert poster.health().alarms == {}
        assert len(events_of(poster, "report.posted")) == 1


def test_the_next_in_turn_posts_for_one_who_is_stopped_and_who_comes_back_does_no_harm(
    stage: Stage,
) -> None:
    with stage.committee(5) as committee:
        committee.settle()
        first = _first(committee, stage.ref_slot)
        account = first.health().account
        second = _account_in_turn(committee, stage.ref_slot, 1)
        first.stop()
        reported = committee.until_applied(stage.ref_slot)
        assert reported.receipt.sender == second
        assert account not in reported.signers
        first.go_on()
        committee.step(3)
        assert [each.report.ref_slot for each in committee.reports()] == [stage.ref_slot]
        await_that(lambda: first.health().stage == "applied", "the end of its frame")
        assert first.health().alarms == {}


@pytest.mark.parametrize("keeps_events", [True, False], ids=["restarted", "without its file"])
def test_a_restarted_reporter_reads_the_frame_that_it_missed_and_not_the_chain(
    stage: Stage, *, keeps_events: bool
) -> None:
    """It reads each block after its file's last, and the reports since both slots it looks at."""
    next_slot = stage.ref_slot + stage.frame_slots
    with (
        counting(stage.execution_url) as node,
        stage.committee(3, own={1: {"network.execution": [node.url]}}) as committee,
    ):
        committee.until_applied(stage.ref_slot)
        one = committee.reporters[0]
        assert node.log_blocks > _blocks_of_keel(stage, stage.ref_slot)
        one.kill()
        if not keeps_events:
            (file,) = (one.service.folder / "state").glob("events-*.json")
            file.unlink()
        since_first = block_head(stage.chain.rpc).number - _block_of(stage, stage.ref_slot)
        node.log_blocks = 0
        one.start()
        one.await_ready()
        reported = committee.until_applied(next_slot, 2 * stage.frame_slots)
        assert same_numbers(reported.report, stage.seen(next_slot))
        assert committee.member(1) in reported.signers
        since_next = block_head(stage.chain.rpc).number - _block_of(stage, next_slot)
        bound = stage.frame_slots + since_first + since_next
        if keeps_events:
            assert 0 < node.log_blocks <= bound
        else:
            assert node.log_blocks > _blocks_of_keel(stage, next_slot) > bound


def _block_of(stage: Stage, slot: int) -> int:
    return stage.world.beacon.block_at(stage.world.configuration.geometry.time_of(slot))


def _blocks_of_keel(stage: Stage, slot: int) -> int:
    return _block_of(stage, slot) - stage.world.first_block


def _stages(committee: Committee, *reporters: Process) -> list[str]:
    return [health.stage for health in committee.health_of(*reporters)]


def _ballots(committee: Committee, ref_slot: int) -> set[tuple[str, str]]:
    """Signer and signature of everything that those who live serve at this moment."""
    return {
        (ballot.signer, ballot.signature.hex())
        for reporter in committee.reporters
        for ballot in ballots_of(reporter, ref_slot)
    }


def _first(committee: Committee, ref_slot: int) -> Process:
    account = _account_in_turn(committee, ref_slot, 0)
    numbers = range(1, len(committee.reporters) + 1)
    return next(
        committee.reporters[number - 1] for number in numbers if committee.member(number) == account
    )


def _account_in_turn(committee: Committee, ref_slot: int, place: int) -> str:
    members = committee.contracts.oracle.members()
    frame_slots = committee.world.configuration.geometry.frame_slots
    return posting_order(members, ref_slot, frame_slots)[place]
