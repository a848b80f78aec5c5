"""The application: which path is answered by what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from keel.consensus.api import (
    blocks,
    committees,
    configuration,
    fork_choice,
    node,
    states,
    validators,
)
from keel.consensus.api.endpoint import Handler, endpoint
from keel.consensus.api.errors import (
    ApiError,
    answer_api_error,
    answer_failure,
    answer_http_error,
    bad_request,
    error_response,
)
from keel.consensus.api.events import Events
from keel.consensus.api.identifiers import parse_number
from keel.consensus.api.view import ChainView
from keel.consensus.beacon.chain import BeaconChain
from keel.serving.hosts import is_own_host

_STATE = "/eth/v1/beacon/states/{state_id}"

JSON_ONLY: dict[str, Handler] = {
    "/eth/v1/node/version": node.node_version,
    "/eth/v1/node/syncing": node.syncing,
    "/eth/v1/node/identity": node.identity,
    "/eth/v1/node/peers": node.peers,
    "/eth/v1/node/peer_count": node.peer_count,
    "/eth/v1/config/spec": configuration.spec_values,
    "/eth/v1/config/fork_schedule": configuration.fork_schedule,
    "/eth/v1/config/deposit_contract": configuration.deposit_contract,
    "/eth/v1/beacon/blocks/{block_id}/root": blocks.block_root,
    f"{_STATE}/root": states.state_root,
    f"{_STATE}/fork": states.fork,
    f"{_STATE}/finality_checkpoints": states.finality_checkpoints,
    f"{_STATE}/validators": validators.validators,
    f"{_STATE}/validators/{{validator_id}}": validators.validator,
    f"{_STATE}/validator_balances": validators.balances,
    f"{_STATE}/committees": committees.committees,
    f"{_STATE}/sync_committees": committees.sync_committees,
    f"{_STATE}/randao": states.randao,
    "/eth/v2/debug/beacon/heads": fork_choice.heads,
    "/eth/v1/debug/fork_choice": fork_choice.fork_choice,
}

JSON_OR_SSZ: dict[str, Handler] = {
    "/eth/v1/beacon/headers/{block_id}": blocks.header,
    "/eth/v1/beacon/headers": blocks.headers,
    "/eth/v1/beacon/genesis": configuration.genesis,
    "/eth/v2/beacon/blocks/{block_id}": blocks.block,
    "/eth/v2/beacon/blocks/{block_id}/attestations": blocks.attestations,
    "/eth/v1/beacon/blinded_blocks/{block_id}": blocks.blinded_block,
    "/eth/v2/debug/beacon/states/{state_id}": states.whole_state,
    f"{_STATE}/pending_deposits": states.queue("pending_deposits"),
    f"{_STATE}/pending_partial_withdrawals": states.queue("pending_partial_withdrawals"),
    f"{_STATE}/pending_consolidations": states.queue("pending_consolidations"),
}

POSTED: dict[str, Handler] = {
    f"{_STATE}/validators": validators.validators_by_body,
    f"{_STATE}/validator_balances": validators.balances_by_body,
}


def create_app(chain: BeaconChain) -> Starlette:
    """Return the Beacon API over a chain; `keel.consensus.api.server` puts it on a port.

    Its `state.events` follow the chain from the application's start-up to its shutdown.
    """
    view = ChainView(chain)
    events = Events(view)

    @asynccontextmanager
    async def following(_app: Starlette) -> AsyncIterator[None]:
        events.follow()
        yield
        events.close()

    app = Starlette(
        routes=[
            *(_route(view, path, handler, has_ssz=False) for path, handler in JSON_ONLY.items()),
            *(_route(view, path, handler, has_ssz=True) for path, handler in JSON_OR_SSZ.items()),
            *(_route(view, path, each, method="POST") for path, each in POSTED.items()),
            Route("/eth/v1/node/health", _health),
            Route("/eth/v1/events", events.answer),
        ],
        exception_handlers={
            ApiError: answer_api_error,
            HTTPException: answer_http_error,
            Exception: answer_failure,
        },
        lifespan=following,
        middleware=[Middleware(_OwnHosts)],
    )
    app.state.events = events
    return app


class _OwnHosts:
    """Refuses requests under names of other sites, whose pages a browser would let read on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host", "") if scope["type"] == "http" else None
        if host is None or is_own_host(host):
            await self._app(scope, receive, send)
        else:
            refused = ApiError(421, f"Host not served here: {host[:100]}")
            await error_response(refused)(scope, receive, send)


def _route(
    view: ChainView, path: str, handler: Handler, *, has_ssz: bool = False, method: str = "GET"
) -> Route:
    return Route(path, endpoint(view, handler, has_ssz=has_ssz), methods=[method])


async def _health(request: Request) -> Response:
    """A chain that answers is ready; the status for syncing is checked although never used."""
    wanted = request.query_params.get("syncing_status")
    if wanted is not None and not 100 <= parse_number(wanted, "syncing status code") <= 599:
        raise bad_request(f"Invalid syncing status code: {wanted}, 100 to 599 expected")
    return Response()
