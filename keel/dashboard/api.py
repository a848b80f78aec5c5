"""JSON for other programs: statistics of the newest block, pools for aggregators, the schema."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keel.dashboard.served import Answer, Served, json_answer
from keel.dashboard.statistics import Pools, Statistics, statistics_schema
from keel.dashboard.view import Snapshot
from keel.dashboard.watcher import View


def api_routes(served: Served) -> list[Route]:
    """Routes of the API; every answer is of the view that the page shows."""
    return [
        Route("/api/statistics", _statistics(served)),
        Route("/api/statistics/schema", _schema),
        Route("/api/pools", _pools(served)),
    ]


def _statistics(served: Served) -> Answer:
    async def answer(_request: Request) -> Response:
        view = served.watcher.view
        mainnet = served.page.on_mainnet(view)
        mainnet_bps = None if mainnet is None else mainnet[1]
        found = Statistics.of(_snapshot(view), served.watcher.known.manifest, mainnet_bps)
        return json_answer(found.model_dump(mode="json"))

    return answer


def _pools(served: Served) -> Answer:
    async def answer(_request: Request) -> Response:
        found = Pools.of(_snapshot(served.watcher.view), served.watcher.known.manifest)
        return json_answer(found.model_dump(mode="json"))

    return answer


async def _schema(_request: Request) -> Response:
    return json_answer(statistics_schema())


def _snapshot(view: View) -> Snapshot:
    if view.snapshot is None:
        raise HTTPException(503, "the execution node has not answered yet")
    return view.snapshot
