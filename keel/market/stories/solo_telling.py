"""The comparison with direct staking in words and tables."""

from keel.market.stories.solo_figures import (
    FRAMES,
    LOOK_FRAMES,
    SMALL_WEI,
    SOLO_VALIDATORS,
    STAKE_WEI,
    Solo,
)
from keel.market.stories.telling import (
    Chart,
    Grid,
    Line,
    Part,
    ether,
    percent,
    percent_of_bps,
)
from keel.model.constants import ETHER


def tell(solo: Solo) -> tuple[Part, ...]:
    """All of it."""
    return (
        f"{ether(STAKE_WEI)} ETH in {SOLO_VALIDATORS} validators of one's own, and as wkETH. Both "
        "earn what the consensus layer pays for all duties with a million validators; tips and MEV "
        "come on top of either.",
        _grid(solo),
        _chart(solo),
        _leavings(solo),
        f"Instant redemption pays no more than is buffered, {ether(solo.redeemable_wei)} ETH here, "
        "and takes the more for it the less that is. A sale in the pools costs little while they "
        "are deep beside it, and much where they are not.",
        _risks(solo),
        f"Protocol and operators take {percent_of_bps(solo.fee_bps)} of what validators earn, and "
        f"{percent(solo.backing_wei - solo.staked_wei, solo.backing_wei)} of Keel's ether waits "
        "to be staked. Rewards of Keel's validators earn again here, as with 0x02 credentials; "
        "those of one's own are swept, as with 0x01. For the fee a single misfortune is spread "
        "over all operators, bonds and fund pay first, any amount from a wei on can be staked, "
        "and somebody else keeps the machines. "
        "wkETH can be sold, lent on, split or restaked meanwhile, as the other stories show. What "
        "staking alone never has is the risk of the protocol: its contracts, its committee, and a "
        "price in the pools below the rate for whoever must leave on that day.",
    )


def _grid(solo: Solo) -> Grid:
    both = (solo.solo_earned_wei, solo.keel_earned_wei)
    least = ("least stake, ETH", ether(SMALL_WEI), "any")
    rows = (
        ("earned in a year, ETH", *(ether(wei, 4) for wei in both)),
        ("of the stake", *(percent(wei, STAKE_WEI) for wei in both)),
        least,
        ("work", "machines, keys, updates", "none"),
        ("as collateral", "no", "yes"),
    )
    return Grid("A year", ("", ">alone", ">Keel"), rows)


def _chart(solo: Solo) -> Chart:
    days = tuple(float(number * LOOK_FRAMES) for number in range(len(solo.worths_wei)))
    alone = tuple(solo.solo_earned_wei * day / FRAMES / ETHER for day in days)
    through = tuple((wei - solo.worths_wei[0]) / ETHER for wei in solo.worths_wei)
    lines = (Line("alone", days, alone), Line("Keel", days, through))
    return Chart("solo", f"What {ether(STAKE_WEI)} ETH earn in a year", "days", "ETH", lines)


def _leavings(solo: Solo) -> Grid:
    rows = tuple(
        (
            each.way,
            ether(each.amount_wei),
            ether(each.paid_wei, 4),
            percent(each.amount_wei - each.paid_wei, each.amount_wei),
            f"{each.days} days" if each.days else "at once",
        )
        for each in solo.leavings
    )
    columns = ("way out", ">for ETH", ">paid, ETH", ">cost", ">after")
    return Grid("Liquidity, with a short exit queue", columns, rows)


def _risks(solo: Solo) -> Grid:
    rows = tuple(
        (
            each.what,
            ether(each.solo_wei, 4),
            percent(each.solo_wei, STAKE_WEI, 3),
            ether(each.keel_wei, 4),
            percent(each.keel_wei, STAKE_WEI, 3),
        )
        for each in solo.risks
    )
    columns = ("what befalls", ">alone, ETH", ">of it", ">Keel, ETH", ">of it")
    return Grid("What a risk costs the same ether", columns, rows)
