"""/health and /metrics over HTTP."""

import threading
import time
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keel.service.alarms import Alarms
from keel.service.metrics import CONTENT_TYPE, Metrics

_STALE_STATUS = 503


class Health:
    """How far a service has come; written by its loop, read by the monitor's thread."""

    def __init__(self, service: str, stale_seconds: float, account: str | None = None) -> None:
        self.service, self.account = service, account
        self._stale_seconds = stale_seconds
        self._head_slot = -1
        self._ref_slot: int | None = None
        self._stage = "starting"
        self._head_read = time.monotonic()
        self._lock = threading.Lock()

    def head_read(self) -> None:
        """Say that a head could be read just now, although its work is not finished."""
        with self._lock:
            self._head_read = time.monotonic()

    def finished(self, head_slot: int) -> None:
        """Say that everything is done that this head asked for."""
        with self._lock:
            self._head_read = time.monotonic()
            self._head_slot = head_slot

    def at(self, stage: str, ref_slot: int | None = None) -> None:
        """Say what is being done, and for which reference slot."""
        with self._lock:
            self._stage = stage
            self._ref_slot = ref_slot

    @property
    def head_slot(self) -> int:
        """The last head whose work is finished, -1 before the first."""
        with self._lock:
            return self._head_slot

    @property
    def is_stale(self) -> bool:
        """Whether no head could be read for too long."""
        with self._lock:
            return time.monotonic() - self._head_read > self._stale_seconds

    def document(self, alarms: dict[str, str]) -> dict[str, Any]:
        """Return what /health shows."""
        status = "stopped" if self.is_stale else "alarm" if alarms else "ok"
        with self._lock:
            return {
                "service": self.service,
                "status": status,
                "head_slot": self._head_slot,
                "ref_slot": self._ref_slot,
                "stage": self._stage,
                "alarms": alarms,
                "account": self.account,
            }


def monitor_app(health: Health, alarms: Alarms, metrics: Metrics) -> Starlette:
    """Return the app; 503 only when no head could be read for long, since alarms are not deaths."""

    async def show_health(_request: Request) -> Response:
        document = health.document(alarms.texts())
        stale = document["status"] == "stopped"
        return JSONResponse(document, status_code=_STALE_STATUS if stale else 200)

    def show_metrics(_request: Request) -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return Starlette(routes=[Route("/health", show_health), Route("/metrics", show_metrics)])
