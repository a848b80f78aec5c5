"""Beacon nodes that are slow, silent, unreachable, broken or lying, in front of real reporters."""

from collections.abc import Callable, Iterator

import pytest

from tests.robustness import lies
from tests.robustness.faulty import FaultyNode, cutting, honest, in_front_of, silent, slow
from tests.robustness.stage import (
    SHORT_NODE_TIMEOUT,
    Stage,
    await_alarm,
    events_of,
    nodes_named,
    same_numbers,
)

type Fail = Callable[[Stage, FaultyNode], None]


@pytest.fixture
def nodes(stage: Stage) -> Iterator[list[FaultyNode]]:
    """Three beacon nodes of one chain, honest until a test says otherwise."""
    with in_front_of(stage.beacon_url, 3) as nodes:
        yield nodes


def _by(nodes: list[FaultyNode], agree: int) -> dict[str, object]:
    return {"network.beacon": [node.url for node in nodes], "network.beacon_agree": agree}


def _richer(stage: Stage, node: FaultyNode) -> None:
    node.be(lies.richer_bytes(stage.chain.spec, stage.one_of_ours))


FAULTS: dict[str, Fail] = {
    "slow": lambda _, node: node.be(slow(3 * SHORT_NODE_TIMEOUT)),
    "silent": lambda _, node: node.be(silent),
    "unreachable": lambda _, node: node.refuse(),
    "cut in half": lambda _, node: node.be(cutting),
    "another root": lambda _, node: node.be(lies.other_root),
    "another balance": _richer,
}


LATE = ("slow", "silent")
"""The faults that only time tells."""


@pytest.mark.parametrize("fault", FAULTS)
def test_one_bad_node_of_three_changes_nothing_and_is_named(
    stage: Stage, nodes: list[FaultyNode], fault: str
) -> None:
    common = _by(nodes, agree=2)
    if fault in LATE:
        common["network.timeout_seconds"] = SHORT_NODE_TIMEOUT
    with stage.committee(common=common) as committee:
        committee.settle()
        FAULTS[fault](stage, nodes[0])
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert nodes_named(*committee.reporters) == {nodes[0].name}


def test_nodes_that_are_merely_slow_are_waited_for(stage: Stage, nodes: list[FaultyNode]) -> None:
    for node in nodes:
        node.be(slow(SHORT_NODE_TIMEOUT / 20))
    with stage.committee(common=_by(nodes, agree=2)) as committee:
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert nodes_named(*committee.reporters) == set()


def test_nobody_believes_one_node_that_calls_more_final(
    stage: Stage, nodes: list[FaultyNode]
) -> None:
    nodes[0].be(lies.other_finality(+2))
    with stage.committee(common=_by(nodes, agree=2)) as committee:
        committee.settle()
        assert {health.stage for health in committee.health()} == {"finality"}
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())


def test_two_nodes_that_lie_differently_stop_the_report_until_they_are_well(
    stage: Stage, nodes: list[FaultyNode]
) -> None:
    with stage.committee(common=_by(nodes, agree=2)) as committee:
        committee.settle()
        nodes[0].be(lies.other_root)
        nodes[1].be(lies.richer_chain(stage.chain.spec, stage.one_of_ours))
        stage.chain.run(1)
        for reporter in committee.reporters:
            text = await_alarm(reporter, "nodes")
            assert f"the state root of slot {stage.ref_slot}" in text
            assert all(node.name in text for node in nodes)
            assert events_of(reporter, "report.signed") == []
        nodes[0].be(honest)
        committee.until_applied_at_leisure(stage.ref_slot)
        assert same_numbers(committee.reports()[0].report, stage.seen())
        assert all("nodes" not in health.alarms for health in committee.health())


def test_two_nodes_that_lie_alike_are_believed_where_two_suffice_and_not_where_three_do(
    stage: Stage, nodes: list[FaultyNode]
) -> None:
    """What agreement buys: `beacon_agree` lying nodes make the lie the member's own view."""
    lie = lies.richer_chain(stage.chain.spec, stage.one_of_ours)
    nodes[0].be(lie)
    nodes[1].be(lie)
    with stage.committee(2, own={1: _by(nodes, agree=2), 2: _by(nodes, agree=3)}) as committee:
        believing, careful = committee.reporters
        stage.chain.run(1)
        await_alarm(careful, "nodes", holding=nodes[2].name)
        committee.await_event(believing, "report.signed")
        assert nodes_named(believing) == {nodes[2].name}
        assert events_of(careful, "report.signed") == []
