"""Pages of their own: a transaction, a validator, all validators, an address."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from eth_utils.address import is_address
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keel.chain.abi import checksummed
from keel.chain.errors import ChainError
from keel.dashboard.beacon import BeaconClient
from keel.dashboard.event_texts import tell_recent
from keel.dashboard.holder_sheet import (
    HistoryError,
    concerns,
    read_holdings,
    read_rewards,
)
from keel.dashboard.served import HASH_BYTES, Answer, Served, html, is_hexadecimal
from keel.dashboard.transaction_sheet import read_transaction
from keel.dashboard.validator_sheet import (
    VALIDATORS_A_PAGE,
    Standing,
    exit_requests,
    known_keys,
    read_standings,
)
from keel.dashboard.view import Snapshot
from keel.dashboard.watcher import MALFORMED, malformed
from keel.deploy.bindings import Bindings
from keel.nodes.errors import NodeError
from keel.sight.event_index import Happened

_PUBKEY_BYTES = 48
_BEACON_SECONDS = 10.0


def detail_routes(served: Served) -> list[Route]:
    """Routes of the small pages."""
    return [
        Route("/tx/{hash}", _transaction(served)),
        Route("/validators", _validators(served)),
        Route("/validators/{pubkey}", _validator(served)),
        Route("/addresses/{address}", _address(served)),
    ]


def _transaction(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        text = request.path_params["hash"]
        if not is_hexadecimal(text, HASH_BYTES):
            raise HTTPException(404, "not a transaction hash")
        found = await run_in_threadpool(served.with_contracts, read_transaction, text.lower())
        if found is None:
            raise HTTPException(404, f"the node knows no transaction {text.lower()}")
        return html(served.page.sheet("transaction.html", t=found))

    return answer


def _validators(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        snapshot, events = _layer(served)
        keys = known_keys(events)
        pages = max(1, -(-len(keys) // VALIDATORS_A_PAGE))
        text = request.query_params.get("page", "1")
        number = int(text) if text.isdecimal() and len(text) < len("1000000") else 0
        if not 1 <= number <= pages:
            raise HTTPException(404, f"page {text[:20]!r} is not one of 1 to {pages}")
        shown = keys[(number - 1) * VALIDATORS_A_PAGE : number * VALIDATORS_A_PAGE]
        standings, problem = await _standings(served, [key.pubkey for key in shown])
        return html(
            served.page.sheet(
                "validators.html",
                keys=shown,
                count=len(keys),
                number_of_page=number,
                pages=pages,
                standings=standings,
                problem=problem,
                operators=_operators(snapshot),
            )
        )

    return answer


def _validator(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        pubkey = request.path_params["pubkey"].lower()
        if not is_hexadecimal(pubkey, _PUBKEY_BYTES):
            raise HTTPException(404, "not a validator's public key")
        snapshot, events = _layer(served)
        found = [key for key in known_keys(events) if key.pubkey == pubkey]
        if not found:
            raise HTTPException(404, f"nobody has predeposited a key {pubkey}")
        standings, problem = await _standings(served, [pubkey])
        return html(
            served.page.sheet(
                "validator.html",
                key=found[0],
                standing=standings.get(pubkey),
                problem=problem,
                exits=exit_requests(events, pubkey),
                operators=_operators(snapshot),
            )
        )

    return answer


def _address(served: Served) -> Answer:
    async def answer(request: Request) -> Response:
        text = request.path_params["address"]
        if not is_address(text):
            raise HTTPException(404, "no address")
        address = checksummed(text)
        snapshot, events = _layer(served)
        own = [event for event in events if concerns(event, address)]
        first_block = served.watcher.known.manifest.block

        def read(c: Bindings) -> tuple[Any, Any, str]:
            held = read_holdings(c, address, snapshot.head.number)
            try:
                return held, read_rewards(c, address, snapshot, events, first_block), ""
            except HistoryError as error:
                return held, None, str(error)

        held, rewards, problem = await run_in_threadpool(served.with_contracts, read)
        return html(
            served.page.sheet(
                "address.html",
                address=address,
                held=held,
                rewards=rewards,
                problem=problem,
                tickets=[
                    t
                    for t in (*snapshot.queue.claimable, *snapshot.queue.waiting)
                    if t.owner == address
                ],
                told=tell_recent(own),
                s=snapshot,
            )
        )

    return answer


def _layer(served: Served) -> tuple[Snapshot, Sequence[Happened]]:
    layer = served.watcher.view.layer
    if layer is None:
        raise HTTPException(503, "the execution node has not answered yet")
    return layer.snapshot, layer.events


def _operators(snapshot: Snapshot) -> Mapping[int, str]:
    return {operator.operator_id: operator.name for operator in snapshot.operators}


async def _standings(served: Served, pubkeys: Sequence[str]) -> tuple[Mapping[str, Standing], str]:
    """From the beacon node; empty, with the reason, if it gives no answer."""

    def read(c: Bindings) -> Mapping[str, Standing]:
        credentials = "0x" + bytes(c.vault.withdrawalCredentials()).hex()
        with closing(BeaconClient(served.watcher.beacon_url, _BEACON_SECONDS)) as client:
            try:
                return read_standings(client, pubkeys, credentials)
            except MALFORMED as error:
                raise NodeError(client.url, malformed(client.url, error)) from error

    try:
        return await run_in_threadpool(served.with_contracts, read), ""
    except ChainError as error:
        return {}, str(error)
