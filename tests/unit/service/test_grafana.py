"""docs/grafana/keel.json against what reporters, keepers and monitors export."""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import orjson
import pytest
from prometheus_client import CollectorRegistry

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.keeper.figures import Figures as KeeperFigures
from keel.monitor.figures import Figures as MonitorFigures
from keel.reporter.figures import Figures as ReporterFigures
from keel.service.metrics import Metrics

_METRIC = re.compile(r"\bkeel_\w+")
_LABELS = re.compile(r"\bby \(([^)]*)\)|\{\{(\w+)\}\}")
_GIVEN_BY_PROMETHEUS = {"instance", "job"}
_WIDTH = 24


def exported(registry: CollectorRegistry) -> Iterator[tuple[str, set[str]]]:
    """Name as Prometheus has it, and labels."""
    for collector in registry._collector_to_names:
        labels = set(collector._labelnames)  # type: ignore[attr-defined]
        for family in collector.describe():  # type: ignore[attr-defined]
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield name, labels


@pytest.fixture(scope="module")
def metrics() -> dict[str, set[str]]:
    services = {name: Metrics(name) for name in ("reporter", "keeper", "monitor")}
    ReporterFigures(services["reporter"])
    KeeperFigures(services["keeper"])
    MonitorFigures(services["monitor"])
    return dict(found for each in services.values() for found in exported(each.registry))


@pytest.fixture(scope="module")
def board() -> Any:
    return orjson.loads((REPOSITORY_ROOT / "docs/grafana/keel.json").read_bytes())


def targets(board: Any) -> Iterator[Any]:
    for panel in board["panels"]:
        yield from panel.get("targets", ())


def test_it_names_exactly_the_metrics_that_are_exported(
    board: Any, metrics: dict[str, set[str]]
) -> None:
    named = {name for target in targets(board) for name in _METRIC.findall(target["expr"])}
    assert named == set(metrics)


def test_every_label_is_one_of_its_metrics(board: Any, metrics: dict[str, set[str]]) -> None:
    for target in targets(board):
        known = set.union(*(metrics[name] for name in _METRIC.findall(target["expr"])))
        for listed, single in _LABELS.findall(target["expr"] + target["legendFormat"]):
            labels = {each.strip() for each in listed.split(",")} if listed else {single}
            assert labels <= known | _GIVEN_BY_PROMETHEUS, target["expr"]


def test_a_counter_is_shown_by_its_growth(board: Any) -> None:
    for target in targets(board):
        counters = re.findall(r"keel_\w+_total", target["expr"])
        grown = re.findall(r"increase\((keel_\w+_total)", target["expr"])
        assert counters == grown


def test_panels_have_places_of_their_own(board: Any) -> None:
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    assert all(p["x"] + p["w"] <= _WIDTH for p in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below
