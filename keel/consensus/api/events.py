"""The stream of events (server-sent events): one queue for each client that listens."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from keel.consensus.api.changes import TOPICS, Event, Moment, events_between, moment
from keel.consensus.api.errors import bad_request
from keel.consensus.api.negotiation import require_event_stream
from keel.consensus.api.view import ChainView

KEEP_ALIVE_SECONDS = 15.0
MOST_WAITING = 10_000
"""Events that may wait for a client; one that reads more slowly is cut off."""


@dataclass(frozen=True, eq=False)
class _Listener:
    """`queue` belongs to `loop`; None in it is the end."""

    topics: frozenset[str]
    queue: asyncio.Queue[Event | None]
    loop: asyncio.AbstractEventLoop

    def send(self, event: Event | None) -> None:
        """Hand over an event from any thread."""
        self.loop.call_soon_threadsafe(self.queue.put_nowait, event)


class Events:
    """Follows a chain between `follow` and `close`, and tells all who listen."""

    def __init__(self, view: ChainView) -> None:
        self.view = view
        self._listeners: set[_Listener] = set()
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
        listener = _Listener(topics, asyncio.Queue(), asyncio.get_running_loop())
        self._listeners.add(listener)
        headers = {"Cache-Control": "no-cache"}
        return StreamingResponse(
            self._stream(listener), media_type="text/event-stream", headers=headers
        )

    async def _stream(self, listener: _Listener) -> AsyncIterator[bytes]:
        try:
            yield b": listening\n\n"
            while listener.queue.qsize() <= MOST_WAITING:
                try:
                    event = await asyncio.wait_for(listener.queue.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still there\n\n"
                    continue
                if event is None:
                    return
                yield b"event: %s\ndata: %s\n\n" % (event.topic.encode(), orjson.dumps(event.data))
        finally:
            self._listeners.discard(listener)

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
