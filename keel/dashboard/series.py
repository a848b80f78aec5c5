"""Rate and supplies over time, replayed from the events (SHR-8), for a chart: floats."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keel.dashboard.view import Snapshot
from keel.model.constants import ETHER, SHARES_PER_WEI, ZERO_ADDRESS
from keel.sight.event_index import Happened
from keel.statement.ether_books import EtherBooks

_POINTS_MOST = 1_200


@dataclass(frozen=True, slots=True)
class Point:
    """`rate` is ether of one wkETH; supplies in whole tokens."""

    time: int
    rate: float
    keth: float
    wketh: float


def _point(books: EtherBooks, wrapped_units: int, time: int) -> Point:
    visible_wei = books.visible_wei(time)
    rate = visible_wei * SHARES_PER_WEI / max(books.shares, 1)
    return Point(time, rate, visible_wei / ETHER, wrapped_units / ETHER)


def series(events: Iterable[Happened], now: Snapshot) -> tuple[Point, ...]:
    """Points in the order of time, the last one exactly the snapshot's."""
    points = list(_replayed(events, now.head.timestamp))
    points.append(
        Point(
            now.head.timestamp,
            now.rate_wei / ETHER,
            now.accounts.visible_wei / ETHER,
            now.wrapped_units / ETHER,
        )
    )
    return tuple(_thinned(points))


def _replayed(events: Iterable[Happened], now: int) -> Iterator[Point]:
    books, wrapped_units, since = EtherBooks(), 0, 0
    for happened in events:
        if books.shares:
            yield from _between(books, wrapped_units, since, happened.time)
        books.apply(happened)
        if (happened.contract, happened.name) == ("wrapped", "Transfer"):
            units = happened.inputs["value"]
            wrapped_units += units if happened.inputs["from"] == ZERO_ADDRESS else -units
        since = happened.time
        if books.shares:
            yield _point(books, wrapped_units, since)
    if books.shares:
        yield from _between(books, wrapped_units, since, now)


def _between(books: EtherBooks, wrapped_units: int, since: int, time: int) -> Iterator[Point]:
    """The end of a stream, where growth stops, and the moment before the next event."""
    if since < books.stream.end < time:
        yield _point(books, wrapped_units, books.stream.end)
    if since < time:
        yield _point(books, wrapped_units, time)


def _thinned(points: list[Point]) -> Iterator[Point]:
    """Each point once, evenly fewer of too many, the last one always."""
    kept: list[Point] = []
    for point in points:
        if not kept or point != kept[-1]:
            kept.append(point)
    step = max(1, -(-len(kept) // _POINTS_MOST))
    yield from (p for n, p in enumerate(kept) if n % step == 0 or n == len(kept) - 1)
