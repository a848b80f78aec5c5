"""Who may talk to the page's server, and what a page from it may do in a browser.

A page of any other site can make a browser send requests here. It cannot name this server by an
address of its own (Host is checked: rebinding DNS needs a name), and cannot act (Origin must be
this server's own, and the token stands only in the page, which other sites cannot read).
"""

import hmac
import secrets
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keel.serving.hosts import is_own_host

PAGE_HEADER = "keel-token"
BODY_BYTES_MOST = 16_384

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def new_token() -> str:
    """A secret that lives as long as the process."""
    return secrets.token_urlsafe(32)


class Guard:
    """ASGI middleware in front of everything."""

    def __init__(self, app: ASGIApp, token: str, allowed_hosts: Sequence[str] = ()) -> None:
        self._app = app
        self._token = token
        self._allowed_hosts = tuple(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is refused, pass on the rest."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = self._refusal(scope["method"], Headers(scope=scope))
        if refusal is not None:
            code, text = refusal
            await JSONResponse({"message": text}, code)(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not is_own_host(host, self._allowed_hosts):
            return 421, f"host {host[:100]!r} is not served here"
        return None if method in ("GET", "HEAD") else self._refused_act(host, headers)

    def _refused_act(self, host: str, headers: Headers) -> tuple[int, str] | None:
        if headers.get("origin") not in (f"http://{host}", f"https://{host}"):
            return 403, "only the page itself may send this"
        if not hmac.compare_digest(headers.get(PAGE_HEADER, "").encode(), self._token.encode()):
            return 403, "the page is from an earlier run of this server: reload it"
        if headers.get("content-type", "").partition(";")[0] != "application/json":
            return 415, "JSON expected"
        length = headers.get("content-length", "")
        if not length.isdecimal() or int(length) > BODY_BYTES_MOST:
            return 413, f"a body of at most {BODY_BYTES_MOST} bytes expected"
        return None
