"""Leaves go on from the vault's last report, whichever oracle took it (OPR-5, MOD-2)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from keel.chain.clock import now
from keel.chain.state import block_head
from keel.chain.transaction import Receipt
from keel.committee.timetable import Timetable
from keel.deploy.manifest import make_manifest
from keel.deploy.replacement import deploy_replacement, plan_replacement
from keel.deploy.sender import NodeSender
from keel.nodes.errors import NodeError
from keel.sight.event_file import EventFile
from keel.sight.event_index import EventIndex
from keel.sight.history import Historian
from keel.sight.protocol_view import UNKNOWN_ROOT, report_to_go_on_from
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract
from tests.unit.contracts.reporting import Reporting
from tests.unit.contracts.vaults import inputs_of, replace_modules

FIRST, SECOND = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def reporting(keel: Keel) -> Reporting:
    """Whoever replaces a module here binds it in bindings of its own."""
    return Reporting.of_members(replace(keel, quick=replace(keel.quick)))


def oracles_at(keel: Keel, number: int) -> Sequence[str]:
    history = Historian(keel.quick, keel.deployment.block).up_to(block_head(keel.rpc))
    return history.oracles(number)


def root_before(keel: Keel, ref_slot: int, number: int) -> bytes:
    """What the report of a slot goes on from, whose state names this block."""
    slot_of = Timetable(keel.configuration.geometry, 0).slot_at
    oracles = oracles_at(keel, number)
    last = report_to_go_on_from(keel.quick, oracles, slot_of, ref_slot, number)
    return last.operators_root


def newest_frame(reporting: Reporting) -> int:
    profile = reporting.keel.profile
    last_time = reporting.keel.quick.vault.consensus().lastRefTime
    final_seconds = max(now(reporting.keel.rpc) - reporting.final_at(0), 0)
    return max(final_seconds, last_time - reporting.ref_time(0)) // profile.frame_seconds


def report(reporting: Reporting, root: bytes) -> tuple[int, Receipt]:
    """Wait a frame and report it with this root of leaves; returns the slot and the receipt."""
    frame = newest_frame(reporting) + 1
    reporting.await_final(frame)
    seen = replace(reporting.quiet_report(frame), operators_root=root)
    receipt = reporting.submit(seen)
    assert reporting.was_applied(receipt)
    return seen.ref_slot, receipt


def set_successor(keel: Keel) -> str:
    """Put an oracle with the same parameters in the place of the deployed one."""
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    successor = plan_replacement(manifest, keel.artifacts, "oracle", "2")
    deploy_replacement(keel.rpc, successor, NodeSender(keel.rpc, keel.actors.stranger.address))
    replace_modules(keel, oracle=successor.address)
    assert keel.quick.follow_modules()
    return successor.address


def test_they_go_on_from_the_replaced_oracles_until_the_new_one_has_reported(
    reporting: Reporting,
) -> None:
    keel, old = reporting.keel, reporting.oracle.address
    slot, receipt = report(reporting, FIRST)
    step = keel.profile.frame_slots
    assert root_before(keel, slot + step, receipt.block_number) == FIRST
    new = set_successor(keel)
    replaced_at = block_head(keel.rpc).number
    assert oracles_at(keel, replaced_at) == (old, new)
    assert keel.quick.oracle.operatorsRoot() == bytes(32)
    assert root_before(keel, slot + step, replaced_at) == FIRST

    later_slot, later = report(reporting, SECOND)
    assert root_before(keel, later_slot + step, later.block_number) == SECOND
    # Also for a slot whose block is older than the new oracle, and not for the reported slot.
    assert root_before(keel, later_slot + step, receipt.block_number) == SECOND
    assert root_before(keel, later_slot, replaced_at) == FIRST


def test_they_go_on_from_the_last_report_when_the_first_oracle_comes_back(
    reporting: Reporting,
) -> None:
    keel, old = reporting.keel, reporting.oracle.address
    report(reporting, FIRST)
    new = set_successor(keel)
    slot, _ = report(reporting, SECOND)
    replace_modules(keel, oracle=old)
    assert keel.quick.follow_modules()
    number = block_head(keel.rpc).number
    assert oracles_at(keel, number) == (new, old)
    assert root_before(keel, slot + keel.profile.frame_slots, number) == SECOND


def test_nobody_knows_them_when_a_module_that_is_no_oracle_reported(reporting: Reporting) -> None:
    keel, good = reporting.keel, reporting.oracle.address
    slot, _ = report(reporting, FIRST)
    module = as_contract(keel.quick.queue)
    replace_modules(keel, oracle=module)
    number = block_head(keel.rpc).number
    assert root_before(keel, slot + 1, number) == FIRST  # it made no report yet
    vault = keel.quick.vault
    vault.applyReport.send(inputs_of(keel, vault.newestRefTime()), sender=module)
    replace_modules(keel, oracle=good)
    number = block_head(keel.rpc).number
    newest = reporting.ref_slot(newest_frame(reporting))
    assert root_before(keel, newest, number) == UNKNOWN_ROOT


def test_a_node_without_the_log_of_the_replacement_is_not_believed(reporting: Reporting) -> None:
    keel = reporting.keel
    slot, _ = report(reporting, FIRST)
    number = block_head(keel.rpc).number
    known = oracles_at(keel, number)
    slot_of = Timetable(keel.configuration.geometry, 0).slot_at
    last = report_to_go_on_from(keel.quick, known, slot_of, slot + 1, number)
    assert last.operators_root == FIRST
    set_successor(keel)
    number = block_head(keel.rpc).number
    with pytest.raises(NodeError, match="do not show that the oracle became 0x"):
        report_to_go_on_from(keel.quick, known, slot_of, slot + 1, number)


def test_an_index_has_the_reports_of_every_oracle_also_from_its_file(
    reporting: Reporting, tmp_path: Path
) -> None:
    keel, first_block = reporting.keel, reporting.keel.deployment.block
    names = {
        "registry": ("KeyStaked",),
        "vault": ("ModulesSet",),
        "oracle": ("ReportApplied",),
    }
    running = EventIndex(keel.quick, first_block, names)
    slot, _ = report(reporting, FIRST)
    running.follow(keel.rpc, block_head(keel.rpc))
    before = replace(keel.quick)
    set_successor(keel)
    later_slot, _ = report(reporting, SECOND)
    head = block_head(keel.rpc)
    file = EventFile(tmp_path, 31337)
    begun = [EventIndex(each, first_block, names, file) for each in (before, keel.quick)]
    for index in (running, *begun):
        index.follow(keel.rpc, head)
        applied = [event for event in index.events if event.name == "ReportApplied"]
        assert [event.inputs["refSlot"] for event in applied] == [slot, later_slot]
    read = EventIndex(keel.quick, first_block, names, file)
    assert read.events == begun[1].events
