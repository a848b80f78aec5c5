"""Everything at once, by chance: frames are reported to the wei as long as enough is well."""

import random
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest

from keel.circle.errors import CircleError
from keel.circle.process import Process
from tests.robustness import lies
from tests.robustness.ballots import journalled
from tests.robustness.faulty import FaultyNode, cutting, honest, in_front_of, silent, slow
from tests.robustness.stage import (
    SHORT_NODE_TIMEOUT,
    Committee,
    Stage,
    await_that,
    same_numbers,
)

FRAMES = 2
NEVER_DOWN = 3
"""Members of five that nobody kills or stops at the same moment."""


@pytest.mark.parametrize("seed", [3])
def test_one_bad_node_of_each_layer_and_two_members_down_stop_no_frame(
    stage: Stage, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 (nothing secret)
    with ExitStack() as stack:
        beacon = stack.enter_context(in_front_of(stage.beacon_url, 3))
        execution = stack.enter_context(in_front_of(stage.execution_url, 3))
        common = {
            "network.beacon": [node.url for node in beacon],
            "network.beacon_agree": 2,
            "network.execution": [node.url for node in execution],
            "network.execution_agree": 2,
            "network.timeout_seconds": SHORT_NODE_TIMEOUT,
        }
        committee = stack.enter_context(stage.committee(5, common=common))
        storm = _Storm(stage, chance, beacon, execution, committee)
        for frame in range(FRAMES):
            ref_slot = stage.ref_slot + frame * stage.frame_slots
            stage.chain.to_slot(ref_slot + 15)
            storm.rage(ref_slot)
        reports = committee.reports()
        assert [each.report.ref_slot for each in reports] == [
            stage.ref_slot + frame * stage.frame_slots for frame in range(FRAMES)
        ]
        for reported in reports:
            seen = stage.seen(reported.report.ref_slot)
            assert same_numbers(reported.report, seen)
            for reporter in committee.reporters:
                for signed in journalled(reporter, reported.report.ref_slot):
                    assert signed == reported.report


class _Storm:
    def __init__(
        self,
        stage: Stage,
        chance: random.Random,
        beacon: list[FaultyNode],
        execution: list[FaultyNode],
        committee: Committee,
    ) -> None:
        self.stage, self.chance, self.committee = stage, chance, committee
        self.layers = [(beacon, self._beacon_faults()), (execution, self._execution_faults())]

    def rage(self, ref_slot: int, most_slots: int = 16) -> None:
        """Let slots pass, something else bad in each, until a slot is reported."""
        for _ in range(most_slots):
            self._change_nodes()
            self._change_members()
            self.stage.chain.run(1)
            if self._is_reported_soon(ref_slot):
                return
        raise AssertionError(
            f"slot {ref_slot} was not reported: "
            + "; ".join(f"{each.name} {_state(each)}" for each in self.committee.reporters)
        )

    def _is_reported_soon(self, ref_slot: int) -> bool:
        try:
            await_that(lambda: self.committee.last_ref_slot() == ref_slot, "a report", 1.0)
        except AssertionError:
            return False
        return True

    def _change_nodes(self) -> None:
        for nodes, faults in self.layers:
            for node in nodes:
                node.be(honest)
                node.listen()
            self.chance.choice(faults)(self.chance.choice(nodes))

    def _change_members(self) -> None:
        for reporter in self.committee.reporters:
            if not reporter.is_running:
                reporter.start()
            elif reporter.is_stopped:
                reporter.go_on()
        victims = self.chance.sample(self.committee.reporters, 5 - NEVER_DOWN)
        for victim in victims:
            self.chance.choice([Process.kill, Process.stop])(victim)

    def _beacon_faults(self) -> list[Callable[[FaultyNode], None]]:
        spec, ours = self.stage.chain.spec, self.stage.one_of_ours
        return [
            *_ANY_FAULTS,
            lambda node: node.be(lies.other_root),
            lambda node: node.be(lies.richer_bytes(spec, ours)),
            lambda node: node.be(lies.richer_chain(spec, ours)),
            lambda node: node.be(lies.other_finality(+2)),
        ]

    def _execution_faults(self) -> list[Callable[[FaultyNode], None]]:
        return [
            *_ANY_FAULTS,
            lambda node: node.be(lies.other_results("eth_call", lies.another_word)),
            lambda node: node.be(lies.other_results("eth_getBalance", lies.another_word)),
            lambda node: node.be(lies.other_results("eth_getBlockByNumber", lies.another_hash)),
        ]


_ANY_FAULTS: list[Callable[[FaultyNode], None]] = [
    lambda node: node.be(silent),
    lambda node: node.be(cutting),
    lambda node: node.be(slow(2 * SHORT_NODE_TIMEOUT)),
    FaultyNode.refuse,
]


def _state(process: Process) -> str:
    with suppress(CircleError):
        health = process.health()
        return f"{health.stage} {health.ref_slot} {health.alarms}"
    return "does not answer"
