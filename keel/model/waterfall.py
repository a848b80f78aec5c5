"""Who bears a loss.

LOS-1: unvested rewards first, then the insurance, then holders and tickets in the same proportion;
without tickets the index stays. Tickets never lose more than the whole loss.
LOS-2: the fund is asked for the shares worth what is left, rounded up, hands over at most 5 % of
what it holds, and the cover counts for what was burned.
LOS-3: the four parts add up to the loss.
LOS-4: what no cover paid is carried, and profits up to it bear no fee.
"""

from dataclasses import dataclass

from keel.model.constants import BPS, SHARES_PER_UNIT, UNPROVEN_COVER_BPS
from keel.model.queue import lowest_index, owed_up
from keel.model.rounding import ceil_div
from keel.model.shares import to_assets_down, to_shares_up


@dataclass(frozen=True)
class LossShared:
    """The four parts of a loss, and holders' ether and the ticket index after it."""

    unvested_loss_wei: int
    cover_wei: int
    cover_units: int
    holders_loss_wei: int
    tickets_loss_wei: int
    visible_after_wei: int
    index_after: int

    @property
    def sum_wei(self) -> int:
        """Sum of the parts (LOS-3)."""
        return (
            self.unvested_loss_wei + self.cover_wei + self.holders_loss_wei + self.tickets_loss_wei
        )


def cover_units(shares_wanted: int, fund_units: int, cover_bps: int = UNPROVEN_COVER_BPS) -> int:
    """Units of wkETH that the fund hands over (LOS-2)."""
    return min(fund_units * cover_bps // BPS, ceil_div(shares_wanted, SHARES_PER_UNIT))


def share_loss(
    loss_wei: int,
    *,
    total_shares: int,
    visible_wei: int,
    unvested_wei: int,
    normalised: int,
    index: int,
    fund_units: int,
    cover_bps: int = UNPROVEN_COVER_BPS,
) -> LossShared:
    """Run a loss of at most V + U + Q through LOS-1 to LOS-3; V and S are those before it."""
    owed_wei = owed_up(normalised, index)
    from_stream = min(loss_wei, unvested_wei)
    left = loss_wei - from_stream
    units = 0
    if left and visible_wei:
        wanted = to_shares_up(left, total_shares, visible_wei)
        units = cover_units(wanted, fund_units, cover_bps)
    covered = min(left, to_assets_down(units * SHARES_PER_UNIT, total_shares, visible_wei))
    remaining_wei = visible_wei + owed_wei - left
    index_after = index
    if left > covered and normalised:
        index_after = index * remaining_wei // (visible_wei + owed_wei - covered)
    owed_after = owed_up(normalised, index_after)
    visible_after = remaining_wei - owed_after
    if visible_after > visible_wei - covered:
        if left > visible_wei:
            index_after = lowest_index(owed_wei - (left - covered), normalised)
        else:
            index_after = index
        owed_after = owed_up(normalised, index_after)
        visible_after = remaining_wei - owed_after
    return LossShared(
        unvested_loss_wei=from_stream,
        cover_wei=covered,
        cover_units=units,
        holders_loss_wei=visible_wei - covered - visible_after,
        tickets_loss_wei=owed_wei - owed_after,
        visible_after_wei=visible_after,
        index_after=index_after,
    )
