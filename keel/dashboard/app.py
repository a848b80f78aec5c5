"""The ASGI application: the page, what changes in it, and actions."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from eth_utils.address import is_address
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from keel.chain.abi import checksummed
from keel.chain.errors import ChainError, RpcConnectionError, RpcError
from keel.chain.node_packages import node_package
from keel.chain.packed import UPLOT, packed
from keel.chain.state import balance_wei
from keel.dashboard.actions import (
    RefusedError,
    Wish,
    prepare,
    send_local,
    transaction_status,
)
from keel.dashboard.api import api_routes
from keel.dashboard.details import detail_routes
from keel.dashboard.guard import Guard
from keel.dashboard.page import Page, market_json, series_json
from keel.dashboard.served import HASH_BYTES, Answer, Served, html, is_hexadecimal, json_answer
from keel.dashboard.watcher import Watcher
from keel.deploy.bindings import Bindings
from keel.nodes.errors import NodeError

_STATIC = Path(__file__).resolve().parent / "static"
_UPLOT_FILES = ("uPlot.iife.min.js", "uPlot.min.css")


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
        Route("/series/market", _market_series(served)),
        Route("/accounts/{address}", _account(served)),
        Route("/prepare", _prepare(served), methods=["POST"]),
        Route("/send", _send(served), methods=["POST"]),
        Route("/transactions/{hash}", _transaction(served)),
        Route("/operations", _operations(served)),
        *detail_routes(served),
        *api_routes(served),
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
        return html(served.page.whole(watcher.view, watcher.age_seconds))

    return answer


def _fragment(served: Served) -> Answer:
    async def answer(_request: Request) -> Response:
        return html(served.page.fragment(served.watcher.view))

    return answer


def _updates(served: Served) -> Answer:
    """Small enough to be asked for every second."""

    async def answer(_request: Request) -> Response:
        watcher = served.watcher
        return json_answer({"version": watcher.view.version, "age": int(watcher.age_seconds)})

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


def _market_series(served: Served) -> Answer:
    async def answer(_request: Request) -> Response:
        layer = served.watcher.view.layer
        columns = market_json(None if layer is None else layer.market)
        headers = {"Cache-Control": "no-store"}
        return Response(columns, media_type="application/json", headers=headers)

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
        return html(served.page.account(address, held, view))

    return answer


def _prepare(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        wish = await _wish(request)
        found = await run_in_threadpool(served.acting, prepare, wish)
        return json_answer(found.model_dump())

    return answer


def _send(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        wish = await _wish(request)
        if wish.account not in served.local_accounts:
            raise RefusedError(f"this server cannot send from account {wish.account}")

        def send(c: Bindings) -> Mapping[str, str]:
            prepared = prepare(c, wish)
            return {"hash": send_local(c.rpc, prepared), "summary": prepared.summary}

        return json_answer(await run_in_threadpool(served.acting, send))

    return answer


def _transaction(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        text = request.path_params["hash"]
        if not is_hexadecimal(text, HASH_BYTES):
            raise HTTPException(404, "not a transaction hash")
        return json_answer(await run_in_threadpool(served.with_contracts, transaction_status, text))

    return answer


def _operations(served: Served) -> Answer:
    async def answer(_request: Request) -> Response:
        found = served.page.operations()
        if found is None:
            raise HTTPException(404, "this checkout has no docs/operations.md")
        return html(found)

    return answer


async def _uplot(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _UPLOT_FILES:
        raise HTTPException(404)
    folder = packed(UPLOT) or node_package("uplot") / "dist"
    return FileResponse(folder / name)


async def _wish(request: Request) -> Wish:
    try:
        return Wish.model_validate_json(await request.body())
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"{part}: " for part in first["loc"])
        raise RefusedError(f"{place}{first['msg'].removeprefix('Value error, ')}") from error


async def _refused(_request: Request, error: Exception) -> Response:
    return json_answer({"message": str(error)}, 422)


async def _chain_failed(_request: Request, error: Exception) -> Response:
    status = 503 if isinstance(error, NodeError | RpcConnectionError | RpcError) else 500
    return json_answer({"message": str(error)}, status)
