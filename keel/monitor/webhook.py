"""Tell somebody of alarms by HTTP POST, in a thread of its own.

What the other side has not heard yet is sent again until it has, with growing pauses: no alarm
waits for it, and neither log nor alarm shows the address, which may hold a key.
"""

import threading
from dataclasses import dataclass
from typing import Any

import httpx

from keel.chain.closeable import Closing
from keel.monitor.settings import WebhookSection
from keel.service.service import Service

WEBHOOK = "webhook"
_LOOK_SECONDS = 0.2
_FIRST_PAUSE_SECONDS = 1.0
_CLOSE_SECONDS = 1.0


@dataclass(frozen=True)
class _Change:
    raised: dict[str, str]
    cleared: list[str]

    @property
    def words(self) -> str:
        lines = [f"ALARM {name}: {text}" for name, text in self.raised.items()]
        return "\n".join([*lines, *(f"cleared: {name}" for name in self.cleared)])


class Webhook(Closing):
    """Compares the alarms that stand with those that it has told, until it is closed."""

    def __init__(
        self, url: str, settings: WebhookSection, service: Service, chain_id: int, failures: Any
    ) -> None:
        self._url = url
        self._service = service
        self._chain_id = chain_id
        self._failures = failures
        self._most_pause = settings.most_pause_seconds
        self._client = httpx.Client(
            timeout=settings.timeout_seconds, trust_env=False, follow_redirects=False
        )
        self._told: frozenset[str] = frozenset()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, after one more attempt that has begun already."""
        self._stop.set()
        self._thread.join(timeout=_CLOSE_SECONDS)

    def _run(self) -> None:
        failed = 0
        while not self._stop.is_set():
            problem = self._tell()
            failed = 0 if problem is None else failed + 1
            self._service.alarms.set(WEBHOOK, problem)
            if problem is None:
                self._stop.wait(_LOOK_SECONDS)
                continue
            self._failures.inc()
            doubled = _FIRST_PAUSE_SECONDS * 2 ** min(failed - 1, 16)
            self._stop.wait(min(self._most_pause, doubled))

    def _tell(self) -> str | None:
        """Tell what is new; returns why that failed."""
        texts = {n: text for n, text in self._service.alarms.texts().items() if n != WEBHOOK}
        standing = frozenset(texts)
        change = _Change(
            {name: text for name, text in texts.items() if name not in self._told},
            sorted(self._told - standing),
        )
        if standing == self._told:
            return None
        message = {
            "service": "keel-monitor",
            "chain_id": self._chain_id,
            "raised": change.raised,
            "cleared": change.cleared,
            "text": change.words,
        }
        try:
            answer = self._client.post(self._url, json=message)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"the webhook cannot be reached ({type(error).__name__})"
        if not answer.is_success:
            return f"the webhook answers with status {answer.status_code}"
        self._told = standing
        return None
