"""Power cuts in mid-frame: each process is killed at every stage of its work and begins again."""

import json
import random
import time
from pathlib import Path

from keel.chain.state import block_head
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import next_reference_slot, report
from keel.scenarios.operators import predeposit_keys, write_key_file
from keel.scenarios.proofs import await_and_prove
from keel.scenarios.users import request_ticket
from tests.end_to_end.conftest import Begin
from tests.end_to_end.restarting import cut_power, start_all
from tests.end_to_end.story import Story
from tests.robustness.stage import await_that

_TICKET_WEI = 60 * ETHER
_WORK_SECONDS = 0.15
"""How long a process is busy with a head, more or less."""
_CHORES = ["stake", "report", "exit", "finalise", "sweep"]
"""All but operators' rewards, so that what waits in the pool is what the story waits for."""


def test_whoever_is_killed_anywhere_in_a_frame_stakes_reports_and_exits_once(
    validating_world: BeaconWorld, begin: Begin, tmp_path: Path
) -> None:
    _prove_another_key(validating_world, tmp_path)
    changes = {"keeper_1": {"keeper.chores": _CHORES}}
    with begin(validating_world, changes=changes) as story:
        circle = story.circle
        reporters, keepers = circle.reporters, circle.keepers
        sent = _sent(story)

        # The keeper has sent a stake that no block holds yet.
        assert _waiting(story) == 1
        cut_power(keepers)
        circle.advance(3, settle_each=True)
        assert len(story.staked()) == 25
        assert _sent(story) == {**sent, "keeper": sent["keeper"] + 1}

        # Some die long before the reference slot, and the last two with their signatures made.
        ref_slot = next_reference_slot(story.world)
        for reporter in reporters[2:]:
            reporter.kill()
        circle.until(
            lambda: [each.health().stage for each in reporters[:2]] == ["gathering"] * 2,
            "two signatures",
        )
        assert circle.due_ref_slot() == ref_slot
        signed = _signed(story)
        assert len(signed) == 2
        for reporter in reporters[:2]:
            reporter.kill()
        start_all(reporters)
        circle.settle()

        # Now one of them has posted, and no block holds it yet.
        await_that(lambda: _waiting(story) == 1, "a report sent")
        assert len(story.frames.applied) == 0
        cut_power(circle.processes)
        circle.settle()
        reported = circle.until_reported(ref_slot)
        assert (reported.report.ref_slot, reported.applied) == (ref_slot, True)
        assert signed.items() <= _signed(story).items()
        assert len(_signed(story)) == 5

        # A ticket makes the keeper ask for exits; all die with the request under way.
        ticket = request_ticket(story.world, "depositor", _TICKET_WEI)
        circle.settle()
        circle.until(lambda: _waiting(story) == 1, "a request for exits", 16)
        assert story.exits_asked() == []
        cut_power(circle.processes)
        circle.advance(4, settle_each=True)
        asked = story.exits_asked()
        assert len(set(asked)) == len(asked) == 2
        story.finalise(ticket)

        assert story.exits_asked() == asked
        assert len(story.staked()) == 25
        assert story.frames.ref_slots == list(
            range(ref_slot, story.frames.ref_slots[-1] + 1, story.frame_slots)
        )
        posted = sum(_sent(story)[name] - sent[name] for name in sent if name != "keeper")
        assert posted == len(story.frames.applied)
        assert story.contracts.queue.lastFinalised() == ticket
        story.frames.explained()


def test_kills_in_the_midst_of_every_slot_up_to_a_report_change_nothing(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    chance = random.Random(9)  # noqa: S311 (moments, nothing secret)
    with begin(validating_world) as story:
        circle, chain = story.circle, story.chain
        processes = circle.processes
        ref_slot = next_reference_slot(story.world)
        with story.unattended():
            while not story.frames.applied:
                assert chain.slot < ref_slot + story.frame_slots
                chain.step()
                time.sleep(chance.uniform(0, _WORK_SECONDS))
                killed = processes[chain.slot % len(processes)]
                killed.kill()
                killed.start()
                circle.settle()
                story.frames.at_every_final_frame()
        assert story.frames.ref_slots == [ref_slot]
        signed = [json.loads(content)["report"] for content in _signed(story).values()]
        assert 3 <= len(signed) <= 5
        assert all(each == signed[0] for each in signed)
        following = story.world.next_report()
        assert following.report.ref_slot == ref_slot + story.frame_slots
        circle.settle()
        assert [reporter.health().alarms for reporter in circle.reporters] == [{}] * 5
        assert (len(story.staked()), story.exits_asked()) == (24, [])


def _prove_another_key(world: BeaconWorld, folder: Path) -> None:
    """All keys are used; with one more the keeper can stake what is buffered. No report is due."""
    file = write_key_file(world, folder, first=90, count=1, number=9)
    predeposit_keys(world, 0, world.actors["operator_manager_1"], file)
    await_and_prove(world)
    report(world)


def _sent(story: Story) -> dict[str, int]:
    """Transactions of members and keeper that blocks hold, those that failed included."""
    actors = {name: address for name, address in story.world.actors.items() if name == "keeper"}
    members = {f"member {n}": address for n, address in enumerate(story.members)}
    latest = hex(block_head(story.world.rpc).number)
    return {
        name: int(story.chain.rpc.call("eth_getTransactionCount", address, latest), 16)
        for name, address in {**actors, **members}.items()
    }


def _waiting(story: Story) -> int:
    """Transactions that no block holds yet."""
    return int(story.chain.rpc.call("txpool_status")["pending"], 16)


def _signed(story: Story) -> dict[Path, bytes]:
    """What each member's journal says it signed for any slot."""
    return {
        path: path.read_bytes()
        for reporter in story.circle.reporters
        for path in reporter.service.folder.glob("state/signed/*")
    }
