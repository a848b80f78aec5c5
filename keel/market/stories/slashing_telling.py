"""The story of the slashing in words and tables."""

from keel.formatting.amounts import exact_ether
from keel.market.stories.beacon import OTHERS, VALIDATORS_EACH
from keel.market.stories.slashing_figures import (
    BORROWERS,
    LEFT_UNITS,
    SOLD_UNITS,
    Parts,
    Penalties,
    Slashing,
)
from keel.market.stories.telling import Grid, Part, change, ether, percent, price
from keel.market.stories.watched import alarm_grid
from keel.model.constants import GWEI


def tell(slashing: Slashing) -> tuple[Part, ...]:
    """All of it."""
    parts, backing_wei = slashing.parts, slashing.backing_wei
    first, last = slashing.views[0], slashing.views[4]
    return (
        f"On a beacon chain where Keel has three operators of {VALIDATORS_EACH} validators, and "
        f"others have {OTHERS}, all {slashing.validators} of one operator sign twice. So many at a "
        f"time lose much: {ether(parts.loss_wei)} ETH, "
        f"{percent(parts.loss_wei, backing_wei)} of all that backs shares and tickets. "
        f"Somebody who watches the beacon chain sells {ether(SOLD_UNITS)} wkETH in the pools for "
        f"{ether(slashing.sold_for_wei)} WETH before it is proven, and borrows "
        f"{ether(slashing.borrowed_wei)} WETH against {ether(LEFT_UNITS)} more by the old rate.",
        _views(slashing),
        "From the proof on nobody redeems at once or deposits: "
        + "; ".join(f"{door}: `{cause}`" for door, cause in slashing.refused.items())
        + ". The feed is no longer fresh, but Morpho does not look at that. It falls when the loss "
        "is announced, by all of it, since nobody knows yet who will cover. StablePool follows the "
        "rate, Uniswap only those who trade in it. The first of these are liquidators, who sell at "
        "once what they seized.",
        alarm_grid(
            "What a monitor says meanwhile", [(each.when, each.alarms) for each in slashing.views]
        ),
        _penalties(slashing.penalties),
        "The chain takes most of it only "
        f"{slashing.penalties.slots_until_larger} slots after the slashing, on mainnet 18 days. "
        "Reports count all of it from the first one on, so nobody leaves before it at the cost of "
        "those who stay.",
        _parts(parts),
        _liquidations(slashing),
        _payers(slashing),
        f"All worths are rounded down, which makes {slashing.rounding_wei} wei between the sum and "
        "the loss. Who traded in time would have lost "
        f"{ether(slashing.kept_would_lose_wei, 4)} ETH by holding. What it saved is what pools and "
        "lenders paid for a price that was no longer true. Bonds and fund paid before holders: the "
        f"rate fell from {price(first.rate_wei)} to {price(last.rate_wei)}, not to "
        f"{price(first.rate_wei * (backing_wei - parts.loss_wei) // backing_wei)}.",
    )


def _views(slashing: Slashing) -> Grid:
    rows = tuple(
        (
            each.when,
            each.state,
            price(each.rate_wei),
            price(each.feed_wei),
            "yes" if each.is_fresh else "no",
            price(each.stable_wei),
            price(each.uniswap_wei),
        )
        for each in slashing.views
    )
    columns = ("when", "state", ">rate", ">rate feed", "fresh", ">StablePool", ">Uniswap")
    return Grid("What can be seen, ETH for a wkETH", columns, rows)


def _penalties(penalties: Penalties) -> Grid:
    named = {
        "at once": penalties.first_gwei,
        "by duties without pay until then": penalties.duties_gwei,
        "for so many at a time": penalties.larger_gwei,
        "expected still": penalties.left_gwei,
        "counted as soon as they were slashed": penalties.counted_gwei,
        "more than that": penalties.beyond_gwei,
    }
    rows = tuple((name, exact_ether(gwei * GWEI)) for name, gwei in named.items())
    return Grid("What the beacon chain takes from the slashed validators, ETH", ("", ">"), rows)


def _parts(parts: Parts) -> Grid:
    named = {
        "forfeited bonds": parts.bonds_wei,
        "unvested rewards": parts.unvested_wei,
        "insurance fund": parts.cover_wei,
        "holders": parts.holders_wei,
        "tickets": parts.tickets_wei,
        "sum": parts.sum_wei,
        "loss": parts.loss_wei,
    }
    rows = tuple((name, exact_ether(wei)) for name, wei in named.items())
    return Grid("Who bears it by the vault's event, ETH", ("", ">exactly"), rows)


def _liquidations(slashing: Slashing) -> Grid:
    names = {name: f"borrower at {part} %" for name, part in BORROWERS.items()}
    rows = tuple(
        (
            names.get(each.borrower, "who borrowed in time"),
            ether(each.units),
            ether(each.paid_wei, 4),
            ether(each.fetched_wei, 4),
            ether(each.bad_wei, 4),
        )
        for each in slashing.liquidations
    )
    columns = ("who", ">wkETH seized", ">paid, ETH", ">sold for, WETH", ">left to lenders, ETH")
    return Grid("Liquidated on Morpho once it is announced", columns, rows)


def _payers(slashing: Slashing) -> Grid:
    rows = [
        (
            party,
            ether(slashing.at_stake_wei[party]),
            change(wei),
            percent(wei, slashing.at_stake_wei[party]),
        )
        for party, wei in slashing.changes_wei.items()
    ]
    total_wei = sum(slashing.changes_wei.values())
    total = ("all together", ether(sum(slashing.at_stake_wei.values())), change(total_wei), "")
    columns = ("who", ">at stake, ETH", ">change, ETH", ">of it")
    return Grid("Who pays in the end, pools and loans included", columns, (*rows, total))
