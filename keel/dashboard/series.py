"""Rate and supplies over time, replayed from the events (SHR-8), for a chart: floats.

Each report (Rebased) sets shares, backing and stream exactly; between reports deposits, stakes (by
the bonds), requests and redemptions change them as their events say, to a few wei.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keel.dashboard.view import Snapshot
from keel.model.constants import ETHER, SHARES_PER_WEI, ZERO_ADDRESS
from keel.sight.event_index import Happened

_POINTS_MOST = 1_200


@dataclass(frozen=True, slots=True)
class Point:
    """`rate` is ether of one wkETH; supplies in whole tokens."""

    time: int
    rate: float
    keth: float
    wketh: float


@dataclass
class _Books:
    """Accounts as the log has made them so far."""

    shares: int = 0
    backing_wei: int = 0
    unvested_wei: int = 0
    stream_seconds: int = 1
    stream_end: int = 0
    wrapped_units: int = 0

    def point(self, time: int) -> Point:
        left = max(0, self.stream_end - time)
        visible_wei = self.backing_wei - self.unvested_wei * left // self.stream_seconds
        return Point(
            time,
            visible_wei * SHARES_PER_WEI / max(self.shares, 1),
            visible_wei / ETHER,
            self.wrapped_units / ETHER,
        )

    def apply(self, happened: Happened) -> None:
        given = happened.inputs
        match happened.contract, happened.name:
            case "vault", "Deposited":
                self.shares += given["shares"]
                self.backing_wei += given["assetsWei"]
            case "vault", "Staked":
                self.shares += given["bondShares"]
                self.backing_wei += given["bondWei"]
            case "queue", "TicketRequested":
                self.shares -= given["sharesBurned"]
                self.backing_wei -= given["amountWei"]
            case "vault", "RedeemedInstantly":
                self.shares -= given["sharesBurned"]
                self.backing_wei -= given["paidWei"]
            case "vault", "Rebased":
                self.shares = given["sharesAfter"]
                self.backing_wei = given["assetsAfterWei"]
                self.unvested_wei = given["unvestedAfterWei"]
                self.stream_seconds = max(given["streamSeconds"], 1)
                self.stream_end = happened.time + given["streamSeconds"]
            case "wrapped", "Transfer":
                minted = given["from"] == ZERO_ADDRESS
                self.wrapped_units += given["value"] if minted else -given["value"]


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
    books = _Books()
    since = 0
    for happened in events:
        if books.shares:
            yield from _between(books, since, happened.time)
        books.apply(happened)
        since = happened.time
        if books.shares:
            yield books.point(since)
    if books.shares:
        yield from _between(books, since, now)


def _between(books: _Books, since: int, time: int) -> Iterator[Point]:
    """The end of a stream, where growth stops, and the moment before the next event."""
    if since < books.stream_end < time:
        yield books.point(books.stream_end)
    if since < time:
        yield books.point(time)


def _thinned(points: list[Point]) -> Iterator[Point]:
    """Each point once, evenly fewer of too many, the last one always."""
    kept: list[Point] = []
    for point in points:
        if not kept or point != kept[-1]:
            kept.append(point)
    step = max(1, -(-len(kept) // _POINTS_MOST))
    yield from (p for n, p in enumerate(kept) if n % step == 0 or n == len(kept) - 1)
