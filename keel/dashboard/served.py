"""What the routes of the page share, and how they answer."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from keel.chain.rpc import RpcClient
from keel.dashboard.actions import RefusedError
from keel.dashboard.page import Page
from keel.dashboard.watcher import MALFORMED, Watcher, malformed
from keel.deploy.bindings import Bindings
from keel.deploy.errors import ManifestError
from keel.deploy.manifest import require_same_chain
from keel.nodes.errors import NodeError

HASH_BYTES = 32
_ACTION_SECONDS = 30.0
_FRESH = {"Cache-Control": "no-store"}

type Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Served:
    """What the routes share."""

    watcher: Watcher
    page: Page
    local_accounts: tuple[str, ...]

    def with_contracts(self, use: Callable[..., Any], *arguments: Any) -> Any:
        """Use the contracts by a client of one's own, which serves one thread.

        Raises NodeError for answers that cannot be read.
        """
        return self._bound(lambda contracts: _present(contracts, use, arguments))

    def acting(self, use: Callable[..., Any], *arguments: Any) -> Any:
        """The same for what leads to a transaction, which must not reach another chain."""

        def on_own_chain(contracts: Bindings) -> Any:
            try:
                require_same_chain(contracts.rpc, self.watcher.known.manifest)
            except ManifestError as error:
                raise RefusedError(str(error)) from error
            return _present(contracts, use, arguments)

        return self._bound(on_own_chain)

    def _bound(self, use: Callable[[Bindings], Any]) -> Any:
        with closing(RpcClient(self.watcher.execution_url, _ACTION_SECONDS)) as rpc:
            try:
                return use(self.watcher.known.bind(rpc))
            except MALFORMED as error:
                raise NodeError(rpc.name, malformed(rpc.url, error)) from error


def _present(contracts: Bindings, use: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    contracts.follow_modules()
    return use(contracts, *arguments)


def is_hexadecimal(text: str, byte_count: int) -> bool:
    """Whether a part of a path is 0x and so many bytes."""
    digits = text.removeprefix("0x")
    is_whole = text.startswith("0x") and len(digits) == 2 * byte_count
    return is_whole and all(c in "0123456789abcdefABCDEF" for c in digits)


def html(text: str) -> Response:
    """A page that no browser keeps."""
    return HTMLResponse(text, headers=_FRESH)


def json_answer(value: Mapping[str, Any], status: int = 200) -> Response:
    """JSON that no browser keeps."""
    return JSONResponse(value, status, headers=_FRESH)
