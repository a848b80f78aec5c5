"""Who may ask at the RPC address: programs of this machine, and pages that it serves itself.

Accounts are unlocked there, so that any page which a browser shows could spend them. A page's
requests carry its origin, which it cannot change. Pages of this machine and extensions of the
browser (wallets) are let in, other origins only when they were allowed.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from keel.consensus.gateway.errors import INVALID_REQUEST
from keel.serving.hosts import is_own_host

_EXTENSIONS = "chrome-extension|moz-extension|safari-web-extension"
_OWN_PAGES = rf"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?|({_EXTENSIONS})://[0-9A-Za-z.-]+"


def origin_pattern(allowed: Sequence[str] = ()) -> str:
    """Regular expression of the origins that are let in, those `allowed` included."""
    return "|".join([_OWN_PAGES, *(re.escape(origin.rstrip("/")) for origin in allowed)])


class Access:
    """ASGI middleware in front of everything."""

    def __init__(self, app: ASGIApp, allowed_origins: Sequence[str] = ()) -> None:
        self._app = app
        self._origins = re.compile(origin_pattern(allowed_origins))
        # A page that is let in may come from a server which passes the RPC address on by name.
        self._hosts = [urlsplit(origin).hostname or "" for origin in allowed_origins]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is refused, pass on the rest."""
        if scope["type"] == "http":
            refused = self._refusal(scope["method"], Headers(scope=scope))
            if refused is not None:
                await error_response(*refused)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, int, str] | None:
        host, origin = headers.get("host", ""), headers.get("origin")
        if not is_own_host(host, self._hosts):
            return 421, INVALID_REQUEST, f"host {host[:100]!r} is not served here"
        if origin is not None and self._origins.fullmatch(origin) is None:
            return (
                403,
                INVALID_REQUEST,
                f"pages of {origin[:100]!r} may not use this chain: allow them with --allow-origin",
            )
        if method not in ("POST", "OPTIONS"):
            is_web_socket = headers.get("upgrade", "").lower() == "websocket"
            told = "no WebSocket is served here: " if is_web_socket else ""
            return 405, INVALID_REQUEST, f"{told}JSON-RPC by HTTP POST expected"
        if method == "POST":
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json":
                told = f"content type {kind[:60]!r}, application/json expected"
                return 415, INVALID_REQUEST, told
        return None


def error_response(status: int, code: int, message: str) -> Response:
    """A JSON-RPC error that belongs to no request."""
    return Response(orjson.dumps(error_answer(None, code, message)), status, _JSON)


def error_answer(request_id: object, code: int, message: str) -> dict[str, object]:
    """Return the answer of one request that failed."""
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message}}


_JSON = {"Content-Type": "application/json"}
