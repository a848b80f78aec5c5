"""The story of the peg in words and tables."""

from keel.market.morpho import LLTV_WAD
from keel.market.stories.peg_figures import (
    BORROWERS,
    EXIT_DAYS,
    HURDLE_BPS,
    MARKET,
    RATE,
    RUN_WEI,
    SALE_HOURS,
    SALE_UNITS,
    Course,
    Moment,
    Peg,
)
from keel.market.stories.telling import (
    Chart,
    Grid,
    Line,
    Part,
    change,
    ether,
    percent,
    percent_of_bps,
    price,
)
from keel.market.stories.watched import alarm_grid
from keel.model.constants import DAY, ETHER

_BORROWER_NAMES = {
    **{name: f"borrower at {part} %" for name, part in BORROWERS.items()},
    "attacker": "borrower against the rate feed",
}


def tell(peg: Peg) -> tuple[Part, ...]:
    """All of it."""
    return (
        f"A large holder sells {ether(SALE_UNITS)} wkETH an hour for {SALE_HOURS} hours, into "
        f"StablePool and Uniswap, whichever pays more. Others ask for tickets of {ether(RUN_WEI)} "
        f"ETH an hour, so the queue soon owes more than is buffered, and exits take {EXIT_DAYS} "
        "days. The rate does not move: nothing is lost. Two markets on Morpho lend WETH on wkETH "
        f"up to {percent(LLTV_WAD, ETHER, 1)}, one by the protocol's rate, one by the lesser of "
        "rate and the pool's mean price of ten minutes. The same borrowers are in both.",
        _course(peg.with_instant, "With instant redemption"),
        _course(peg.without, "While instant redemption is paused"),
        _prices(peg),
        _comparison(peg),
        "**Instant redemption** holds the price near what it pays, and returns a trader's ether at "
        "once, so little capital absorbs much. It has only what is buffered beyond the queue: once "
        "tickets owe more than that, it is closed, and the pools are alone. "
        f"**Tickets** bring the price back to where the wait pays {percent_of_bps(HURDLE_BPS)} a "
        "year, as far as traders' ether reaches. The rest comes from **newcomers**, who buy in a "
        "pool as long as it is cheaper than a deposit.",
        _liquidations(peg),
        _feeds(peg),
        _bad_debt(peg.without),
        _alarms(peg.without),
        "**The market feed** sells out borrowers who owe too much for that day's price, though the "
        "rate never fell and they would have been whole again: that is the price of it. **The rate "
        "feed** sells out nobody of them. Instead it buys wkETH from whoever brings it, at "
        f"{percent(LLTV_WAD, ETHER, 1)} of the rate: below that price somebody buys in the pools, "
        "borrows more than it paid, and leaves the collateral to the lenders. They hold debts "
        "above their worth until the peg is back, and for good if it never is. The market feed's "
        "mean of ten minutes trails a price that falls: at the worst moment it too lends a little "
        "more than the collateral costs.",
        _changes(peg),
    )


def _course(course: Course, title: str) -> Grid:
    columns = ("time", ">sold", ">StablePool", ">Uniswap", ">rate feed", ">market feed", ">instant")
    rows = tuple(_moment(moment) for moment in course.moments)
    return Grid(title, (*columns, ">queue owes"), rows)


def _alarms(course: Course) -> Grid:
    looks = [(_when(moment), moment.alarms) for moment in course.moments]
    return alarm_grid("What a monitor says meanwhile, while it is paused", looks)


def _when(moment: Moment) -> str:
    hours = moment.seconds // 3_600
    return f"{hours} h" if hours <= SALE_HOURS else f"day {hours // 24 + 1}"


def _moment(moment: Moment) -> tuple[str, ...]:
    return (
        _when(moment),
        ether(moment.sold_units),
        price(moment.stable_wad),
        price(moment.uniswap_wad),
        price(moment.feed_wei[RATE]),
        price(moment.feed_wei[MARKET]),
        price(moment.instant_wad),
        ether(moment.queue_wei),
    )


def _prices(peg: Peg) -> Chart:
    lines = tuple(
        Line(
            f"{name} instant redemption",
            _days(course),
            tuple(each.price_wad / ETHER for each in course.moments),
        )
        for name, course in (("with", peg.with_instant), ("without", peg.without))
    )
    feed = tuple(each.feed_wei[RATE] / ETHER for each in peg.without.moments)
    rate = Line("rate feed", _days(peg.without), feed, is_dashed=True)
    title = "The better pool's price over the rate"
    return Chart("peg_prices", title, "days", "ETH for the worth of one", (*lines, rate))


def _bad_debt(course: Course) -> Chart:
    lines = tuple(
        Line(
            f"by the {feed} feed",
            _days(course),
            tuple(each.short_wei[feed] / ETHER for each in course.moments),
        )
        for feed in (RATE, MARKET)
    )
    title = "Bad debt, were the collateral sold, without instant redemption"
    return Chart("peg_bad_debt", title, "days", "ETH", lines)


def _days(course: Course) -> tuple[float, ...]:
    return tuple(each.seconds / DAY for each in course.moments)


def _comparison(peg: Peg) -> Grid:
    both = (peg.with_instant, peg.without)
    rows: tuple[tuple[str, ...], ...] = (
        ("lowest price of the better pool", *(price(each.lowest.price_wad) for each in both)),
        ("days until it is 0.998 again", *(str(each.back_days) for each in both)),
        ("the seller got, ETH", *(ether(each.seller_wei) for each in both)),
        ("redeemed at once, wkETH", *(ether(each.instant_units) for each in both)),
        ("fee of that, ETH", *(ether(each.instant_fee_wei, 4) for each in both)),
        ("its arbitrageur gained, ETH", *(ether(each.instant_gain_wei, 4) for each in both)),
        ("bought for tickets, wkETH", *(ether(each.ticket_units) for each in both)),
        ("their buyer gains, ETH", *(ether(each.ticket_gain_wei, 4) for each in both)),
    )
    return Grid("Who arbitrages", ("", ">with", ">without"), rows)


def _liquidations(peg: Peg) -> Grid:
    rows = tuple(
        (
            "with" if course.has_instant else "without",
            each.feed,
            _BORROWER_NAMES[each.borrower],
            f"{each.seconds // 3_600} h",
            ether(each.debt_wei),
            ether(each.gain_wei, 4),
        )
        for course in (peg.with_instant, peg.without)
        for each in course.liquidations
    )
    columns = (
        "instant redemption",
        "feed",
        "who",
        ">after",
        ">debt, ETH",
        ">liquidator gains, ETH",
    )
    return Grid("Who is liquidated", columns, rows)


def _feeds(peg: Peg) -> Grid:
    both = (peg.with_instant, peg.without)
    shorts = tuple(
        (
            f"largest bad debt by the {feed} feed, were the collateral sold, ETH",
            *(ether(c.worst_short_wei[feed], 4) for c in both),
        )
        for feed in (RATE, MARKET)
    )
    rows = (
        *shorts,
        ("wkETH left to lenders at the rate", *(ether(each.attack_units) for each in both)),
        ("what that gained, ETH", *(ether(each.attack_gain_wei, 4) for each in both)),
        (
            "the same by the market feed, at best, for 10 ETH",
            *(change(each.refused_gain_wei) for each in both),
        ),
    )
    return Grid("What a 1:1 feed costs", ("", ">with", ">without"), rows)


def _changes(peg: Peg) -> Grid:
    first, second = peg.with_instant.changes_wei, peg.without.changes_wei
    rows = [(party, change(first[party]), change(second[party])) for party in first]
    sums = (change(sum(each.values()), 18) for each in (first, second))
    total = ("all together, to the wei", *sums)
    title = "What each has more in the end, ETH, with wkETH at the rate"
    return Grid(title, ("", ">with", ">without"), (*rows, total))
