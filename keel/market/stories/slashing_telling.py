"""The story of the slashing in words and tables."""

from keel.formatting.amounts import exact_ether
from keel.market.stories.slashing_figures import BORROWERS, LEFT_UNITS, SOLD_UNITS, Parts, Slashing
from keel.market.stories.telling import Grid, Part, change, ether, percent, price


def tell(slashing: Slashing) -> tuple[Part, ...]:
    """All of it."""
    parts = slashing.parts
    first, last = slashing.views[0], slashing.views[-1]
    return (
        f"{slashing.validators} validators of two operators are slashed and lose "
        f"{ether(parts.loss_wei)} ETH, a tenth of all that backs shares and tickets. Somebody who "
        f"watches the beacon chain sells {ether(SOLD_UNITS)} wkETH in the pools for "
        f"{ether(slashing.sold_for_wei)} WETH before it is proven, and borrows "
        f"{ether(slashing.borrowed_wei)} WETH against {ether(LEFT_UNITS)} more by the old rate.",
        _views(slashing),
        "From the proof on nobody redeems at once or deposits: "
        + "; ".join(f"{door}: `{cause}`" for door, cause in slashing.refused.items())
        + ". The feed is no longer fresh, but Morpho does not look at that. It falls when the loss "
        "is announced, by all of it, since nobody knows yet who will cover. StablePool follows the "
        "rate, Uniswap only those who trade in it: it holds the old price until somebody comes.",
        _parts(parts),
        _liquidations(slashing),
        _payers(slashing),
        f"All worths are rounded down, which makes {slashing.rounding_wei} wei between the sum and "
        "the loss. Who traded in time would have lost "
        f"{ether(slashing.kept_would_lose_wei, 4)} ETH by holding. What it saved is what pools and "
        "lenders paid for a price that was no longer true. Bonds and fund paid before holders: the "
        f"rate fell from {price(first.rate_wei)} to {price(last.rate_wei)}, not to "
        f"{price(first.rate_wei * 9 // 10)}.",
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
            ether(each.bad_wei, 4),
        )
        for each in slashing.liquidations
    )
    columns = ("who", ">wkETH seized", ">paid, ETH", ">left to lenders, ETH")
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
