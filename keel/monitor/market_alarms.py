"""Alarms of the market that a manifest names, as data: they are silent without one."""

from collections.abc import Callable, Iterator

from keel.formatting.amounts import exact_ether, shown_bps
from keel.model.constants import BPS
from keel.monitor.reading import MarketReading, Reading
from keel.monitor.rule import Judge, Rule
from keel.monitor.settings import WatchSection
from keel.sight.market.places import TITLES
from keel.sight.market.pools import PoolPrice, off_bps


def _each(find: Callable[[MarketReading, WatchSection], Iterator[str]]) -> Judge:
    """Tell everything that is found in a market together."""

    def judge(reading: Reading, watch: WatchSection) -> str | None:
        return None if reading.market is None else "; ".join(find(reading.market, watch)) or None

    return judge


def _peg_off(reading: Reading, watch: WatchSection) -> str | None:
    market = reading.market
    if market is None:
        return None
    told = [text for pool in market.pools if (text := _pool_off(pool, reading.rate_wei, watch))]
    if not told:
        return None
    paid_wei = market.instant_wei
    paid = "is closed" if paid_wei is None else f"pays {exact_ether(paid_wei)} ETH"
    told.append(f"the rate is {exact_ether(reading.rate_wei)} ETH, instant redemption {paid}")
    return "; ".join(told)


def _pool_off(pool: PoolPrice, rate_wei: int, watch: WatchSection) -> str | None:
    if pool.spot_wei is None:
        return f"{TITLES[pool.system]} has no price: {pool.problem}"
    found = [("spot", pool.spot_wei)]
    found += [] if pool.mean_wei is None else [("mean", pool.mean_wei)]
    for kind, wei in found:
        off = off_bps(wei, rate_wei)
        if not -watch.most_discount_bps <= off <= watch.most_premium_bps:
            price = f"{exact_ether(wei)} ETH, {shown_bps(off)} from the rate"
            return f"{TITLES[pool.system]} has a wkETH at {price} ({kind})"
    return None


def _feeds_off(market: MarketReading, watch: WatchSection) -> Iterator[str]:
    for feed in market.feeds:
        if feed.wei is None:
            yield f"the feed `{feed.name}` has no price: {feed.problem}"
        elif not feed.is_fresh:
            yield f"the feed `{feed.name}` says that its answer is not to be used"
    best_wei = max((pool.price_wei or 0 for pool in market.pools), default=0)
    if not best_wei:
        return
    for loan in market.loans:
        if loan.price_wei is None:
            continue
        gap = off_bps(loan.price_wei, best_wei)
        if gap > watch.most_feed_gap_bps:
            yield (
                f"{TITLES[loan.system]} lends on a wkETH of {exact_ether(loan.price_wei)} ETH, "
                f"{shown_bps(gap)} more than the {exact_ether(best_wei)} ETH of the best pool, at "
                f"most {shown_bps(watch.most_feed_gap_bps)}"
            )


def _used_up(market: MarketReading, watch: WatchSection) -> Iterator[str]:
    for loan in market.loans:
        if loan.problem:
            yield f"{TITLES[loan.system]} does not say what is lent: {loan.problem}"
        elif loan.utilisation_bps > watch.most_utilisation_bps:
            yield (
                f"{TITLES[loan.system]} has lent {exact_ether(loan.lent_wei)} of "
                f"{exact_ether(loan.supplied_wei)} WETH, {shown_bps(loan.utilisation_bps)}, at "
                f"most {shown_bps(watch.most_utilisation_bps)}"
            )


def _weak(market: MarketReading, watch: WatchSection) -> Iterator[str]:
    for debts in market.debts:
        weak = debts.below(watch.least_health_bps)
        weak_wei = sum(debt.owed_wei for debt in weak)
        bps = weak_wei * BPS // max(debts.owed_wei, 1)
        if bps > watch.most_weak_bps:
            yield (
                f"{len(weak)} of {len(debts.all)} borrowers of {TITLES[debts.system]} have less "
                f"health than {shown_bps(watch.least_health_bps)} and owe "
                f"{exact_ether(weak_wei)} WETH, {shown_bps(bps)} of all, at most "
                f"{shown_bps(watch.most_weak_bps)}; the weakest is {weak[0].borrower} with "
                f"{shown_bps(weak[0].health_bps)}"
            )


MARKET_RULES = (
    Rule(
        "peg_off",
        ("most_discount_bps", "most_premium_bps"),
        "The price of wkETH in each pool of the market, now and by its mean, against the rate; "
        "also a pool that has none.",
        "Below: holders sell faster than others buy, and whoever buys and redeems earns the "
        "difference. See what instant redemption pays and how long the queue is. Above: nobody can "
        "deposit, or the pool is thin.",
        _peg_off,
    ),
    Rule(
        "feed_off",
        ("most_feed_gap_bps",),
        "What lenders take a wkETH for, against the best pool; also a feed of Keel's that gives "
        "none, or says that it is not to be used.",
        "A lender that takes wkETH for more than it sells for may be left with bad debt, and who "
        "borrows there sells to it. Supply less there until the prices agree.",
        _each(_feeds_off),
    ),
    Rule(
        "utilisation_high",
        ("most_utilisation_bps",),
        "Which part of a lender's WETH is lent; also a lender that does not answer.",
        "Who supplied WETH cannot take it all out. Supply some, or wait for borrowers to repay.",
        _each(_used_up),
    ),
    Rule(
        "health_low",
        ("least_health_bps", "most_weak_bps"),
        "Which part of a lender's debt borrowers of little health owe. Health is what the "
        "collateral lets somebody owe over what is owed; below 100 % anybody may sell it.",
        "A fall of the price by the difference sells them, which lowers it further. Have WETH "
        "ready in the pools, or redeem what is sold.",
        _each(_weak),
    ),
)
