"""Reporters as real processes: they agree, post in turn, and survive what happens to members."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from keel.chain.state import block_head
from keel.circle.errors import CircleError
from keel.committee.ballot import Ballot
from keel.committee.peers import Peers
from keel.consensus.beacon.participation import enough_to_stop_finality
from keel.deploy.artifacts import Artifacts
from keel.model.commitment import operators_tree
from keel.model.report import Report
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.identity import last_ref_time, require_identity
from keel.scenarios.members import look, next_reference_slot, operator_totals, post
from tests.nursery import Rear
from tests.reporter.stage import (
    committee,
    journal_of,
    metric,
    posters,
    signed_by,
    timetable,
)


def test_members_agree_and_the_first_in_turn_posts(
    beacon_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    with committee(beacon_world, tmp_path, artifacts, rear) as world:
        ref_slot = next_reference_slot(world)
        first = posters(world, ref_slot)[0]
        reported = world.next_report()
        world.circle.settle()
        assert (reported.report.ref_slot, reported.applied) == (ref_slot, True)
        assert set(reported.signers) == {member.address for member in world.members[:3]}
        assert reported.receipt.sender == first.health().account
        for reporter in world.circle.reporters:
            health = reporter.health()
            assert (health.status, health.ref_slot, health.stage) == ("ok", ref_slot, "applied")
            assert metric(reporter, "keel_reporter_applied_ref_slot") == ref_slot
            assert metric(reporter, "keel_reporter_posts_total") == (reporter is first)
        require_identity(world)
        assert [reporter.terminate() for reporter in world.circle.reporters] == [0, 0, 0]


def test_a_dry_run_shows_and_neither_serves_nor_sends(
    beacon_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    with committee(beacon_world, tmp_path, artifacts, rear, change={"dry_run": True}) as world:
        ref_slot = next_reference_slot(world)
        reporter = world.circle.reporters[0]
        world.circle.until(lambda: reporter.health().stage == "dry run", "a report is shown")
        assert reporter.health().ref_slot == ref_slot
        log = reporter.service.log_path.read_text()
        assert '"event": "report.built"' in log
        assert "report.signed" not in log
        assert list((reporter.service.folder / "state").glob("signed/*")) == []
        with Peers([str(reporter.service.serving_url)], 1) as peers:
            assert peers.ballots(ref_slot) == []
            assert "refused" in peers.problems[str(reporter.service.serving_url)]
        with pytest.raises(CircleError):
            world.circle.until(lambda: world.circle.due_ref_slot() is None, "a report", 4)


def test_the_next_in_turn_posts_when_the_first_is_stopped(
    beacon_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    with committee(beacon_world, tmp_path, artifacts, rear, reporters=4) as world:
        ref_slot = next_reference_slot(world)
        first, second, *_ = posters(world, ref_slot)
        account = second.health().account
        first.stop()
        reported = world.next_report()
        assert reported.applied
        assert reported.receipt.sender == account
        assert reported.signatures == 3
        first.go_on()
        world.circle.settle()
        assert first.health().stage == "applied"


def test_members_that_were_killed_in_mid_frame_sign_the_same_again(
    beacon_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    with committee(beacon_world, tmp_path, artifacts, rear) as world:
        one, two, three = world.circle.reporters
        three.kill()
        world.circle.until(
            lambda: {one.health().stage, two.health().stage} == {"gathering"}, "two signatures"
        )
        intents = {path: path.read_bytes() for path in tmp_path.glob("reporter_*/state/signed/*")}
        assert len(intents) == 2
        for reporter in (one, two, three):
            reporter.restart()
        reported = world.circle.until_reported(world.circle.due_ref_slot())
        assert (reported.applied, reported.signatures) == (True, 3)
        assert {path: path.read_bytes() for path in intents} == intents


def test_who_signs_something_else_is_named_and_stops_nobody(
    beacon_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    with committee(beacon_world, tmp_path, artifacts, rear) as world:
        ref_slot = next_reference_slot(world)
        wait = timetable(world).reportable_at(ref_slot)
        world.beacon.go_to(wait - 12)
        reporter = world.circle.reporters[0]
        lie = Report(ref_slot, consensus_balance_gwei=7)
        with Peers([str(reporter.service.serving_url)], 2) as peers:
            peers.offer([signed_by(world, 4, lie)])
            assert peers.problems == {}
        reported = world.circle.until_reported(ref_slot)
        world.circle.settle()
        assert reported.applied
        assert reporter.health().alarms["disagreement"] == (
            f"slot {ref_slot}: {world.members[4].address} signed consensus_balance_gwei 7 "
            "where we have 0"
        )
        world.circle.until_reported()
        world.circle.settle()
        assert reporter.health().alarms == {}


def test_a_member_that_signed_another_report_signs_no_second(
    beacon_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    with committee(beacon_world, tmp_path, artifacts, rear, reporters=4) as world:
        ref_slot = next_reference_slot(world)
        doubter = world.circle.reporters[0]
        earlier = signed_by(world, 0, Report(ref_slot, consensus_balance_gwei=7))
        ballot: Ballot = earlier.ballot(31337, world.contracts.oracle.address)
        journal_of(doubter).intend(ballot, earlier.signer, 0)
        reported = world.next_report()
        world.circle.settle()
        assert reported.applied
        assert earlier.signer not in reported.signers
        assert doubter.health().alarms == {
            "conflicting_view": f"slot {ref_slot}: consensus_balance_gwei signed as 7, now 0; "
            "nothing else is signed"
        }


def test_a_member_that_was_removed_looks_on_and_the_others_sign_anew(
    beacon_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    world_before = beacon_world
    oracle, manager = world_before.contracts.oracle, world_before.contracts.manager
    holder = world_before.configuration.address(world_before.configuration.holders["COMMITTEE"][0])
    removed = world_before.members[0].address
    data = oracle.setMembers.encode([], [removed], 3)
    manager.schedule.send(oracle.address, data, 0, sender=holder)
    frame = world_before.configuration.geometry.frame_slots
    world_before.beacon.chain.run(7 * frame)
    with committee(world_before, tmp_path, artifacts, rear, reporters=4) as world:
        one, two, three, four = world.circle.reporters
        three.kill()
        four.kill()
        stages = {"gathering"}
        world.circle.until(
            lambda: {one.health().stage, two.health().stage} == stages, "two signatures"
        )
        ref_slot = world.circle.due_ref_slot()
        manager.execute.send(oracle.address, data, sender=holder)
        three.restart()
        four.restart()
        reported = world.circle.until_reported(ref_slot)
        world.circle.settle()
        assert reported.applied
        assert set(reported.signers) == {member.address for member in world.members[1:4]}
        alarms = one.health().alarms
        assert re.match(rf"{removed} is not a member of the committee", alarms["member_removed"])


def test_a_report_waits_for_finality_and_is_told_to_be_late(
    beacon_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    chain = beacon_world.beacon.chain
    chain.participation.go_offline(enough_to_stop_finality(chain.spec, chain.state))
    with committee(
        beacon_world, tmp_path, artifacts, rear, reporters=1, change={"committee.late_slots": 3}
    ) as world:
        (reporter,) = world.circle.reporters
        ref_slot = next_reference_slot(world)
        due = timetable(world).reportable_at(ref_slot)
        world.beacon.go_to(due)
        world.circle.settle()
        assert (reporter.health().stage, reporter.health().ref_slot) == ("finality", ref_slot)
        assert reporter.health().alarms == {}
        at = due + 3 * 12
        while block_head(world.rpc).timestamp < due + 3 * 12:  # offline proposers miss slots
            world.beacon.go_to(at)
            at += 12
        world.circle.settle()
        late = (block_head(world.rpc).timestamp - due) // 12
        assert reporter.health().alarms == {
            "late_report": f"slot {ref_slot} is not reported, {late} slots after it could be; "
            "here: finality"
        }


def test_leaves_that_one_member_has_serve_all(
    validating_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    leaves = operator_totals(
        validating_world, validating_world.reward_leaves, last_ref_time(validating_world)
    )
    validating_world.reward_leaves = {}
    with committee(validating_world, tmp_path, artifacts, rear) as world:
        reporters = world.circle.reporters
        world.circle.until(
            lambda: all("leaves_missing" in each.health().alarms for each in reporters),
            "the leaves are missed",
        )
        journal_of(reporters[0]).keep_leaves(leaves)
        reported = world.circle.until_reported(world.circle.due_ref_slot())
        world.circle.settle()
        assert (reported.applied, reported.signatures) == (True, 3)
        assert [each.health().alarms for each in reporters] == [{}, {}, {}]
        require_identity(world)


def test_leaves_that_nobody_has_begin_anew_when_the_committee_says_so(
    validating_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    validating_world.reward_leaves = {}
    ref_slot = next_reference_slot(validating_world)
    change: dict[str, object] = {"committee.rebuild_leaves_at": ref_slot}
    with committee(validating_world, tmp_path, artifacts, rear, change=change) as world:
        reported = world.next_report()
        assert (reported.report.ref_slot, reported.applied) == (ref_slot, True)
        assert reported.report.operators_root != bytes(32)
        assert world.next_report().applied
        require_identity(world)


def test_false_leaves_above_what_was_minted_are_an_alarm_and_can_be_begun_anew(
    validating_world: BeaconWorld, artifacts: Artifacts, rear: Rear, tmp_path: Path
) -> None:
    world = validating_world
    ref_slot = next_reference_slot(world)
    ref_time = world.configuration.geometry.time_of(ref_slot)
    world.beacon.go_to(ref_time)
    world.beacon.await_final(ref_time)
    world.beacon.follow()
    seen, shares = look(world, ref_slot)
    false_shares = {number: each + 10**27 for number, each in shares.items()}
    leaves = operator_totals(world, false_shares, ref_time)
    lie = replace(seen, operators_root=operators_tree(leaves).root)
    assert post(world, lie, world.members).applied
    beyond = next_reference_slot(world) + world.configuration.geometry.frame_slots
    change: dict[str, object] = {"committee.rebuild_leaves_at": beyond}
    with committee(world, tmp_path, artifacts, rear, change=change) as circled:
        reporters = circled.circle.reporters
        for each in reporters:
            journal_of(each).keep_leaves(leaves)
        circled.circle.until(
            lambda: all("leaves_above_minted" in each.health().alarms for each in reporters),
            "the alarm",
        )
        for each in reporters:
            alarms = each.health().alarms
            assert alarms.keys() == {"leaves_above_minted"}
            assert re.search(r"the previous leaves hold \d{28} shares", str(alarms))
        reported = circled.circle.until_reported(beyond)
        circled.circle.settle()
        assert reported.applied
        assert [each.health().alarms for each in reporters] == [{}, {}, {}]
