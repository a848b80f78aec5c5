"""From a request to a response: one handler's answer in the form that the client chose."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from keel.consensus.api.encoding import Json, encode
from keel.consensus.api.errors import ApiError, bad_request
from keel.consensus.api.negotiation import JSON, MediaType, choose_media_type, require_json
from keel.consensus.api.view import ChainView
from keel.serving.bodies import BodyTooLongError, bounded_body

MOST_BODY_BYTES = 2**21
"""Public keys of 20,000 validators."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says: parts of its path, its query, and the JSON of its body if it has one."""

    path: Mapping[str, str]
    query: QueryParams
    body: Json = None

    def one(self, name: str) -> str | None:
        """Return a parameter of the query, None if it is missing or empty."""
        return self.query.get(name) or None

    def several(self, name: str) -> list[str]:
        """Return a list of the query, written as one parameter with commas or as several."""
        return [each for text in self.query.getlist(name) for each in text.split(",") if each]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler found: `data`, JSON already or an SSZ value, and what the API says of it.

    `finalised` None leaves the finality fields out. `versioned` names the fork, by which a client
    knows the types of what it gets. `meta` is JSON that goes next to `data`; `is_enclosed` False
    answers with `data` alone.
    """

    data: Any
    finalised: bool | None = None
    versioned: bool = False
    meta: Mapping[str, Json] | None = None
    is_enclosed: bool = True


type Handler = Callable[[ChainView, Asked], Answer]


def endpoint(
    view: ChainView, handler: Handler, *, has_ssz: bool
) -> Callable[[Request], Awaitable[Response]]:
    """Return what Starlette calls: it answers in a thread, in the chain's turns."""

    async def answer(request: Request) -> Response:
        media_type = choose_media_type(request.headers.get("accept"), has_ssz=has_ssz)
        body = await _read_body(request) if request.method == "POST" else None
        asked = Asked(request.path_params, request.query_params, body)
        return await run_in_threadpool(_respond, view, handler, asked, media_type)

    return answer


async def _read_body(request: Request) -> Json:
    try:
        body = await bounded_body(request, MOST_BODY_BYTES)
    except BodyTooLongError:
        raise ApiError(413, f"Body too long: at most {MOST_BODY_BYTES} bytes expected") from None
    except ClientDisconnect:
        raise bad_request("Invalid body: the client closed the connection") from None
    if not body:
        return None
    require_json(request.headers.get("content-type"))
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"Invalid body: {error}") from error


def _respond(view: ChainView, handler: Handler, asked: Asked, media_type: MediaType) -> Response:
    with view.chain.turns.taking():
        answer = handler(view, asked)
        headers = _headers(view, answer)
        if media_type == JSON:
            content = orjson.dumps(_document(view, answer))
        else:
            content = view.spec.ssz_serialize(answer.data)
    return Response(content, media_type=media_type, headers=headers)


def _headers(view: ChainView, answer: Answer) -> dict[str, str]:
    """What the JSON says next to its data, which SSZ has no place for."""
    headers = {"Eth-Consensus-Version": view.fork} if answer.versioned else {}
    if answer.finalised is not None:
        headers["Eth-Execution-Optimistic"] = "false"
        headers["Eth-Consensus-Finalized"] = "true" if answer.finalised else "false"
    return headers


def _document(view: ChainView, answer: Answer) -> Json:
    data = encode(answer.data)
    if not answer.is_enclosed:
        return data
    document: dict[str, Json] = {"version": view.fork} if answer.versioned else {}
    if answer.finalised is not None:
        document |= {"execution_optimistic": False, "finalized": answer.finalised}
    if answer.meta is not None:
        document["meta"] = answer.meta
    return document | {"data": data}
