"""Reports: judged, announced when a loss is beyond the bucket, applied.

REP-7: a quorum signs.
REP-8: a report whose loss is beyond the bucket only announces it. From a frame later, for two
frames, one with a signature more than the quorum applies a loss up to the announced amount and what
the bucket holds, and leaves the bucket empty and deposits closed for 7 frames. A larger loss, or
one after that time, is announced anew. A report within the bucket applies at once and ends it.
REP-9: `simulate_report` and `submit_report` compute the same.
STA-7: a report opens the doors, unless much was slashed after its reference slot.
LIM-3: losses draw on a bucket whose capacity is a part of V + Q before them; what the stream bears
does not draw on it.
"""

from dataclasses import dataclass, replace

from keel.model.accounts import Accounts
from keel.model.constants import (
    ANNOUNCEMENT_FRAMES,
    BPS,
    REOPENING_FRAMES,
    SHARES_PER_UNIT,
)
from keel.model.errors import AnnouncementTooYoung, QuorumNotReached
from keel.model.limits import available, emptied, take
from keel.model.protocol.state import BONDS, FUND, REGISTRY, TREASURY, WKETH, Protocol
from keel.model.report import (
    Covers,
    Judgement,
    Outcome,
    Report,
    ReportBase,
    apply_judgement,
    check_report,
    judge,
)
from keel.model.shares import whole_units
from keel.model.staking_record import validators_staked_by, wei_staked_after


@dataclass(frozen=True)
class Submission:
    """What became of a report; without an outcome it was announced only."""

    judgement: Judgement
    outcome: Outcome | None


def report_base(world: Protocol, now: int, ref_slot: int) -> ReportBase:
    """Figures a report for this slot is judged against (REP-2)."""
    accounts = world.accounts
    ref_time = world.parameters.geometry.time_of(ref_slot)
    later = min(accounts.pending_wei, wei_staked_after(world.staked, ref_time))
    return ReportBase(
        now=now,
        ref_time=ref_time,
        last_ref_time=accounts.ref_time,
        ether_moved_at=world.ether_moved_at,
        expected_wei=accounts.consensus_wei + accounts.pending_wei - later,
        staked_later_wei=later,
        staked_validators=validators_staked_by(world.staked, ref_time),
        unvested_wei=accounts.unvested_wei(now),
        withdrawal_vault_wei=world.withdrawal_vault_wei,
        rewards_vault_wei=world.rewards_vault_wei,
        loss_allowance_wei=loss_allowance_wei(world, now),
        proven_wei=world.slashed_wei(accounts.ref_time, now),
    )


def loss_capacity_wei(world: Protocol, now: int) -> int:
    """Capacity of the loss bucket (LIM-3)."""
    return world.parameters.loss_limit_bps * world.bearing_wei(now) // BPS


def loss_allowance_wei(world: Protocol, now: int) -> int:
    """Loss that applies without an announcement, besides what the stream bears."""
    period = world.parameters.loss_period_seconds
    return available(world.losses_full_at, now, loss_capacity_wei(world, now), period)


def announcement_ends_at(world: Protocol) -> int:
    """From when on the announcement allows nothing any more (REP-8)."""
    return world.announced_at + ANNOUNCEMENT_FRAMES * world.parameters.geometry.frame_seconds


def simulate_report(world: Protocol, now: int, report: Report) -> tuple[Judgement, Outcome]:
    """Judge a report and compute what applying it would do, signatures apart. Raises Refused."""
    base = report_base(world, now, report.ref_slot)
    check_report(world.parameters, base, report)
    judgement = judge(base, world.accounts, report)
    return judgement, outcome_of(world, judgement, now)


def outcome_of(world: Protocol, judgement: Judgement, now: int) -> Outcome:
    """What a judgement does to these books (REP-9)."""
    covers = Covers(world.forfeit_units, world.fund_units)
    return apply_judgement(
        world.parameters, world.accounts, world.queue, covers, judgement, now=now
    )


def submit_report(
    world: Protocol, now: int, report: Report, signatures: int
) -> tuple[Protocol, Submission]:
    """Apply or announce a report with this many members' signatures. Raises Refused."""
    terms = world.parameters
    if signatures < terms.quorum:
        raise QuorumNotReached(signatures, terms.quorum)
    judgement, outcome = simulate_report(world, now, report)
    if judgement.beyond_limit:
        allowed = world.announced_wei + judgement.limit_wei
        if now >= announcement_ends_at(world) or judgement.loss_wei > allowed:
            announced = replace(world, announced_at=now, announced_wei=judgement.loss_wei)
            return announced, Submission(judgement, None)
        applicable_at = world.announced_at + terms.geometry.frame_seconds
        if now < applicable_at:
            raise AnnouncementTooYoung(applicable_at, now)
        if signatures < terms.announced_quorum:
            raise QuorumNotReached(signatures, terms.announced_quorum)
    return _applied(world, now, judgement, outcome), Submission(judgement, outcome)


def _applied(world: Protocol, now: int, judgement: Judgement, outcome: Outcome) -> Protocol:
    drawn = replace(
        world,
        announced_at=0,
        announced_wei=0,
        deposits_open_from=_deposits_open_from(world, now, judgement),
        losses_full_at=_losses_full_at(world, now, judgement),
    )
    after = settle(drawn, now, judgement, outcome)
    before_payment = replace(after, accounts=_with_owed(after, outcome))
    stays = world.slashed and before_payment.is_much_slashed(judgement.ref_time, now)
    return replace(after, slashed=stays)


def _with_owed(world: Protocol, outcome: Outcome) -> Accounts:
    """Books whose A also has what the tickets owed before they were paid (STA-7)."""
    backing = world.accounts.backing_wei + outcome.finalised_wei
    return replace(world.accounts, backing_wei=backing)


def settle(world: Protocol, now: int, judgement: Judgement, outcome: Outcome) -> Protocol:
    """Pull what arrived, burn covers, mint the fee, and take over the books after a report."""
    moved = judgement.withdrawals_wei or judgement.rewards_wei
    pulled = replace(
        world,
        ether_moved_at=now if moved else world.ether_moved_at,
        withdrawal_vault_wei=world.withdrawal_vault_wei - judgement.withdrawals_wei,
        rewards_vault_wei=world.rewards_vault_wei - judgement.rewards_wei,
    )
    covered = _burn_cover(pulled, outcome)
    paid = _pay_fee(covered, outcome)
    return replace(paid, accounts=outcome.accounts, queue=outcome.queue)


def _deposits_open_from(world: Protocol, now: int, judgement: Judgement) -> int:
    if not judgement.beyond_limit:
        return world.deposits_open_from
    return now + REOPENING_FRAMES * world.parameters.geometry.frame_seconds


def _losses_full_at(world: Protocol, now: int, judgement: Judgement) -> int:
    if not judgement.loss_wei:
        return world.losses_full_at
    period = world.parameters.loss_period_seconds
    if judgement.beyond_limit:
        return emptied(now, period)
    capacity = loss_capacity_wei(world, now)
    return take(world.losses_full_at, now, judgement.drawn_wei, capacity, period)


def _burn_cover(world: Protocol, outcome: Outcome) -> Protocol:
    loss = outcome.loss
    if not loss or not (units := loss.bond_units + loss.cover_units):
        return world
    paid = world.debit_units(BONDS, loss.bond_units).debit_units(FUND, loss.cover_units)
    left = replace(paid, forfeit_units=world.forfeit_units - loss.bond_units)
    return left.burn_shares(WKETH, units * SHARES_PER_UNIT)


def _pay_fee(world: Protocol, outcome: Outcome) -> Protocol:
    fee = outcome.fee_shares
    if not fee.total:
        return world
    minted = (
        world.mint_shares(TREASURY, fee.treasury)
        .mint_shares(REGISTRY, fee.operators)
        .mint_shares(WKETH, fee.insurance)
        .credit_units(FUND, whole_units(fee.insurance))
    )
    pool = world.operator_rewards
    grown = replace(pool, minted_shares=pool.minted_shares + fee.operators)
    return replace(minted, operator_rewards=grown)
