"""The RPC address as an ASGI app: what moves both layers is carried out, the rest is Anvil's."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from keel.consensus.gateway.access import (
    Access,
    error_answer,
    error_response,
    origin_pattern,
)
from keel.consensus.gateway.errors import (
    INTERNAL,
    INVALID_REQUEST,
    LIMIT_EXCEEDED,
    AbandonedError,
    RefusedError,
)
from keel.consensus.gateway.forwarder import Forwarding, open_client
from keel.consensus.gateway.methods import is_so_already, refusal
from keel.consensus.gateway.steering import METHODS, Steering
from keel.serving.bodies import BodyTooLongError, bounded_body

MOST_BYTES = 16 * 1024**2
MOST_REQUESTS = 5_000
"""Of one body, and of one batch."""

_LOOK_SECONDS = 0.25
_TOLD_CHARACTERS = 300
_log = logging.getLogger(__name__)

type Perform = Callable[[Callable[[], Any]], Any]
"""Carries out a piece of work where the chain is stepped, and returns what it returned."""

type Answer = dict[str, Any]


def create_app(
    steering: Steering, perform: Perform, allowed_origins: Sequence[str] = ()
) -> Starlette:
    """Make the app; pages of `allowed_origins` may use it, and those of this machine."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_client() as client:
            app.state.gateway = Gateway(
                steering, perform, Forwarding(steering.chain.rpc.url, client)
            )
            yield

    async def answer(request: Request) -> Response:
        gateway: Gateway = request.app.state.gateway
        return await gateway.answer(request)

    return Starlette(
        routes=[Route("/{path:path}", answer, methods=["POST"])],
        middleware=[
            Middleware(Access, allowed_origins=allowed_origins),
            Middleware(
                CORSMiddleware,
                allow_origin_regex=origin_pattern(allowed_origins),
                allow_methods=["POST"],
                allow_headers=["*"],
            ),
        ],
        lifespan=lifespan,
    )


class Gateway:
    """Answers one body after the other, each a request or a batch of them."""

    def __init__(self, steering: Steering, perform: Perform, anvil: Forwarding) -> None:
        self._steering = steering
        self._perform = perform
        self._anvil = anvil

    async def answer(self, request: Request) -> Response:
        """Answer a request of HTTP."""
        try:
            body = await bounded_body(request, MOST_BYTES)
            asked = _parsed(body)
            if all(map(self._is_anvils, asked if isinstance(asked, list) else [asked])):
                content = await self._anvil.answer(body)
            elif isinstance(asked, list):
                answers = [await self._one(each, request) for each in asked]
                content = b"[%s]" % b",".join(answers)
            else:
                content = await self._one(asked, request)
        except RefusedError as refused:
            status = 413 if refused.code == LIMIT_EXCEEDED else 200
            return error_response(status, refused.code, refused.message)
        except BodyTooLongError:
            told = f"a body of more than {MOST_BYTES} bytes"
            return error_response(413, LIMIT_EXCEEDED, told)
        except (ClientDisconnect, AbandonedError):
            return Response(status_code=400)
        except Exception as error:
            told = _told(error)
            _log.error("the RPC address failed: %s", told)
            return error_response(500, INTERNAL, f"a fault of this RPC address: {told}")
        return Response(content, media_type="application/json")

    def _is_anvils(self, asked: Any) -> bool:
        """Whether Anvil answers it: also what is no request, which Anvil says in its words."""
        method = asked.get("method") if isinstance(asked, dict) else None
        if not isinstance(method, str):
            return True
        return method not in METHODS and self._refused(method, asked.get("params")) is None

    def _refused(self, method: str, params: Any) -> RefusedError | None:
        listed = params if isinstance(params, list) else []
        return refusal(method, listed, mines_at_once=self._steering.mines_at_once)

    async def _one(self, asked: Any, request: Request) -> bytes:
        if self._is_anvils(asked):
            return await self._anvil.answer(orjson.dumps(asked))
        request_id, method, params = asked.get("id"), asked["method"], asked.get("params")
        try:
            if params is not None and not isinstance(params, list):
                raise RefusedError(INVALID_REQUEST, f"{method}: a list of parameters expected")
            result = await self._result(method, params or [], request)
        except RefusedError as refused:
            return orjson.dumps(error_answer(request_id, refused.code, refused.message))
        return orjson.dumps({"jsonrpc": "2.0", "id": request_id, "result": result})

    async def _result(self, method: str, params: list[Any], request: Request) -> Any:
        if method in METHODS:
            return await self._steered(method, params, request)
        refused = self._refused(method, params)
        mines_at_once = self._steering.mines_at_once
        if refused is not None and not is_so_already(method, params, mines_at_once=mines_at_once):
            raise refused
        return None

    async def _steered(self, method: str, params: list[Any], request: Request) -> Any:
        """Have the chain moved, and stop when the client has left."""
        is_gone = False

        def work() -> Any:
            return self._steering.perform(method, params, lambda: is_gone)

        async def look() -> None:
            nonlocal is_gone
            while not await request.is_disconnected():
                await asyncio.sleep(_LOOK_SECONDS)
            is_gone = True

        looking = asyncio.create_task(look())
        try:
            return await run_in_threadpool(self._perform, work)
        finally:
            looking.cancel()


def _told(error: Exception) -> str:
    """What a fault was, and where, in one line."""
    *_, place = traceback.extract_tb(error.__traceback__)
    text = " ".join(str(error).split())[:_TOLD_CHARACTERS]
    return f"{type(error).__name__}: {text} ({Path(place.filename).name}, line {place.lineno})"


def _parsed(body: bytes) -> Any:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RefusedError(-32700, f"not JSON: {error}") from error
    if isinstance(asked, list) and len(asked) > MOST_REQUESTS:
        raise RefusedError(
            LIMIT_EXCEEDED, f"{len(asked)} requests, at most {MOST_REQUESTS} in a batch"
        )
    if not isinstance(asked, dict | list):
        raise RefusedError(INVALID_REQUEST, "a JSON-RPC request or a batch of them expected")
    try:
        orjson.dumps(asked)
    except orjson.JSONEncodeError as error:
        raise RefusedError(INVALID_REQUEST, "JSON of too many levels") from error
    return asked
