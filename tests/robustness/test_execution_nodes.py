"""Execution nodes that are slow, silent, unreachable, broken or lying, before real reporters."""

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

type Fail = Callable[[FaultyNode], None]


@pytest.fixture
def nodes(stage: Stage) -> Iterator[list[FaultyNode]]:
    """Three execution nodes of one chain, honest until a test says otherwise."""
    with in_front_of(stage.execution_url, 3) as nodes:
        yield nodes


def _by(nodes: list[FaultyNode], agree: int) -> dict[str, object]:
    return {"network.execution": [node.url for node in nodes], "network.execution_agree": agree}


FAULTS: dict[str, Fail] = {
    "slow": lambda node: node.be(slow(3 * SHORT_NODE_TIMEOUT)),
    "silent": lambda node: node.be(silent),
    "unreachable": FaultyNode.refuse,
    "cut in half": lambda node: node.be(cutting),
    "another answer to calls": lambda node: node.be(
        lies.other_results("eth_call", lies.another_word)
    ),
    "another balance": lambda node: node.be(
        lies.other_results("eth_getBalance", lies.another_word)
    ),
    "another block": lambda node: node.be(
        lies.other_results("eth_getBlockByNumber", lies.another_hash)
    ),
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
        FAULTS[fault](nodes[0])
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert nodes_named(*committee.reporters) == {nodes[0].name}


def test_nodes_that_are_merely_slow_are_waited_for(stage: Stage, nodes: list[FaultyNode]) -> None:
    for node in nodes:
        node.be(slow(SHORT_NODE_TIMEOUT / 50))
    with stage.committee(common=_by(nodes, agree=2)) as committee:
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert nodes_named(*committee.reporters) == set()


def test_two_nodes_that_lie_differently_stop_the_report_until_they_are_well(
    stage: Stage, nodes: list[FaultyNode]
) -> None:
    with stage.committee(common=_by(nodes, agree=2)) as committee:
        committee.settle()
        nodes[0].be(lies.other_results("eth_call", lies.another_word))
        nodes[1].be(lies.other_results("eth_call", lies.yet_another_word))
        stage.chain.run(1)
        for reporter in committee.reporters:
            text = await_alarm(reporter, "nodes")
            assert all(node.name in text for node in nodes)
            assert events_of(reporter, "report.signed") == []
        nodes[1].be(honest)
        committee.until_applied_at_leisure(stage.ref_slot)
        assert same_numbers(committee.reports()[0].report, stage.seen())
        assert all("nodes" not in health.alarms for health in committee.health())


def test_a_sole_node_on_another_chain_than_the_beacon_state_s_signs_nothing(
    stage: Stage, nodes: list[FaultyNode]
) -> None:
    """The state names its execution block, so one lying node can only stop its own member."""
    own = {number: _by(nodes[number - 1 : number], agree=1) for number in (1, 2, 3)}
    with stage.committee(4, own=own) as committee:
        committee.settle()
        lied_to = committee.reporters[0]
        nodes[0].be(lies.other_results("eth_getBlockByNumber", lies.another_hash))
        stage.chain.run(1)
        text = await_alarm(lied_to, "nodes", holding=nodes[0].name)
        assert "block" in text
        committee.until_applied_at_leisure(stage.ref_slot)
        (reported,) = committee.reports()
        assert same_numbers(reported.report, stage.seen())
        assert set(reported.signers) == {committee.member(number) for number in (2, 3, 4)}
        assert events_of(lied_to, "report.signed") == []
