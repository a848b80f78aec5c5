"""The ASGI application: the page, what changes in it, and actions."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from eth_utils.address import is_address
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from keel.chain.abi import checksummed
from keel.chain.errors import ChainError, RpcConnectionError, RpcError
from keel.chain.node_packages import REPOSITORY_ROOT, node_package
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei
from keel.dashboard.actions import (
    RefusedError,
    Wish,
    prepare,
    send_local,
    transaction_status,
)
from keel.dashboard.guard import Guard
from keel.dashboard.page import Page, series_json
from keel.dashboard.watching import Watcher
from keel.deploy.bindings import Bindings
from keel.deploy.errors import ManifestError
from keel.deploy.manifest import require_same_chain

_STATIC = REPOSITORY_ROOT / "keel" / "dashboard" / "static"
_UPLOT_FILES = ("uPlot.iife.min.js", "uPlot.min.css")
_ACTION_SECONDS = 30.0
_HASH_LENGTH = 66
_FRESH = {"Cache-Control": "no-store"}

type Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Served:
    """What the routes share."""

    watcher: Watcher
    page: Page
    local_accounts: tuple[str, ...]

    def with_contracts(self, use: Callable[..., Any], *arguments: Any) -> Any:
        """Use the contracts by a client of one's own, which serves one thread."""
        with closing(RpcClient(self.watcher.execution_url, _ACTION_SECONDS)) as rpc:
            return use(self.watcher.known.bind(rpc), *arguments)

    def acting(self, use: Callable[..., Any], *arguments: Any) -> Any:
        """The same for what leads to a transaction, which must not reach another chain."""

        def on_own_chain(contracts: Bindings) -> Any:
            try:
                require_same_chain(contracts.rpc, self.watcher.known.manifest)
            except ManifestError as error:
                raise RefusedError(str(error)) from error
            return use(contracts, *arguments)

        return self.with_contracts(on_own_chain)


def create_app(
    watcher: Watcher, token: str, local_accounts: Sequence[str], allowed_hosts: Sequence[str] = ()
) -> Starlette:
    """Return the application; `local_accounts` are those that the node signs for."""
    page = Page(watcher.known, token, local_accounts)
    served = Served(watcher, page, tuple(local_accounts))
    routes = [
        Route("/", _whole(served)),
        Route("/view", _fragment(served)),
        Route("/updates", _updates(served)),
        Route("/series", _series(served)),
        Route("/accounts/{address}", _account(served)),
        Route("/prepare", _prepare(served), methods=["POST"]),
        Route("/send", _send(served), methods=["POST"]),
        Route("/transactions/{hash}", _transaction(served)),
        Route("/operations", _operations(served)),
        Route("/uplot/{name}", _uplot),
        Mount("/static", StaticFiles(directory=_STATIC)),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, token=token, allowed_hosts=allowed_hosts)],
        exception_handlers={RefusedError: _refused, ChainError: _chain_failed},
    )


def _whole(served: Served) -> Answer:
    async def answer(_request: Request) -> Response:
        watcher = served.watcher
        return _html(served.page.whole(watcher.view, watcher.age_seconds))

    return answer


def _fragment(served: Served) -> Answer:
    async def answer(_request: Request) -> Response:
        return _html(served.page.fragment(served.watcher.view))

    return answer


def _updates(served: Served) -> Answer:
    """Small enough to be asked for every second."""

    async def answer(_request: Request) -> Response:
        watcher = served.watcher
        return _json({"version": watcher.view.version, "age": int(watcher.age_seconds)})

    return answer


def _series(served: Served) -> Answer:
    async def answer(_request: Request) -> Response:
        layer = served.watcher.view.layer
        points = () if layer is None else layer.points
        return Response(
            series_json(points),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    return answer


def _account(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        text = request.path_params["address"]
        if not is_address(text):
            raise HTTPException(404, "no address")
        address = checksummed(text)
        view = served.watcher.view

        def read(c: Bindings) -> Mapping[str, int]:
            return {
                "ETH": balance_wei(c.rpc, address),
                "kETH": c.vault.balanceOf(address),
                "wkETH": c.wrapped.balanceOf(address),
            }

        held = await run_in_threadpool(served.with_contracts, read)
        return _html(served.page.account(address, held, view))

    return answer


def _prepare(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        wish = await _wish(request)
        found = await run_in_threadpool(served.acting, prepare, wish)
        return _json(found.model_dump())

    return answer


def _send(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        wish = await _wish(request)
        if wish.account not in served.local_accounts:
            raise RefusedError(f"this server sends for no account {wish.account}")

        def send(c: Bindings) -> Mapping[str, str]:
            prepared = prepare(c, wish)
            return {"hash": send_local(c.rpc, prepared), "summary": prepared.summary}

        return _json(await run_in_threadpool(served.acting, send))

    return answer


def _transaction(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        text = request.path_params["hash"]
        if len(text) != _HASH_LENGTH or not _is_hexadecimal(text):
            raise HTTPException(404, "no transaction hash")
        return _json(await run_in_threadpool(served.with_contracts, transaction_status, text))

    return answer


def _operations(served: Served) -> Answer:
    async def answer(_request: Request) -> Response:
        found = served.page.operations()
        if found is None:
            raise HTTPException(404, "this checkout has no docs/operations.md")
        return _html(found)

    return answer


async def _uplot(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _UPLOT_FILES:
        raise HTTPException(404)
    return FileResponse(node_package("uplot") / "dist" / name)


async def _wish(request: Request) -> Wish:
    try:
        return Wish.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RefusedError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from error


async def _refused(_request: Request, error: Exception) -> Response:
    return _json({"message": str(error)}, 422)


async def _chain_failed(_request: Request, error: Exception) -> Response:
    status = 503 if isinstance(error, RpcConnectionError | RpcError) else 500
    return _json({"message": str(error)}, status)


def _is_hexadecimal(text: str) -> bool:
    return text.startswith("0x") and all(c in "0123456789abcdefABCDEF" for c in text[2:])


def _html(text: str) -> Response:
    return HTMLResponse(text, headers=_FRESH)


def _json(value: Mapping[str, Any], status: int = 200) -> Response:
    return JSONResponse(value, status, headers=_FRESH)
