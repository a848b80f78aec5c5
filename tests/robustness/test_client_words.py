"""Real reporters before nodes that answer in other clients' words, limits and gaps."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import orjson
import pytest

from keel.circle.process import Process
from tests.robustness.client_table import each_row, rows
from tests.robustness.faulty import Answer, Asked, Behaviour, FaultyNode, honest, in_front_of
from tests.robustness.stage import (
    Committee,
    Stage,
    alarm_of,
    await_alarm,
    await_that,
    events_of,
    nodes_named,
    same_numbers,
)

_ROOT = re.compile(r"^/eth/v1/beacon/states/(\d+)/root$")
_SEND = "eth_sendRawTransaction"
ALONE = {"committee.turn_slots": 100}


@pytest.fixture
def beacons(stage: Stage) -> Iterator[list[FaultyNode]]:
    with in_front_of(stage.beacon_url, 3) as nodes:
        yield nodes


@pytest.fixture
def executions(stage: Stage) -> Iterator[list[FaultyNode]]:
    with in_front_of(stage.execution_url, 3) as nodes:
        yield nodes


def _without_root(row: dict[str, Any]) -> Behaviour:
    """Refuse the root of every state and every header, as this client does; serve the states."""

    def answer(asked: Asked) -> Answer:
        found = _ROOT.match(asked.path)
        if found is not None:
            said = {"code": row["status"], "message": row["message"].replace("{slot}", found[1])}
            return Answer(row["status"], {}, orjson.dumps(said))
        if re.match(r"^/eth/v1/beacon/headers/\d+$", asked.path):
            return Answer(row["header"], {}, b"{}")
        return asked.honestly()

    return answer


def refusing(method: str, row: dict[str, Any], *, takes: bool = False) -> Behaviour:
    """Answer a method with a row's error, though the node may get the request all the same."""

    def answer(asked: Asked) -> Answer:
        requests = orjson.loads(asked.body)
        if isinstance(requests, list) or requests["method"] != method:
            return asked.honestly()
        if takes:
            asked.honestly()
        error = {"code": row["code"], "message": row["message"]}
        return Answer(200, {}, orjson.dumps({"id": requests["id"], "error": error}))

    return answer


def granting(blocks: int, row: dict[str, Any]) -> Behaviour:
    """Refuse wider ranges of eth_getLogs in a row's words."""

    def answer(asked: Asked) -> Answer:
        request = orjson.loads(asked.body)
        if not isinstance(request, list) and request["method"] == "eth_getLogs":
            query = request["params"][0]
            if int(query["toBlock"], 16) - int(query["fromBlock"], 16) >= blocks:
                error = {"code": row["code"], "message": row["message"]}
                return Answer(200, {}, orjson.dumps({"id": request["id"], "error": error}))
        return asked.honestly()

    return answer


@each_row("states")
def test_a_missed_reference_slot_is_reported_from_states_without_roots(
    stage: Stage, beacons: list[FaultyNode], row: dict[str, Any]
) -> None:
    ref_slot = stage.ref_slot + stage.frame_slots
    stage.chain.participation.miss([ref_slot])
    stage.chain.to_slot(ref_slot + 2 * int(stage.chain.spec.SLOTS_PER_EPOCH))
    for node in beacons:
        node.be(_without_root(row))
    common = {"network.beacon": [node.url for node in beacons], "network.beacon_agree": 2}
    with stage.committee(common=common) as committee:
        reported = committee.until_applied(ref_slot)
        assert same_numbers(reported.report, stage.seen(ref_slot))
        assert all(each.health().alarms == {} for each in committee.reporters)
        assert nodes_named(*committee.reporters) == set()


def test_reports_are_made_through_nodes_that_grant_few_blocks_of_logs(
    stage: Stage, executions: list[FaultyNode]
) -> None:
    limits = [row for row in rows("logs") if "most_blocks" in row]
    for node, row, blocks in zip(executions, limits, (7, 5, 1), strict=False):
        node.be(granting(blocks, row))
    common = {"network.execution": [node.url for node in executions], "network.execution_agree": 2}
    with stage.committee(common=common) as committee:
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert all(each.health().alarms == {} for each in committee.reporters)


_POOLS = {row["message"]: row for row in rows("pools")}


def _alarmed(committee: Committee, message: str) -> list[tuple[Process, str]]:
    """Who raised `nodes` with a text that holds this, and the text.

    From the logs: a transaction that was taken ends the alarm with the next block, perhaps unseen.
    """
    raised = [
        (each, str(event["text"]))
        for each in committee.reporters
        for event in events_of(each, "alarm.raised")
        if event["alarm"] == "nodes"
    ]
    return [(each, text) for each, text in raised if message in text]


@pytest.mark.parametrize("takes", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize("message", ["Internal error", "over rate limit"])
def test_an_answer_that_leaves_open_what_happened_alarms_nodes_and_refuses_nothing(
    stage: Stage, message: str, takes: bool
) -> None:
    with ExitStack() as stack:
        (node,) = stack.enter_context(in_front_of(stage.execution_url, 1))
        common = {"network.execution": [node.url], **ALONE}
        committee = stack.enter_context(stage.committee(5, common=common))
        committee.settle()
        node.be(refusing(_SEND, _POOLS[message], takes=takes))
        alarmed = partial(_alarmed, committee, message)
        committee.until(lambda: alarmed() != [], "the alarm")
        ((poster, text),) = alarmed()
        assert text.startswith("whether a transaction was taken is unknown")
        assert alarm_of(poster, "refused") is None
        if not takes:
            committee.step(2)
            assert committee.reports() == []
            node.be(honest)
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert reported.receipt.sender == str(poster.health().account)
        committee.until(lambda: alarm_of(poster, "nodes") is None, "the end of the alarm")
        assert len({each["nonce"] for each in events_of(poster, "transaction.sent")}) == 1
        assert len(committee.reports()) == 1


def test_an_estimate_that_a_node_cannot_make_is_the_node_s_failure(stage: Stage) -> None:
    with ExitStack() as stack:
        (node,) = stack.enter_context(in_front_of(stage.execution_url, 1))
        common = {"network.execution": [node.url], **ALONE}
        committee = stack.enter_context(stage.committee(5, common=common))
        committee.settle()
        node.be(refusing("eth_estimateGas", {"code": -32000, "message": "header not found"}))
        committee.chain.step()
        stack.callback(node.be, honest)
        alarmed: list[Process] = []

        def somebody_is_alarmed() -> bool:
            alarmed[:] = [each for each in committee.reporters if alarm_of(each, "nodes")]
            return bool(alarmed)

        await_that(somebody_is_alarmed, "the alarm nodes")
        (poster,) = alarmed
        assert "header not found" in await_alarm(poster, "nodes")
        assert alarm_of(poster, "refused") is None
        node.be(honest)
        committee.until_applied_at_leisure(stage.ref_slot)
        assert committee.reports()[0].receipt.sender == str(poster.health().account)
