"""From a View to HTML: templates, and how amounts, accounts and times are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined

from keel.chain import packed
from keel.chain.node_packages import REPOSITORY_ROOT
from keel.dashboard.actions import ticket_ids
from keel.dashboard.contracts import PURPOSES, TOKENS
from keel.dashboard.deployment import KnownDeployment
from keel.dashboard.guide import guide_html
from keel.dashboard.market import MarketView
from keel.dashboard.pieces import Amount, Key, When, Who
from keel.dashboard.series import Point
from keel.dashboard.view import Accounts, Ticket
from keel.dashboard.watcher import View
from keel.formatting.amounts import (
    exact_ether,
    shown_bps,
    shown_ether,
    shown_ray,
    shown_seconds,
)
from keel.model.beacon_yield import on_mainnet_bps, times_mainnet
from keel.sight.rebases import reported

OPERATIONS_GUIDE = (
    packed.packed(packed.OPERATIONS_GUIDE) or REPOSITORY_ROOT / "docs" / "operations.md"
)
_BAR_WIDTH = 1_000
_END_OF_CALENDAR = 253_402_300_799  # the last second of the year 9999
_BRIEF_LONGEST = 18


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of one of the identity's two bars, of 1,000 units in all."""

    letter: str
    meaning: str
    wei: int
    start: float
    width: float
    percent: float


class Page:
    """Renders what one deployment shows."""

    def __init__(self, known: KnownDeployment, token: str, local_accounts: Sequence[str]) -> None:
        self._known = known
        self._token = token
        self._local_accounts = tuple(local_accounts)
        self._names = known.names(self._local_accounts)
        self._environment = Environment(
            loader=PackageLoader("keel.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "exact": exact_ether,
            "shown": shown_ether,
            "bps": shown_bps,
            "ray": shown_ray,
            "duration": shown_seconds,
            "short": _short,
            "who": self._who,
            "clock": _clock,
            "moment": _moment,
            "piece": _piece_kind,
            "brief": _brief,
            "day": _day,
            "ids": ticket_ids,
        }

    def whole(self, view: View, age_seconds: float) -> str:
        """The page as it is loaded."""
        config = self._known.manifest.configuration
        return self._environment.get_template("page.html").render(
            **self._context(view),
            age_seconds=age_seconds,
            token=self._token,
            chain_id=self._known.manifest.chain_id,
            profile=config.profile,
            contracts=self._contracts(),
            tokens=TOKENS,
            local_accounts=[(a, self._names.get(a, "")) for a in self._local_accounts],
        )

    def fragment(self, view: View) -> str:
        """What is replaced when the view is another one."""
        return self._environment.get_template("view.html").render(**self._context(view))

    def account(self, address: str, held: Mapping[str, int], view: View) -> str:
        """An account's tokens and tickets; `held` in wei or units, by token."""
        queue = None if view.snapshot is None else view.snapshot.queue
        tickets: Sequence[Ticket] = () if queue is None else [*queue.claimable, *queue.waiting]
        own = [ticket for ticket in tickets if ticket.owner == address]
        now = 0 if view.snapshot is None else view.snapshot.head.timestamp
        return self._environment.get_template("account.html").render(
            address=address,
            held=held,
            tickets=own,
            claimable=[ticket for ticket in own if ticket.is_finalised],
            now=now,
        )

    def sheet(self, template: str, **shown: Any) -> str:
        """A page of its own, for one thing."""
        chain_id = self._known.manifest.chain_id
        return self._environment.get_template(template).render(chain_id=chain_id, **shown)

    def operations(self) -> str | None:
        """The operators' guide, None when the checkout has none."""
        if not OPERATIONS_GUIDE.is_file():
            return None
        guide = guide_html(OPERATIONS_GUIDE.read_text())
        return self._environment.get_template("operations.html").render(guide=guide)

    def _context(self, view: View) -> dict[str, Any]:
        snapshot = view.snapshot
        return {
            "view": view,
            "s": snapshot,
            "market": None if view.layer is None else view.layer.market,
            "beacon": view.beacon,
            "mainnet": None if snapshot is None else self.on_mainnet(view),
            "bars": None if snapshot is None else identity_bars(snapshot.accounts),
            "geometry": self._known.geometry,
            "reports": [] if view.layer is None else _reports(view),
            "slot": 0 if snapshot is None else self._slot_at(snapshot.head.timestamp),
        }

    def on_mainnet(self, view: View) -> tuple[int, int] | None:
        """How many times mainnet's yield this chain pays, and the APR there in basis points.

        None where nothing streams, the chain is like mainnet, or its size is not known.
        """
        if view.beacon is None or view.snapshot is None or not view.snapshot.apr_bps:
            return None
        config = self._known.manifest.configuration
        epoch_seconds = config.parameters.slots_per_epoch * config.geometry.seconds_per_slot
        active_gwei = view.beacon.active_gwei
        apr_bps = on_mainnet_bps(view.snapshot.apr_bps, active_gwei, epoch_seconds)
        return None if apr_bps is None else (times_mainnet(active_gwei, epoch_seconds), apr_bps)

    def _contracts(self) -> list[tuple[str, str, str]]:
        """Address, name and purpose of each contract."""
        addresses = self._known.manifest.addresses
        known = [name for name in PURPOSES if name in addresses]
        others = [name for name in addresses if name not in PURPOSES]
        return [(addresses[name], name, PURPOSES.get(name, "")) for name in [*known, *others]]

    def _slot_at(self, time: int) -> int:
        geometry = self._known.geometry
        return (time - geometry.genesis_time) // geometry.seconds_per_slot

    def _who(self, address: str) -> str:
        return self._names.get(address) or _short(address)


def identity_bars(accounts: Accounts) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """B, C, P above V, U, Q: two bars of the same ether."""
    total = max(accounts.controlled_wei, accounts.accounted_wei, 1)
    there = (
        ("B", "buffered in the vault, not staked", accounts.buffered_wei),
        ("C", "validators and their pending deposits, last report", accounts.consensus_wei),
        ("P", "sent to the deposit contract since", accounts.pending_wei),
    )
    owned = (
        ("V", "of A, what all kETH is worth now", accounts.visible_wei),
        ("U", "of A, rewards that still stream", accounts.unvested_wei),
        ("Q", "owed to tickets not finalised", accounts.owed_wei),
    )
    return _segments(there, total), _segments(owned, total)


def series_json(points: Sequence[Point]) -> bytes:
    """Columns for the chart: times, rate, kETH, wkETH."""
    return orjson.dumps(
        [
            [p.time for p in points],
            [p.rate for p in points],
            [p.keth for p in points],
            [p.wketh for p in points],
        ]
    )


def market_json(market: MarketView | None) -> bytes:
    """Columns for the market's chart: times, the rate, and the pools' prices."""
    return orjson.dumps(() if market is None else market.columns)


def _segments(parts: Sequence[tuple[str, str, int]], total: int) -> tuple[Segment, ...]:
    found = []
    start = 0.0
    for letter, meaning, wei in parts:
        width = wei * _BAR_WIDTH / total
        found.append(Segment(letter, meaning, wei, start, width, wei * 100 / total))
        start += width
    return tuple(found)


def _reports(view: View) -> list[dict[str, Any]]:
    """The last reports as rows: what the chart shows, for readers and without JavaScript."""
    if view.layer is None:
        return []
    rebased = list(reported(view.layer.events))[-8:]
    rows = []
    for event in reversed(rebased):
        given = event.inputs
        visible_wei = given["assetsAfterWei"] - given["unvestedAfterWei"]
        rows.append(
            {
                "time": event.time,
                "block": event.event.log.block_number,
                "transaction_hash": event.event.log.transaction_hash,
                "rate_wei": visible_wei * 10**27 // max(given["sharesAfter"], 1),
                "visible_wei": visible_wei,
                "apr_bps": given["aprBps"],
                "unvested_wei": given["unvestedAfterWei"],
            }
        )
    return rows


def _short(address: str) -> str:
    return f"{address[:6]}…{address[-4:]}"


def _brief(text: str) -> str:
    """The beginning of a hash or a key."""
    return text if len(text) <= _BRIEF_LONGEST else f"{text[:10]}…{text[-6:]}"


def _day(time: int) -> str:
    return _written(time, "%Y-%m-%d %H:%M:%S")


def _clock(time: int) -> str:
    return _written(time, "%H:%M:%S")


def _moment(time: int) -> str:
    return _written(time, "%Y-%m-%dT%H:%M:%SZ")


def _written(time: int, form: str) -> str:
    """A time in UTC; one beyond the calendar, which a node or a jump may give, is its end."""
    return datetime.fromtimestamp(min(max(time, 0), _END_OF_CALENDAR), UTC).strftime(form)


def _piece_kind(piece: object) -> str:
    kinds = {Amount: "amount", Who: "who", When: "when", Key: "key"}
    return kinds.get(type(piece), "text")
