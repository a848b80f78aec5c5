"""The stream of events (server-sent events): one queue for each client that listens."""

import asyncio
from collections.abc import AsyncIterator

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from keel.consensus.api.changes import TOPICS, Event, Moment, events_between, moment
from keel.consensus.api.errors import ApiError, bad_request
from keel.consensus.api.negotiation import require_event_stream
from keel.consensus.api.view import ChainView

KEEP_ALIVE_SECONDS = 15.0
MOST_WAITING = 10_000
"""Events that may wait for a client; one that reads more slowly is cut off."""
MOST_LISTENERS = 32
"""Clients at a time; half of the connections, so that listeners keep no other client out."""


class Listener:
    """A client of the stream; what waits for it is bounded. It belongs to the running loop."""

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[Event | None] = asyncio.Queue(MOST_WAITING)
        self._is_too_slow = False

    def send(self, event: Event | None) -> None:
        """Hand over an event from any thread; None is the end."""
        self._loop.call_soon_threadsafe(self._put, event)

    async def next(self) -> Event | None:
        """Wait for an event; None is the end, also for a client that reads too slowly."""
        return None if self._is_too_slow else await self._waiting.get()

    def _put(self, event: Event | None) -> None:
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            self._is_too_slow = True


class Events:
    """Follows a chain between `follow` and `close`, and tells all who listen."""

    def __init__(self, view: ChainView) -> None:
        self.view = view
        self._listeners: set[Listener] = set()
        self._last: Moment | None = None

    def follow(self) -> None:
        """Begin with the present head."""
        with self.view.chain.turns.taking():
            self._last = moment(self.view)
            self.view.chain.listeners.append(self._changed)

    def close(self) -> None:
        """Leave the chain and end all streams."""
        with self.view.chain.turns.taking():
            if self._changed in self.view.chain.listeners:
                self.view.chain.listeners.remove(self._changed)
            self._tell(None)

    async def answer(self, request: Request) -> Response:
        """Answer a client that wants to listen; raises ApiError."""
        require_event_stream(request.headers.get("accept"))
        named = [
            each for text in request.query_params.getlist("topics") for each in text.split(",")
        ]
        topics = frozenset(filter(None, named))
        for topic in topics:
            if topic not in TOPICS:
                raise bad_request(f"Invalid topic: {topic}, one of {', '.join(TOPICS)} expected")
        if not topics:
            raise bad_request(f"Invalid topics: none, one of {', '.join(TOPICS)} expected")
        if len(self._listeners) >= MOST_LISTENERS:
            raise ApiError(503, f"Too many listeners: at most {MOST_LISTENERS} at a time")
        return _Stream(Listener(topics), self._listeners)

    def _changed(self) -> None:
        """Called in the chain's thread and turn."""
        before, self._last = self._last, moment(self.view)
        if before is not None and self._listeners:
            for event in events_between(self.view, before, self._last):
                self._tell(event)

    def _tell(self, event: Event | None) -> None:
        for listener in self._listeners.copy():
            if event is None or event.topic in listener.topics:
                listener.send(event)


class _Stream(StreamingResponse):
    """A client is among the listeners for exactly as long as it is answered."""

    def __init__(self, listener: Listener, listeners: set[Listener]) -> None:
        headers = {"Cache-Control": "no-cache"}
        super().__init__(_told(listener), media_type="text/event-stream", headers=headers)
        self._listener, self._listeners = listener, listeners

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._listeners.add(self._listener)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._listeners.discard(self._listener)


async def _told(listener: Listener) -> AsyncIterator[bytes]:
    yield b": listening\n\n"
    while True:
        try:
            event = await asyncio.wait_for(listener.next(), KEEP_ALIVE_SECONDS)
        except TimeoutError:
            yield b": still there\n\n"
            continue
        if event is None:
            return
        yield b"event: %s\ndata: %s\n\n" % (event.topic.encode(), orjson.dumps(event.data))
