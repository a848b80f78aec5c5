"""A beacon chain with five real reporters around it."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from keel.chain.anvil import start_anvil
from keel.chain.state import balance_wei, block_head, set_balance_wei
from keel.circle.errors import CircleError, LaggingError, NothingReportedError, ProcessError
from keel.circle.reports import reports_between
from keel.consensus.beacon.config import anvil_options
from keel.consensus.beacon.disk import load_chain, load_config, save_chain
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.scenarios.beacon_world import BeaconWorld, put_back
from keel.scenarios.circle_world import CircleWorld, circle_around, kill_in_mid_frame
from keel.scenarios.identity import BooksBrokenError, FrameCount, require_identity
from keel.scenarios.members import next_reference_slot
from tests.nursery import Rear


@pytest.fixture(scope="module")
def _circled(
    _validating_on_beacon: BeaconWorld,
    artifacts: Artifacts,
    rear: Rear,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[CircleWorld]:
    folder = tmp_path_factory.mktemp("circle")
    with (
        put_back(_validating_on_beacon) as world,
        circle_around(world, folder, artifacts, make_process=rear, keepers=0) as circled,
    ):
        yield circled


@pytest.fixture
def circled(_circled: CircleWorld) -> Iterator[CircleWorld]:
    """24 active validators, five reporters, no keeper; time goes on from test to test."""
    yield _circled
    for process in _circled.circle.processes:
        if not process.is_running:
            process.restart()
    _circled.circle.settle()


def test_the_reporters_report_the_next_reference_slot(circled: CircleWorld) -> None:
    ref_slot = next_reference_slot(circled)
    reported = circled.next_report()
    assert reported.applied
    assert reported.report.ref_slot == ref_slot
    assert reported.report.active_validators == 24
    members = {member.address for member in circled.members}
    assert 3 <= len(set(reported.signers) & members) == reported.signatures
    assert reported.receipt.sender in members
    require_identity(circled)


def test_what_a_report_did_is_read_from_the_chain(circled: CircleWorld) -> None:
    circled.next_report()
    reported = circled.next_report()
    rebased = reported.event("Rebased")
    assert rebased is not None
    assert reported.outcome.profitWei > 0
    assert rebased.inputs["sharesAfter"] == reported.outcome.sharesAfter
    assert rebased.inputs["assetsAfterWei"] == reported.outcome.assetsAfter
    assert rebased.inputs["unvestedAfterWei"] == reported.outcome.unvestedAfter
    last_block = block_head(circled.rpc).number
    found = reports_between(circled.contracts, reported.receipt.block_number, last_block)
    assert found == [reported]


def test_reports_are_read_on_a_chain_that_goes_on_without_its_older_states(
    circled: CircleWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    """Only what the oracle would have said cannot be asked any more."""
    reported, folder = circled.next_report(), tmp_path / "chain"
    assert reported.judgement is not None
    save_chain(circled.beacon.chain, folder)
    with start_anvil(anvil_options(load_config(folder))) as anvil:
        load_chain(folder, anvil.rpc)
        contracts = bind(anvil.rpc, circled.manifest.addresses, artifacts)
        *_, last = reports_between(contracts, 1, block_head(anvil.rpc).number)
    assert last == replace(reported, judgement=None, outcome=None)


def test_a_report_comes_without_a_member_that_was_killed(circled: CircleWorld) -> None:
    victim = circled.circle.reporters[0]
    killed = kill_in_mid_frame(circled, victim)
    assert killed.reported.applied
    assert circled.members[0].address not in killed.reported.signers
    victim.restart()
    circled.circle.settle()
    assert victim.health().head_slot == circled.beacon.chain.slot
    require_identity(circled)


def test_all_ether_is_counted_after_each_report(circled: CircleWorld) -> None:
    chain, vault = circled.beacon.chain, circled.contracts.vault.address
    count = FrameCount(circled)
    chain.watchers.append(count)
    try:
        circled.next_report()
        assert count.reports == 1
        set_balance_wei(circled.rpc, vault, balance_wei(circled.rpc, vault) + 1)
        with pytest.raises(BooksBrokenError, match=r": \+1 wei$"):
            circled.next_report()
    finally:
        chain.watchers.remove(count)
        set_balance_wei(circled.rpc, vault, balance_wei(circled.rpc, vault) - 1)
    require_identity(circled)


def test_everybody_has_seen_each_slot_when_it_is_asked_for(circled: CircleWorld) -> None:
    circled.circle.advance(3, settle_each=True)
    slot = circled.beacon.chain.slot
    assert {each.health().head_slot for each in circled.circle.processes} == {slot}


def test_a_missed_slot_is_not_waited_for(circled: CircleWorld) -> None:
    chain = circled.beacon.chain
    chain.participation.miss([chain.slot + 2])
    circled.circle.advance(2, settle_each=True)
    seen = {each.health().head_slot for each in circled.circle.processes}
    assert seen == {chain.slot - 1}


def test_a_report_is_found_after_missed_slots(circled: CircleWorld) -> None:
    chain = circled.beacon.chain
    chain.participation.miss(range(chain.slot + 2, chain.slot + 5))
    assert circled.next_report().applied


def test_nobody_waits_for_a_stopped_process_until_it_goes_on(circled: CircleWorld) -> None:
    circle = circled.circle
    stopped = circle.reporters[4]
    stopped.stop()
    circle.advance(2, settle_each=True)
    stopped.go_on()
    circle.settle()
    assert stopped.health().head_slot == circled.beacon.chain.slot


def test_who_lags_is_named_with_its_stage(circled: CircleWorld) -> None:
    silent = circled.circle.reporters[1]
    assert silent.pid is not None
    os.kill(silent.pid, signal.SIGSTOP)
    circled.beacon.chain.step()
    try:
        with pytest.raises(LaggingError, match=r"processed in 4 s by reporter_2 does not ans"):
            circled.circle.settle(timeout_seconds=4)
    finally:
        os.kill(silent.pid, signal.SIGCONT)


def test_a_process_that_ended_by_itself_is_an_error(circled: CircleWorld) -> None:
    victim = circled.circle.reporters[2]
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    with pytest.raises(ProcessError, match="reporter_3 ended with code -9: "):
        circled.circle.until(lambda: False, "nothing", most_slots=3)


def test_without_a_quorum_nobody_reports_and_it_is_said_how_all_are(circled: CircleWorld) -> None:
    for process in circled.circle.reporters[:3]:
        process.kill()
    with pytest.raises(
        NothingReportedError, match=r"reporter_1 \(ended with code -9\).*reporter_4"
    ):
        circled.circle.until_reported(most_slots=64)


def test_what_does_not_happen_is_given_up(circled: CircleWorld) -> None:
    with pytest.raises(CircleError, match="snow did not happen within 2 slots"):
        circled.circle.until(lambda: False, "snow", most_slots=2)
