"""Alarms of reporters, keepers and monitors that the page was told of, from their /health."""

from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Annotated

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keel.chain.endpoint import shown_address
from keel.dashboard.alarms import Alarm, Level

_SHOWN_MOST = 400
_BYTES_MOST = 64_000
_ANSWER_SECONDS = 2.0

type Name = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
"""Of an alarm or a service: a heading of docs/operations.md, or a word in a title."""


class _Health(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    service: Name
    status: str
    alarms: dict[Name, str] = {}


class ServiceReader:
    """Asks services how they are; one that does not say so is an alarm itself."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = tuple(urls)
        self._client = httpx.Client(
            timeout=_ANSWER_SECONDS, trust_env=False, follow_redirects=False
        )

    def follow(
        self, stop: Event, pause_seconds: float, tell: Callable[[tuple[Alarm, ...]], None]
    ) -> None:
        """Tell what stands, again and again until the wish to stop."""
        with self._client:
            while not stop.is_set():
                tell(self.read())
                stop.wait(pause_seconds)

    def read(self) -> tuple[Alarm, ...]:
        """Every alarm that stands at a service."""
        return tuple(alarm for url in self._urls for alarm in self._alarms(url))

    def _alarms(self, url: str) -> Iterator[Alarm]:
        shown = shown_address(url)
        try:
            answer = self._client.get(f"{url.rstrip('/')}/health")
            health = _Health.model_validate_json(answer.content[:_BYTES_MOST])
        except httpx.HTTPError as error:
            text = f"{shown} cannot be reached ({type(error).__name__})."
            yield Alarm("service_silent", Level.WARNING, "A service does not answer", text)
            return
        except ValidationError:
            text = f"What {shown} answers is not the health of a service."
            yield Alarm("service_silent", Level.WARNING, "A service does not answer", text)
            return
        for name, text in health.alarms.items():
            title = f"A {health.service} raises {name}"
            yield Alarm(name, Level.WARNING, title, f"{text[:_SHOWN_MOST]} ({shown})")
        if health.status == "stopped":
            text = f"{shown} has not read a head for long."
            yield Alarm("service_silent", Level.WARNING, f"A {health.service} stands still", text)
