"""Who bears a loss.

LOS-1: forfeited bonds first, then unvested rewards, then the insurance, then holders and tickets in
the same proportion; without tickets the index stays. Tickets never lose more than the whole loss.
LOS-2: bonds are asked for the shares worth the loss, the fund for those worth what is left, rounded
up. The fund is asked for the larger of 5 % of what it holds and of what is proven slashed, in a
wind-down for all, and hands over at most 95 %. A cover counts for what was burned.
LOS-3: the five parts add up to the loss.
LOS-4: what no cover paid is carried, and profits up to it bear no fee.
"""

from dataclasses import dataclass

from keel.model.constants import BPS, MOST_COVER_BPS, SHARES_PER_UNIT, UNPROVEN_COVER_BPS
from keel.model.queue import lowest_index, owed_up
from keel.model.rounding import ceil_div
from keel.model.shares import to_assets_down, to_shares_up


@dataclass(frozen=True)
class LossShared:
    """The five parts of a loss, and holders' ether and the ticket index after it."""

    bond_wei: int
    bond_units: int
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
        covered_wei = self.bond_wei + self.unvested_loss_wei + self.cover_wei
        return covered_wei + self.holders_loss_wei + self.tickets_loss_wei


def units_worth(amount_wei: int, total_shares: int, visible_wei: int) -> int:
    """Whole units of wkETH that a cover is asked for (LOS-2); none where shares are worthless."""
    if not amount_wei or not visible_wei:
        return 0
    return ceil_div(to_shares_up(amount_wei, total_shares, visible_wei), SHARES_PER_UNIT)


def cover_units(
    units_needed: int,
    fund_units: int,
    proven_units: int = 0,
    cover_bps: int = UNPROVEN_COVER_BPS,
    *,
    winds_down: bool = False,
) -> int:
    """Units of wkETH that the fund hands over (LOS-2)."""
    asked = units_needed
    if not winds_down:
        asked = min(units_needed, max(proven_units, fund_units * cover_bps // BPS))
    return min(asked, fund_units * MOST_COVER_BPS // BPS)


def share_loss(
    loss_wei: int,
    *,
    total_shares: int,
    visible_wei: int,
    unvested_wei: int,
    normalised: int,
    index: int,
    fund_units: int,
    forfeit_units: int = 0,
    proven_wei: int = 0,
    cover_bps: int = UNPROVEN_COVER_BPS,
    winds_down: bool = False,
) -> LossShared:
    """Run a loss of at most V + U + Q through LOS-1 to LOS-3; V and S are those before it.

    `forfeit_units` are those of forfeited bonds, `proven_wei` what is proven slashed since the
    last report.
    """
    owed_wei = owed_up(normalised, index)
    bond_units = min(forfeit_units, units_worth(loss_wei, total_shares, visible_wei))
    bond_wei = min(
        loss_wei, to_assets_down(bond_units * SHARES_PER_UNIT, total_shares, visible_wei)
    )
    from_stream = min(loss_wei - bond_wei, unvested_wei)
    left = loss_wei - from_stream
    units = 0
    if needed := units_worth(left - bond_wei, total_shares, visible_wei):
        proven = proven_wei * total_shares // visible_wei // SHARES_PER_UNIT
        units = cover_units(needed, fund_units, proven, cover_bps, winds_down=winds_down)
    cover_wei = min(
        left - bond_wei, to_assets_down(units * SHARES_PER_UNIT, total_shares, visible_wei)
    )
    covered = bond_wei + cover_wei
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
        bond_wei=bond_wei,
        bond_units=bond_units,
        unvested_loss_wei=from_stream,
        cover_wei=cover_wei,
        cover_units=units,
        holders_loss_wei=visible_wei - covered - visible_after,
        tickets_loss_wei=owed_wei - owed_after,
        visible_after_wei=visible_after,
        index_after=index_after,
    )
