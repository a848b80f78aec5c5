"""Governance replaces the oracle, then the fund, while reporters and the keeper work."""

from collections.abc import Sequence
from dataclasses import astuple, replace
from pathlib import Path

import orjson
from eth_abi.abi import decode as abi_decode
from eth_utils.crypto import keccak

from keel.chain.clock import now
from keel.chain.state import block_head, runtime_code
from keel.circle.process import Process
from keel.dashboard.deployment import KnownDeployment
from keel.dashboard.watcher import Watcher
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import Bindings
from keel.deploy.manifest import Manifest, make_manifest
from keel.deploy.replacement import (
    Replacement,
    ScheduledCall,
    calls_for,
    deploy_replacement,
    plan_replacement,
)
from keel.deploy.sender import NodeSender
from keel.deploy.verify import differences
from keel.model.commitment import operators_tree
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.circle_world import has_signed
from keel.scenarios.users import underwrite
from tests.causes import fails
from tests.end_to_end.conftest import Begin
from tests.end_to_end.losses import (
    indices_of_operator,
    require_same_parts,
    shared_by_model,
    slash,
)
from tests.end_to_end.restarting import start_all
from tests.end_to_end.story import Story
from tests.robustness.stage import await_that

_UNDERWRITTEN_WEI = 20 * ETHER


def test_reports_rewards_and_cover_go_on_with_another_oracle_and_another_fund(
    validating_world: BeaconWorld, begin: Begin, artifacts: Artifacts, tmp_path: Path
) -> None:
    """MOD-1, MOD-2, MOD-3."""
    world, old = validating_world, replace(validating_world.contracts)
    oracle, fund = _deployed(world, artifacts)
    to_oracle, to_fund = calls_for(world.rpc, oracle), calls_for(world.rpc, fund)
    false = _with_another_hash(world, to_oracle[0])
    _schedule(world, [*to_oracle, *to_fund, false])
    with fails("AccessManagerNotReady", operationId=_operation(world, to_oracle[0])):
        _execute(world, to_oracle[:1])
    due = now(world.rpc) + to_oracle[0].delay_seconds
    while now(world.rpc) < due - 2 * world.profile.frame_seconds:
        world.next_report()

    with begin(world) as story, _page(story, tmp_path) as page:
        (keeper,) = story.circle.keepers
        keeper.stop()
        story.reports(1)
        _claim(story, 0)
        story.world.beacon.go_to(max(due, now(story.world.rpc)))
        late = _two_have_signed(story)
        expected, actual = _code_hash(world, fund.address), _code_hash(world, oracle.address)
        with fails("CodeChanged", account=oracle.address, expected=expected, actual=actual):
            _execute(story.world, [false])
        _execute(story.world, to_oracle)
        assert story.contracts.follow_modules()
        assert story.contracts.oracle.address == oracle.address
        start_all(late)
        keeper.go_on()
        _oracle_goes_on(story, old)

        _execute(story.world, to_fund)
        assert story.contracts.follow_modules()
        assert story.contracts.fund.address == fund.address
        _fund_covers(story, old)

        _require_shown(page, story)

        # The manifest with both is what stands on the chain; the one before is not.
        rpc = story.world.rpc
        assert differences(rpc, _written(world, fund, artifacts), artifacts) == []
        found = differences(rpc, world.manifest, artifacts)
        assert any(each.startswith("StakingVault.modules is") for each in found)


def _deployed(world: BeaconWorld, artifacts: Artifacts) -> tuple[Replacement, Replacement]:
    """An oracle of four of the five members, and a fund for the time when it is in place."""
    sender = NodeSender(world.rpc, world.actors["stranger"])
    config = world.configuration.model_copy(update={"members": world.configuration.members[:4]})
    oracle = plan_replacement(world.manifest, artifacts, "oracle", "2", config)
    deploy_replacement(world.rpc, oracle, sender)
    fund = plan_replacement(_written(world, oracle, artifacts), artifacts, "fund", "2")
    deploy_replacement(world.rpc, fund, sender)
    return oracle, fund


def _written(world: BeaconWorld, replacement: Replacement, artifacts: Artifacts) -> Manifest:
    return make_manifest(world.rpc, replacement.plan, world.manifest.block, artifacts)


def _with_another_hash(world: BeaconWorld, call: ScheduledCall) -> ScheduledCall:
    """The same modules, but the oracle is to have the fund's code."""
    types = ["(address,address,address)", "bytes32[3]"]
    modules, (_, fund_hash, proofs_hash) = abi_decode(types, call.data[4:])
    data = world.contracts.vault.setModules.encode(modules, [fund_hash, fund_hash, proofs_hash])
    return replace(call, data=data)


def _code_hash(world: BeaconWorld, address: str) -> bytes:
    return bytes(keccak(runtime_code(world.rpc, address)))


def _operation(world: BeaconWorld, call: ScheduledCall) -> bytes:
    return world.contracts.manager.hashOperation(call.holders[0], call.target, call.data)


def _schedule(world: BeaconWorld, calls: Sequence[ScheduledCall]) -> None:
    for call in calls:
        schedule = world.contracts.manager.schedule
        schedule.send(call.target, call.data, 0, sender=call.holders[0])


def _execute(world: BeaconWorld, calls: Sequence[ScheduledCall]) -> None:
    for call in calls:
        world.contracts.manager.execute.send(call.target, call.data, sender=call.holders[0])


def _claim(story: Story, operator_id: int) -> None:
    """Let somebody claim what the last report says that one operator has earned."""
    leaves, registry = story.frames.last.leaves, story.contracts.registry
    proof = operators_tree(leaves).proof(operator_id)
    leaf = leaves[operator_id]
    before = registry.claimedShares(operator_id)
    registry.claimRewards.send(astuple(leaf), list(proof), sender=story.world.actors["attacker"])
    assert registry.claimedShares(operator_id) == leaf.cumulative_reward_shares > before


def _two_have_signed(story: Story) -> Sequence[Process]:
    """Wait until two members have signed the next report; returns the others, which are killed."""
    signers, others = story.circle.reporters[:2], story.circle.reporters[2:]
    for reporter in others:
        reporter.kill()
    story.circle.until(
        lambda: [each.health().stage for each in signers] == ["gathering"] * 2, "two signatures"
    )
    assert has_signed(signers[0], story.members[1], story.circle.due_ref_slot() or 0)
    return others


def _oracle_goes_on(story: Story, old: Bindings) -> None:
    """The very next slot is reported to the new oracle, with the leaves that the old one had.

    Who signed it for the old one signs again.
    """
    before, circle = story.frames.last, story.circle
    ref_slot = before.ref_slot + story.frame_slots
    first = circle.until_reported(ref_slot)
    assert (first.applied, first.report.ref_slot) == (True, ref_slot)
    assert old.oracle.lastReport().refSlot == before.ref_slot
    assert set(first.signers) <= set(story.members[:4])
    for earlier, leaf in zip(before.leaves, story.frames.last.leaves, strict=True):
        assert leaf.cumulative_reward_shares > earlier.cumulative_reward_shares > 0
    circle.settle()
    line = {"before": old.oracle.address, "oracle": story.contracts.oracle.address}
    for reporter in circle.reporters:
        told = map(orjson.loads, reporter.service.log_path.read_bytes().splitlines())
        lines = [each for each in told if each["event"] == "oracle.replaced"]
        assert [{key: each[key] for key in line} for each in lines] == [line]
    *members, outsider = circle.reporters
    assert [member.health().alarms for member in members] == [{}] * 4
    assert list(outsider.health().alarms) == ["member_removed"]
    assert not has_signed(members[0], story.members[4], ref_slot)
    _keeper_pays(story)


def _page(story: Story, folder: Path) -> Watcher:
    """What the page reads, by the manifest of before; it needs no beacon node here."""
    known = KnownDeployment.read(folder / "manifest.json")
    return Watcher(known, story.world.rpc.url, "http://127.0.0.1:9")


def _require_shown(page: Watcher, story: Story) -> None:
    head = block_head(story.world.rpc).number
    await_that(
        lambda: page.view.snapshot is not None and page.view.snapshot.head.number == head,
        "the page's snapshot",
    )
    layer, fund = page.view.layer, story.contracts.fund
    assert layer is not None
    assert layer.snapshot.oracle.members == tuple(story.members[:4])
    assert layer.snapshot.fund.units == fund.totalAssets() > 0
    votes = [column.vote for column in layer.grid.columns if column.vote is not None]
    by_slot = {vote.ref_slot: set(vote.signers or ()) for vote in votes}
    for frame in story.frames.applied:  # by either oracle
        assert by_slot[frame.ref_slot] == set(frame.reported.signers)


def _keeper_pays(story: Story) -> None:
    """Everyone gets what was earned before and since, once; only remainders stay."""
    registry, leaves = story.contracts.registry, story.frames.last.leaves
    earned = {leaf.operator_id: leaf.cumulative_reward_shares for leaf in leaves}
    story.circle.until(
        lambda: {each: registry.claimedShares(each) for each in earned} == earned, "all claims", 8
    )
    paid = dict.fromkeys(earned, 0)
    for event in story.events(registry, "RewardsClaimed"):
        paid[event.inputs["operatorId"]] += event.inputs["shares"]
    assert paid == earned
    assert set(story.circle.keepers[0].health().alarms) <= {"keys_exhausted"}


def _fund_covers(story: Story, old: Bindings) -> None:
    """A loss is the new fund's; those who underwrote the old one bear nothing of it."""
    world, wrapped = story.world, story.contracts.wrapped
    held_units = wrapped.balanceOf(old.fund.address)
    underwriter = world.actors["underwriter"]
    assert old.fund.maxWithdraw(underwriter) == 0  # shares wait for their cooldown, as before
    underwrite(world, "holder", _UNDERWRITTEN_WEI)
    slashed = slash(story.chain, indices_of_operator(world, 0, 1))
    frame = slashed.slot // story.frame_slots  # which may end with this very slot
    reported = story.circle.until_reported((frame + 1) * story.frame_slots - 1)
    expected = shared_by_model(story, reported)
    assert expected.cover_wei > 0
    require_same_parts(reported, expected)
    assert wrapped.balanceOf(old.fund.address) == held_units > 3 * ETHER
