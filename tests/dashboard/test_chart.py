"""The chart's labels: each another one, with room, from the first minute on."""

from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from keel.deploy.artifacts import Artifacts
from keel.scenarios.beacon_world import BeaconWorld
from tests.dashboard.browser import await_true, opened
from tests.dashboard.stage import Staged, staged

_LABELS = """async ([low, high, least]) => {
  const { labels, steps } = await import("/static/chart.js");
  return labels(steps(null, 0, low, high), least);
}"""

# What uPlot drew last: the text of each label, where it stands and how wide it is.
# A new block redraws the chart too, so each draw begins the list again.
_DRAWN = """() => {
  const drawn = [];
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    drawn.length = 0;
    return clear.apply(this, area);
  };
  const fill = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    const at = this.getTransform().transformPoint(new DOMPoint(x, y));
    const across = this.textAlign === "center";
    drawn.push([text, at.x, at.y, this.measureText(text).width, across]);
    return fill.apply(this, arguments);
  };
  window.drawnLabels = drawn;
}"""


_RANGES = (
    (0, 1.05, 0),
    (0, 0.3, 0),
    (0, 4, 0),
    (0, 31_000, 0),
    (1 - 1e-6, 1 + 1e-6, 2),
    (1.0002, 1.0003, 2),
    (1, 2, 2),
)


def test_no_two_labels_of_an_axis_are_alike(stage: Staged, browser: Browser) -> None:
    with opened(browser, stage.url) as page:
        for span in _RANGES:
            found = page.evaluate(_LABELS, list(span))
            assert len(found) > 1
            assert len(set(found)) == len(found)
            assert [float(each) for each in found] == sorted(float(each) for each in found)


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_an_early_charts_labels_do_not_overlap(
    beacon_world: BeaconWorld,
    artifacts: Artifacts,
    tmp_path: Path,
    browser: Browser,
    width: int,
) -> None:
    with (
        staged(beacon_world, artifacts, tmp_path) as stage,
        opened(browser, stage.url, width=width) as page,
    ):
        page.wait_for_selector(".uplot")
        page.evaluate(_DRAWN)
        page.set_viewport_size({"width": width - 10, "height": 900})
        await_true(page, "window.drawnLabels.filter((label) => label[4]).length > 1")
        drawn = page.evaluate("window.drawnLabels")
        below = sorted(((x, text, wide) for text, x, _, wide, across in drawn if across))
        for (x, text, wide), (next_x, next_text, next_wide) in pairwise(below):
            assert x + wide / 2 < next_x - next_wide / 2, f"{text} runs into {next_text}"
        beside = [text for text, _, _, _, across in drawn if not across]
        assert len(beside) > 3
        assert len({text for _, text, _ in below}) == len(below)
