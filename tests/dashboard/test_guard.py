"""Other sites' pages can make a browser ask, but neither by another name nor to act."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from keel.dashboard.guard import BODY_BYTES_MOST, Guard
from keel.serving.hosts import is_loopback, is_own_host

KNOWN_TO_PAGE = "only-the-page-knows"
HOST = "127.0.0.1:8600"
ORIGIN = f"http://{HOST}"
ACTING = {
    "Host": HOST,
    "Origin": ORIGIN,
    "Keel-Token": KNOWN_TO_PAGE,
    "Content-Type": "application/json",
}


async def _answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())} bytes")


def asked(method: str, headers: dict[str, str], body: str = "") -> httpx.Response:
    app = Starlette(routes=[Route("/", _answer, methods=["GET", "POST"])])
    guarded = Guard(app, KNOWN_TO_PAGE, ["keel.example"])

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=guarded)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            return await client.request(method, "/", headers=headers, content=body)

    return asyncio.run(ask())


def posted(body: str = "{}", changes: dict[str, str | None] | None = None) -> httpx.Response:
    """Post as the page does, but for some headers; None leaves one out."""
    headers = ACTING | (changes or {})
    return asked("POST", {n: v for n, v in headers.items() if v is not None}, body)


@pytest.mark.parametrize(
    ("host", "is_served"),
    [
        ("127.0.0.1:8600", True),
        ("localhost:8600", True),
        ("[::1]:8600", True),
        ("192.168.0.7:8600", True),
        ("keel.example", True),
        ("rebound.example:8600", False),
        ("localhost.example", False),
        ("127.0.0.1.example:8600", False),
        ("", False),
        ("[::1", False),
        ("::1]:8600", False),
        ("[keel.example]", False),
    ],
)
def test_only_addresses_and_allowed_names_are_served(host: str, is_served: bool) -> None:
    assert is_own_host(host, ["keel.example"]) is is_served
    answer = asked("GET", {"Host": host})
    assert answer.status_code == (200 if is_served else 421)


def test_the_page_itself_may_act() -> None:
    assert posted('{"a":1}').text == "7 bytes"


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"Origin": "http://attacker.example"}, 403, "only the page itself"),
        ({"Origin": "http://127.0.0.1:9999"}, 403, "only the page itself"),
        ({"Origin": "null"}, 403, "only the page itself"),
        ({"Origin": "http://[::1"}, 403, "only the page itself"),
        ({"Origin": None}, 403, "only the page itself"),
        ({"Keel-Token": None}, 403, "reload it"),
        ({"Keel-Token": KNOWN_TO_PAGE + "x"}, 403, "reload it"),
        ({"Content-Type": "text/plain"}, 415, "JSON expected"),
        ({"Host": "rebound.example", "Origin": "http://rebound.example"}, 421, "not served"),
    ],
)
def test_whoever_else_may_not(headers: dict[str, str | None], status: int, reason: str) -> None:
    answer = posted(changes=headers)
    assert (answer.status_code, reason in answer.json()["message"]) == (status, True)


def test_a_body_has_a_bound() -> None:
    assert posted("x" * BODY_BYTES_MOST).status_code == 200
    assert posted("x" * (BODY_BYTES_MOST + 1)).status_code == 413


def test_every_answer_forbids_foreign_and_inline_scripts() -> None:
    for answer in (asked("GET", {"Host": HOST}), asked("GET", {"Host": "rebound.example"})):
        policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize(
    ("host", "is_this_machine_alone"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("keel", False)],  # noqa: S104
)
def test_unlocked_accounts_are_for_this_machine_alone(
    host: str, is_this_machine_alone: bool
) -> None:
    assert is_loopback(host) is is_this_machine_alone
