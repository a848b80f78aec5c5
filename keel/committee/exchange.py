"""What a member serves to the others over HTTP: the ballots it knows, and leaves of a root.

Nothing that comes in is believed: a ballot must carry a member's signature, has a bound in size
and a bound in time. Whoever cannot reach this server still gets its ballots from other members.
"""

import asyncio
from collections.abc import Callable
from math import ceil

import orjson
from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from keel.committee.allowance import Allowance, network_of
from keel.committee.ballot_box import BallotBox, BallotRefusedError, Reception
from keel.committee.messages import (
    MOST_BALLOT_BYTES,
    BallotsMessage,
    OperatorMessage,
    OperatorsMessage,
    SignedBallot,
    first_fault,
)
from keel.committee.unproven import Sender
from keel.model.commitment import OperatorTotals
from keel.serving.bodies import BodyTooLongError, bounded_body

BODY_SECONDS = 5.0
"""How long a client may take to send one ballot."""

_ROOT_DIGITS = 64
_MOST_SLOT_DIGITS = 20

type FindLeaves = Callable[[bytes], tuple[OperatorTotals, ...] | None]
"""Leaves of an `operatorsRoot`, None when nobody reachable has them."""


def exchange_app(
    box: BallotBox, find_leaves: FindLeaves, allowance: Allowance | None = None
) -> Starlette:
    """Build the server of one member; it can run in a thread of its own.

    `allowance` bounds invalid ballots, by default one of its own that nobody has drawn on.
    """
    desk = _Desk(box, find_leaves, allowance or Allowance())
    return Starlette(
        routes=[
            Route("/v1/ballots", desk.post_ballot, methods=["POST"]),
            Route("/v1/ballots/{ref_slot}", desk.ballots, methods=["GET"]),
            Route("/v1/operators/{root}", desk.operators, methods=["GET"]),
        ],
        exception_handlers={HTTPException: _answer_fault, Exception: _answer_failure},
    )


class _InvalidBallotError(HTTPException):
    """What no honest member sends; it counts against the sender."""


class _Desk:
    def __init__(self, box: BallotBox, find_leaves: FindLeaves, allowance: Allowance) -> None:
        self._box = box
        self._find_leaves = find_leaves
        self._allowance = allowance

    async def post_ballot(self, request: Request) -> Response:
        sender = network_of(request.client.host) if request.client else ""
        wait_seconds = ceil(self._allowance.seconds_to_wait(sender))
        if wait_seconds:
            raise HTTPException(
                429,
                f"too many invalid ballots, the next one is checked in {wait_seconds} s",
                {"Retry-After": str(wait_seconds)},
            )
        try:
            reception = await self._received(request, Sender(sender))
        except _InvalidBallotError:
            self._allowance.spend(sender)
            raise
        return Response(status_code=202 if reception is Reception.UNPROVEN else 204)

    async def _received(self, request: Request, sender: Sender) -> Reception:
        try:
            content = await asyncio.wait_for(bounded_body(request, MOST_BALLOT_BYTES), BODY_SECONDS)
            ballot = SignedBallot.model_validate_json(content)
            return await asyncio.to_thread(self._box.take, ballot, sender)
        except TimeoutError:
            raise HTTPException(408, f"no complete ballot within {BODY_SECONDS:g} s") from None
        except BodyTooLongError:
            raise _InvalidBallotError(
                413, f"a ballot has at most {MOST_BALLOT_BYTES} bytes"
            ) from None
        except ClientDisconnect:
            raise HTTPException(400, "the client closed the connection") from None
        except ValidationError as error:
            raise _InvalidBallotError(400, first_fault(error)) from error
        except BallotRefusedError as error:
            kind = _InvalidBallotError if error.is_invalid else HTTPException
            raise kind(error.status, str(error)) from error

    async def ballots(self, request: Request) -> Response:
        text = request.path_params["ref_slot"]
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_SLOT_DIGITS):
            raise HTTPException(400, "the reference slot is not a decimal number")
        return _json(BallotsMessage.model_construct(ballots=self._box.ballots(int(text))))

    async def operators(self, request: Request) -> Response:
        root = _root(request.path_params["root"])
        leaves = await asyncio.to_thread(self._find_leaves, root)
        if leaves is None:
            raise HTTPException(404, f"no leaves with the root 0x{root.hex()}")
        operators = tuple(OperatorMessage.of(totals) for totals in leaves)
        return _json(OperatorsMessage.model_construct(operators=operators))


def _root(text: str) -> bytes:
    digits = text.removeprefix("0x")
    try:
        root = bytes.fromhex(digits)
    except ValueError:
        root = b""
    if len(digits) != _ROOT_DIGITS or len(root) != _ROOT_DIGITS // 2:
        raise HTTPException(400, "the root is not 32 bytes of hexadecimal")
    return root


def _json(message: BaseModel) -> Response:
    return Response(message.model_dump_json(), media_type="application/json")


def _answer_fault(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    response = _fault(error.status_code, error.detail)
    response.headers.update(error.headers or {})
    return response


def _answer_failure(_request: Request, _error: Exception) -> Response:
    return _fault(500, "internal error")


def _fault(status: int, message: str) -> Response:
    body = orjson.dumps({"code": status, "message": message})
    return Response(body, status, media_type="application/json")
