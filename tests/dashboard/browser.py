"""Debian's Chromium, driven by Playwright; whatever the browser complains of fails the test."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
]
SHOWN_SECONDS = 20.0
_WALLET = Path(__file__).with_name("wallet.js")


class BrowserMissingError(Exception):
    """No Chromium; the message says what to do."""


class BrowserComplaintError(AssertionError):
    """The browser reported an error, a refused script, or a request to somebody else."""


def chromium_path() -> str:
    """Find Chromium; raises BrowserMissingError."""
    found = shutil.which("chromium")
    if found is None:
        raise BrowserMissingError("chromium is not on the path: run `make browser`")
    return found


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser of one's own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=ARGUMENTS, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser,
    url: str,
    *,
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    wallet: Callable[[str, list[Any]], Any] | None = None,
    javascript: bool = True,
    may_lose_node: bool = False,
) -> Iterator[Page]:
    """Load the page; at the end nothing may have been logged as an error or asked of others.

    `wallet` answers the requests of an injected EIP-1193 provider. Policy violations appear as
    errors of the console.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        java_script_enabled=javascript,
    )
    page = context.new_page()
    origin = "/".join(url.split("/")[:3])
    page.set_default_timeout(SHOWN_SECONDS * 1000)
    complaints: list[str] = []
    asked: list[str] = []

    def note(message: ConsoleMessage) -> None:
        lost = may_lose_node and any(each in message.text for each in ("ERR_", "status of 503"))
        refused = "status of 422" in message.text  # what the page then shows in words
        if message.type in ("error", "warning") and not lost and not refused:
            complaints.append(f"{message.type}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(f"exception: {error}"))
    page.on("request", lambda request: asked.append(request.url))
    if wallet is not None:
        page.expose_function("keelNode", wallet)
        page.add_init_script(path=_WALLET)
    try:
        page.goto(url)
        yield page
        foreign = [each for each in asked if not each.startswith((origin, "data:", "about:"))]
        complaints += [f"asked of another host: {each}" for each in foreign]
        if complaints:
            raise BrowserComplaintError("; ".join(complaints))
    finally:
        context.close()


def await_true(page: Page, expression: str, arg: Any = None) -> None:
    """Look again until an expression of the page holds.

    Playwright's wait_for_function compiles it in the page at each look, which the page's policy
    forbids from the second look on.
    """
    until = monotonic() + SHOWN_SECONDS
    while not page.evaluate(expression, arg):
        if monotonic() > until:
            raise AssertionError(f"not true within {SHOWN_SECONDS} s: {expression}")
        page.wait_for_timeout(50)
