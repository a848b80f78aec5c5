"""Alarms: raised, shown by /health and metrics, cleared automatically."""

import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from keel.service.logs import Log
from keel.service.metrics import Metrics


@dataclass(frozen=True, slots=True)
class Alarm:
    """A standing alarm. `since` is the machine's clock."""

    name: str
    text: str
    since: datetime


class Alarms:
    """The alarms of one service; safe from any thread."""

    def __init__(self, log: Log, metrics: Metrics) -> None:
        self._log, self._metrics = log, metrics
        self._standing: dict[str, Alarm] = {}
        self._lock = threading.Lock()

    def raise_(self, name: str, text: str) -> None:
        """Raise an alarm, logged once; while it stands only its text may change."""
        with self._lock:
            old = self._standing.get(name)
            if old is not None:
                self._standing[name] = replace(old, text=text)
                return
            self._standing[name] = Alarm(name, text, datetime.now(UTC))
        self._metrics.alarm.labels(self._metrics.service, name).set(1)
        self._log.warning("alarm.raised", alarm=name, text=text)

    def clear(self, name: str) -> None:
        """End an alarm, logged once; nothing happens when it does not stand."""
        with self._lock:
            old = self._standing.pop(name, None)
        if old is not None:
            self._metrics.alarm.labels(self._metrics.service, name).set(0)
            self._log.info("alarm.cleared", alarm=name, since=old.since.isoformat())

    def set(self, name: str, text: str | None) -> None:
        """Raise it with this text, or clear it for None."""
        if text is None:
            self.clear(name)
        else:
            self.raise_(name, text)

    def standing(self) -> tuple[Alarm, ...]:
        """Return the alarms that stand, oldest first."""
        with self._lock:
            return tuple(self._standing.values())

    def texts(self) -> dict[str, str]:
        """Text by name."""
        return {alarm.name: alarm.text for alarm in self.standing()}
