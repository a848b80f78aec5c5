"""A warning that comes over and over is written once, and then how often it came."""

import logging
import time
from collections.abc import Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keel.serving import serve_app
from keel.serving.repetition import folding

SECONDS = 0.3


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def kept() -> Iterator[Kept]:
    """What the server's library and this test's logger write."""
    handler = Kept()
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "keel.tests.repetition")]
    for logger in loggers:
        logger.addHandler(handler)
    yield handler
    for logger in loggers:
        logger.removeHandler(handler)


LOG = logging.getLogger("keel.tests.repetition")


def test_the_first_is_written_and_the_others_are_counted(kept: Kept) -> None:
    with folding([LOG.name], SECONDS):
        for number in range(50):
            LOG.warning("no %s %d", "file", number)
        LOG.warning("no socket")
        assert kept.lines == ["no file 0", "no socket"]
        time.sleep(2 * SECONDS)
        assert kept.lines[2:] == [f"49 more within {SECONDS:g} s: no file 49"]
        LOG.warning("no file %d", 50)
        assert kept.lines[3:] == ["no file 50"]
    LOG.warning("no file %d", 51)
    LOG.warning("no file %d", 51)
    assert kept.lines[4:] == ["no file 51"] * 2


def test_what_was_counted_is_written_when_the_server_ends(kept: Kept) -> None:
    with folding([LOG.name], 60):
        for _ in range(3):
            LOG.warning("again")
    assert kept.lines == ["again", "2 more within 60 s: again"]


def test_different_failures_are_not_taken_for_one_another(kept: Kept) -> None:
    with folding([LOG.name], 60):
        for failure in (ValueError("a"), OSError("b"), ValueError("c")):
            LOG.error("failed", exc_info=failure)
        LOG.warning("failed")
        assert kept.lines == ["failed"] * 3


def test_two_servers_of_a_process_count_once(kept: Kept) -> None:
    with folding([LOG.name], 60), folding([LOG.name], 60):
        for _ in range(3):
            LOG.warning("again")
    assert kept.lines == ["again", "2 more within 60 s: again"]


def test_a_server_that_fails_at_each_request_says_so_once(kept: Kept) -> None:
    def fail(_request: Request) -> Response:
        raise RuntimeError

    with serve_app(Starlette(routes=[Route("/", fail)]), "127.0.0.1", 0) as url:
        for _ in range(20):
            assert httpx.get(url).status_code == 500
        assert [line.strip() for line in kept.lines] == ["Exception in ASGI application"]
