"""Several nodes asked at once, each in a thread of its own; a silent one costs its timeout once."""

import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from keel.nodes.errors import (
    NodeError,
    NodeLeftOutError,
    NodeSettingsError,
    NodeSilentError,
    public_name,
)

type OnDisagreement = Callable[[str, str], None]
"""Called with a node's url and what is wrong with it."""

_LATE_SHARE = 0.25


class Closable(Protocol):
    """What a panel asks: a client of one node."""

    def close(self) -> None:
        """Break off what it does and end its connections, from any thread."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long a silent node is left out: doubling from the first to the longest time."""

    first_seconds: float = 1.0
    most_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Reply[A]:
    """What one node answered, or why it did not."""

    url: str
    outcome: A | NodeError


class Panel[N: Closable]:
    """Nodes that are asked the same; itself used by one thread.

    `on_disagreement` hears of a problem of a node once, and again after the node was well. When
    an answer is `settled`, the others have a quarter of the timeout left. A node alone is always
    asked, however silent it was.
    """

    def __init__(
        self,
        urls: Sequence[str],
        open_node: Callable[[str], N],
        timeout_seconds: float,
        on_disagreement: OnDisagreement,
        backoff: Backoff | None = None,
    ) -> None:
        if not urls or len(set(urls)) != len(urls):
            raise NodeSettingsError("the nodes must be one or more addresses, each named once")
        self.timeout_seconds = timeout_seconds
        self._on_disagreement = on_disagreement
        self._backoff = backoff or Backoff()
        names = _names(urls)
        self._seats = [_Seat(name, url, open_node) for name, url in zip(names, urls, strict=True)]

    @property
    def urls(self) -> list[str]:
        """Names of the nodes in the order given."""
        return [seat.name for seat in self._seats]

    def ask[A](
        self,
        question: Callable[[N], A],
        *,
        of: Collection[str] | None = None,
        timeout_seconds: float | None = None,
        settled: Callable[[Sequence[A]], bool] | None = None,
    ) -> list[Reply[A]]:
        """Ask all nodes, or those named, and return what each said in the order of the nodes.

        Errors of a question other than NodeError are mistakes of the program and are raised.
        """
        seats = [seat for seat in self._seats if of is None or seat.name in of]
        said: dict[str, Reply[A]] = {}
        waiting: dict[str, _Seat[N]] = {}
        arrivals: queue.SimpleQueue[tuple[str, A | Exception]] = queue.SimpleQueue()
        for seat in seats:
            refusal = seat.left_out() if len(self._seats) > 1 else None
            if refusal is not None:
                said[seat.name] = Reply(seat.name, refusal)
            else:
                waiting[seat.name] = seat
                seat.put(question, arrivals)
        self._collect(waiting, said, arrivals, timeout_seconds or self.timeout_seconds, settled)
        return [said[seat.name] for seat in seats]

    def mark_off(self, url: str, about: str, problem: str) -> None:
        """Tell what is wrong with a node's answers about something, once until they are right."""
        seat = self._seat(url)
        if about not in seat.off_about:
            seat.off_about.add(about)
            self._on_disagreement(url, problem)

    def mark_right(self, url: str, about: str) -> None:
        """Note that a node's answer about something was right."""
        self._seat(url).off_about.discard(about)

    def close(self) -> None:
        """Close all connections and end the threads."""
        for seat in self._seats:
            seat.close()

    def _collect[A](
        self,
        waiting: dict[str, "_Seat[N]"],
        said: dict[str, Reply[A]],
        arrivals: "queue.SimpleQueue[tuple[str, A | Exception]]",
        timeout_seconds: float,
        settled: Callable[[Sequence[A]], bool] | None,
    ) -> None:
        deadline = time.monotonic() + timeout_seconds
        answers: list[A] = []
        was_settled = False
        while waiting:
            try:
                name, outcome = arrivals.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            seat = waiting.pop(name)
            if isinstance(outcome, Exception):
                said[name] = Reply(name, self._failed(seat, outcome))
                continue
            seat.end_backoff()
            seat.failure = None
            said[name] = Reply(name, outcome)
            answers.append(outcome)
            if settled is not None and not was_settled and settled(answers):
                was_settled = True
                late = time.monotonic() + timeout_seconds * _LATE_SHARE
                deadline = min(deadline, late)
        for name, seat in waiting.items():
            seat.abandon()
            silent = NodeSilentError(name, "it does not answer in time")
            said[name] = Reply(name, self._failed(seat, silent))

    def _failed(self, seat: "_Seat[N]", error: Exception) -> NodeError:
        if not isinstance(error, NodeError):
            raise error
        if isinstance(error, NodeSilentError):
            seat.leave_out(self._backoff)
        else:
            seat.end_backoff()
        if error.problem != seat.failure:
            seat.failure = error.problem
            self._on_disagreement(seat.name, error.problem)
        return error

    def _seat(self, url: str) -> "_Seat[N]":
        return next(seat for seat in self._seats if seat.name == url)


class _Seat[N: Closable]:
    """One node of a panel: its client, its thread, and how it behaved."""

    def __init__(self, name: str, url: str, open_node: Callable[[str], N]) -> None:
        self.name = name
        self.failure: str | None = None
        self.off_about: set[str] = set()
        self._url = url
        self._open = open_node
        self._node = open_node(url)
        self._worker: _Worker | None = None
        self._left_out_until = 0.0
        self._next_seconds: float | None = None

    def put[A](
        self,
        question: Callable[[N], A],
        arrivals: "queue.SimpleQueue[tuple[str, A | Exception]]",
    ) -> None:
        """Have the node's thread ask it."""
        node, name = self._node, self.name

        def job() -> None:
            try:
                arrivals.put((name, question(node)))
            except Exception as error:  # noqa: BLE001, RUF100 (handed to the asking thread)
                arrivals.put((name, error))

        if self._worker is None:
            self._worker = _Worker(f"node {name}")
        self._worker.put(job)

    def left_out(self) -> NodeError | None:
        """Why the node is not asked now, None if it is."""
        rest = self._left_out_until - time.monotonic()
        if rest <= 0:
            return None
        return NodeLeftOutError(self.name, f"not asked for {rest:.1f} s more ({self.failure})")

    def leave_out(self, backoff: Backoff) -> None:
        """Leave the node out for twice the former time."""
        seconds = self._next_seconds or backoff.first_seconds
        self._left_out_until = time.monotonic() + seconds
        self._next_seconds = min(2 * seconds, backoff.most_seconds)

    def end_backoff(self) -> None:
        """Begin with the shortest time when it is silent again."""
        self._next_seconds = None

    def abandon(self) -> None:
        """Leave a thread that still waits to itself; the next question has a new one."""
        self.close()
        self._node = self._open(self._url)

    def close(self) -> None:
        """Close the connection and let the thread end."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None
        self._node.close()


class _Worker:
    """A thread that does one job after the other and never keeps the program from ending."""

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def put(self, job: Callable[[], None]) -> None:
        self._jobs.put(job)

    def end(self) -> None:
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()


def _names(urls: Sequence[str]) -> list[str]:
    """Name nodes by host and port, numbered where several share them."""
    names = [public_name(url) for url in urls]
    return [
        name if names.count(name) == 1 else f"{name} (node {number})"
        for number, name in enumerate(names, 1)
    ]
