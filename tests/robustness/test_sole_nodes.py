"""Everybody's only node of a layer fails: no report, an alarm that names it, and recovery."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.robustness.faulty import FaultyNode, cutting, honest, in_front_of, silent
from tests.robustness.stage import (
    SHORT_NODE_TIMEOUT,
    Settings,
    Stage,
    await_alarm,
    await_no_alarm,
    await_that,
    same_numbers,
)

type Fail = Callable[[FaultyNode], None]

FAULTS: dict[str, Fail] = {
    "silent": lambda node: node.be(silent),
    "unreachable": FaultyNode.refuse,
    "cut in half": lambda node: node.be(cutting),
}


@pytest.fixture(params=["beacon", "execution"])
def node(request: pytest.FixtureRequest, stage: Stage) -> Iterator[tuple[str, FaultyNode]]:
    """The only node of a layer, and which layer."""
    url = stage.beacon_url if request.param == "beacon" else stage.execution_url
    with in_front_of(url, 1) as (node,):
        yield request.param, node


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_without_its_node_nobody_reports_until_it_is_back(
    stage: Stage, node: tuple[str, FaultyNode], fault: Fail
) -> None:
    layer, sole = node
    common: Settings = {
        f"network.{layer}": [sole.url],
        "network.timeout_seconds": SHORT_NODE_TIMEOUT,
    }
    with stage.committee(common=common) as committee:
        committee.settle()
        fault(sole)
        stage.chain.run(1)
        for reporter in committee.reporters:
            await_alarm(reporter, "nodes", holding=sole.name)
        assert committee.reports() == []
        assert all(reporter.is_running for reporter in committee.reporters)
        sole.be(honest)
        sole.listen()
        committee.until_applied_at_leisure(stage.ref_slot)
        assert same_numbers(committee.reports()[0].report, stage.seen())
        for reporter in committee.reporters:
            await_no_alarm(reporter, "nodes")
            assert reporter.health().alarms == {}


def test_a_reporter_that_has_seen_no_head_for_long_calls_itself_stopped(stage: Stage) -> None:
    with in_front_of(stage.execution_url, 1) as (sole,):
        common: Settings = {"network.execution": [sole.url], "network.stale_seconds": 1}
        with stage.committee(1, common=common) as committee:
            (reporter,) = committee.reporters
            committee.settle()
            assert reporter.health().status == "ok"
            sole.refuse()
            await_that(lambda: reporter.health().status == "stopped", "a head that is too old")
            assert httpx.get(reporter.service.health_url, trust_env=False).status_code == 503
            sole.listen()
            await_that(lambda: reporter.health().status == "ok", "a head")
