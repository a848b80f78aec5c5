"""Screens: a phone, light and dark, without JavaScript; readable for everybody."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from keel.model.constants import ETHER
from keel.scenarios.users import request_ticket
from tests.dashboard.browser import await_true, opened
from tests.dashboard.stage import Staged
from tests.dashboard.test_page import CHECKED

CONTRAST_LEAST = 4.5  # WCAG 2.2, level AA, text of ordinary size

CONTRASTS = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((each) => each / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = (element) => {
    for (let e = element; e !== null; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    const skipped = element.closest("svg, .hidden, .uplot, .skip, option") !== null;
    if (!own || skipped || !element.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([ratio, element.className, element.textContent.trim().slice(0, 40)]);
  }
  return found;
}"""

_FOCUSED = "document.activeElement.id || document.activeElement.textContent.trim().slice(0, 40)"

UNLABELLED = """() => [
  ...[...document.querySelectorAll("input, select")].filter((e) => e.labels.length === 0),
  ...[...document.querySelectorAll("button")].filter((e) => e.textContent.trim() === ""),
  ...[...document.querySelectorAll("th")].filter((e) => !e.closest(".u-legend") && !e.scope),
  ...[...document.querySelectorAll("section, aside")].filter(
    (e) => !document.getElementById(e.getAttribute("aria-labelledby"))),
  ...[...document.querySelectorAll("svg, canvas")].filter(
    (e) => !e.closest("[role=img][aria-label]")),
].map((e) => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_text_has_contrast(stage: Staged, browser: Browser, dark: bool) -> None:
    request_ticket(stage.world, "depositor", 40 * ETHER)
    with opened(browser, stage.url, dark=dark) as page:
        page.wait_for_selector(CHECKED)
        found: list[list[Any]] = page.evaluate(CONTRASTS)
        assert len(found) > 100
        assert [each for each in found if each[0] < CONTRAST_LEAST] == []


def test_everything_has_a_name_for_those_who_do_not_see_it(stage: Staged, browser: Browser) -> None:
    with opened(browser, stage.url) as page:
        page.wait_for_selector(CHECKED)
        assert page.evaluate(UNLABELLED) == []
        levels = page.locator("h1, h2, h3").evaluate_all("all => all.map((e) => e.tagName)")
        assert levels[0] == "H1"
        assert set(levels[1:]) == {"H2"}


def test_no_screen_scrolls_sideways(stage: Staged, browser: Browser) -> None:
    request_ticket(stage.world, "depositor", 40 * ETHER)
    with opened(browser, stage.url) as page:
        page.wait_for_selector(CHECKED)
        page.wait_for_selector(".uplot")
        for width in (320, 375, 768, 1024, 1280):
            page.set_viewport_size({"width": width, "height": 812})
            for exact in (False, True):
                page.get_by_label("to the wei").set_checked(exact)
                await_true(
                    page, "(width) => document.documentElement.scrollWidth === width", arg=width
                )


def test_on_a_phone_the_chart_and_the_form_fit_the_screen(stage: Staged, browser: Browser) -> None:
    with opened(browser, stage.url, width=375, height=812) as page:
        page.wait_for_selector(".uplot")
        for selector in (".uplot", "#submit", "#view .bar svg"):
            box = page.locator(selector).first.bounding_box()
            assert box is not None
            assert 0 <= box["x"] < box["x"] + box["width"] <= 375
        page.evaluate("scrollTo(0, 0)")
        act = page.get_by_role("link", name="Act", exact=True)
        box = act.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 812
        act.click()
        await_true(
            page, "document.getElementById('submit').getBoundingClientRect().top < innerHeight"
        )
        await_true(page, "getComputedStyle(document.querySelector('.jump')).opacity === '0'")


def test_without_javascript_the_page_shows_the_moment(stage: Staged, browser: Browser) -> None:
    with opened(browser, stage.url) as page:
        page.wait_for_selector(CHECKED)
        shown = page.locator("#view .amount").count()
    with opened(browser, stage.url, javascript=False) as page:
        assert page.locator("#view .amount").count() == shown
        assert page.locator(CHECKED).count() == 1
        assert page.get_by_text("Without JavaScript the page shows this moment only").is_visible()
        supply = page.locator("[data-name=keth_supply]").get_attribute("data-wei")
        assert int(supply or "") == stage.world.contracts.vault.totalSupply()


def test_the_keyboard_reaches_everything_in_order(stage: Staged, browser: Browser) -> None:
    with opened(browser, stage.url) as page:
        page.wait_for_selector(CHECKED)
        page.wait_for_selector("[data-name='held.ETH']")
        assert tabbed(page, 3) == ["To the numbers", "Act", "exact"]
        page.get_by_role("link", name="Act", exact=True).focus()
        page.keyboard.press("Enter")
        assert tabbed(page, 3)[:2] == ["account", "connect"]
        reached = tabbed(page, 8)
        assert [each for each in reached if each in ("amount", "submit")] == ["amount", "submit"]


def tabbed(page: Page, times: int) -> list[str]:
    """What the tabulator reaches: ids, else the text of what was reached."""
    found = []
    for _ in range(times):
        page.keyboard.press("Tab")
        found.append(page.evaluate(_FOCUSED))
    return found


def test_the_operators_guide_is_served_by_sections(stage: Staged, browser: Browser) -> None:
    with opened(browser, f"{stage.url}/operations") as page:
        assert page.get_by_role("heading").count() > 0
        page.get_by_role("link", name="Back to the page").click()
        page.wait_for_selector("#view")


def test_addresses_of_contracts_stand_in_one_column(stage: Staged, browser: Browser) -> None:
    with opened(browser, stage.url) as page:
        lefts = page.evaluate(
            """() => [...document.querySelectorAll(".contracts dt + dd")].map(
              (each) => Math.round(each.getBoundingClientRect().left))"""
        )
    assert len(lefts) > 10
    assert len(set(lefts)) == 1
