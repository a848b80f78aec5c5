"""What a report means and what it does.

REP-1: a report is for a later reference slot that is final; rates count at most 7 frames.
REP-2: what should be there is C and what was staked by the reference slot; what was staked later
stays in P.
REP-3: what is there is the consensus balance and what the two vaults held; more is growth, less a
loss.
REP-4: all that the vaults held is pulled and all growth is profit, whatever its size.
REP-5: the fee is a part of the profit that does not make losses good, the protocol's and the
operators' together, bounded by the time covered, by what is staked on record and by the shares that
S has room for, in shares at the rate before; profit that bore no fee is remembered, so that the
loss of it makes no later profit free.
COM-2: operators' part of the profit comes with the report, up to a bound.
REP-6: no more validators than were staked by the reference slot.
REP-9: judging and applying are pure functions, so simulation and application are the same.
REP-11: active balances are a part of C, and what no rule uses yet is zero.

REP-7 and REP-8, who must sign and when, are in the transition `submit_report`.
"""

from dataclasses import dataclass, replace

from keel.model.accounts import Accounts
from keel.model.constants import (
    BPS,
    GWEI,
    INSOLVENT_SHARES_PER_WEI,
    LARGEST_REPORT_WEI,
    MAX_COVERED_FRAMES,
    MOST_OPERATORS_BPS,
    MOST_SHARES,
    SHARES_PER_UNIT,
)
from keel.model.errors import (
    ActiveAboveConsensus,
    OperatorsFeeTooHigh,
    RefSlotNotBoundary,
    RefSlotNotFinal,
    RefSlotNotNewer,
    RefSlotNotNewest,
    RefTimeTooEarly,
    ReportAboveSupply,
    ReportedAboveHeld,
    ReservedNotZero,
    SlashedAboveStaked,
    TooManyValidators,
)
from keel.model.parameters import Parameters
from keel.model.queue import Queue, finalise, longest_prefix
from keel.model.rounding import ceil_div
from keel.model.shares import to_assets_down, to_shares_down, whole_units
from keel.model.stream import (
    capped_wei,
    record_wei,
    shrink_stream,
    start_stream,
    stream_seconds,
)
from keel.model.waterfall import LossShared, share_loss


@dataclass(frozen=True)
class Report:
    """What the committee saw at the reference slot, as in the contracts."""

    ref_slot: int
    consensus_balance_gwei: int
    withdrawal_vault_balance_wei: int = 0
    rewards_vault_balance_wei: int = 0
    active_validators: int = 0
    exited_validators: int = 0
    slashed_validators: int = 0
    active_balance_gwei: int = 0
    operators_bps: int = 0
    charged_shares: int = 0
    operators_root: bytes = bytes(32)
    validators_root: bytes = bytes(32)


@dataclass(frozen=True)
class ReportBase:
    """What a report is judged against (REP-2): all as known on chain when it arrives."""

    now: int
    ref_time: int
    last_ref_time: int
    ether_moved_at: int
    expected_wei: int
    staked_later_wei: int
    staked_validators: int
    unvested_wei: int
    withdrawal_vault_wei: int
    rewards_vault_wei: int
    loss_allowance_wei: int
    proven_wei: int = 0


@dataclass(frozen=True)
class Judgement:
    """How a report stands against the loss bucket, and what it changes if it applies.

    `settled_wei` was staked since the last reference slot and by this one; `drawn_wei` is what the
    stream does not bear of a loss; `proven_wei` is proven slashed since the last report (LOS-2).
    """

    ref_time: int
    covered_seconds: int
    consensus_wei: int
    pending_wei: int
    settled_wei: int
    growth_wei: int
    loss_wei: int
    drawn_wei: int
    beyond_limit: bool
    limit_wei: int
    withdrawals_wei: int
    rewards_wei: int
    proven_wei: int = 0
    winds_down: bool = False
    operators_bps: int = 0


@dataclass(frozen=True)
class Covers:
    """Units of wkETH that can cover a loss: forfeited bonds', and the fund's (LOS-1)."""

    forfeit_units: int = 0
    fund_units: int = 0


@dataclass(frozen=True)
class FeeShares:
    """Who receives a fee (REP-5); `insurance` is whole units of wkETH."""

    treasury: int = 0
    insurance: int = 0
    operators: int = 0

    @property
    def total(self) -> int:
        """Shares minted."""
        return self.treasury + self.insurance + self.operators


@dataclass(frozen=True)
class Outcome:
    """The books after a report and how they came about."""

    accounts: Accounts
    queue: Queue
    fee_wei: int
    fee_shares: FeeShares
    loss_wei: int
    loss: LossShared | None
    finalised_wei: int


def check_report(parameters: Parameters, base: ReportBase, report: Report) -> None:
    """Raise the reason why the report cannot be (REP-1, REP-3, REP-4, REP-6, STA-5)."""
    geometry = parameters.geometry
    if not geometry.is_reference_slot(report.ref_slot):
        raise RefSlotNotBoundary(report.ref_slot)
    final_at = base.ref_time + parameters.finality_seconds
    if base.now < final_at:
        raise RefSlotNotFinal(report.ref_slot, final_at, base.now)
    newer_frames = (base.now - final_at) // geometry.frame_seconds
    if newer_frames:
        newest = report.ref_slot + newer_frames * geometry.frame_slots
        raise RefSlotNotNewest(report.ref_slot, newest)
    if base.ref_time <= base.last_ref_time:
        raise RefSlotNotNewer(base.ref_time, base.last_ref_time)
    _check_counts(base, report)
    if base.ref_time <= base.ether_moved_at:
        raise RefTimeTooEarly(base.ref_time, base.ether_moved_at)
    reported_wei = (
        report.consensus_balance_gwei * GWEI
        + report.withdrawal_vault_balance_wei
        + report.rewards_vault_balance_wei
    )
    if reported_wei > LARGEST_REPORT_WEI:
        raise ReportAboveSupply(reported_wei, LARGEST_REPORT_WEI)


def _check_counts(base: ReportBase, report: Report) -> None:
    """What the oracle itself knows better than any committee; the rest is the vault's to refuse."""
    for holder, reported, held in (
        ("withdrawal_vault", report.withdrawal_vault_balance_wei, base.withdrawal_vault_wei),
        ("rewards_vault", report.rewards_vault_balance_wei, base.rewards_vault_wei),
    ):
        if reported > held:
            raise ReportedAboveHeld(holder, reported, held)
    validators = report.active_validators + report.exited_validators
    if validators > base.staked_validators:
        raise TooManyValidators(validators, base.staked_validators)
    if report.slashed_validators > base.staked_validators:
        raise SlashedAboveStaked(report.slashed_validators, base.staked_validators)
    _check_fields(report)


def _check_fields(report: Report) -> None:
    """REP-11, COM-2."""
    if report.active_balance_gwei > report.consensus_balance_gwei:
        raise ActiveAboveConsensus(report.active_balance_gwei, report.consensus_balance_gwei)
    if report.operators_bps > MOST_OPERATORS_BPS:
        raise OperatorsFeeTooHigh(report.operators_bps, MOST_OPERATORS_BPS)
    if report.charged_shares:
        raise ReservedNotZero("chargedShares", report.charged_shares)


def rate_seconds(parameters: Parameters, covered_seconds: int) -> int:
    """Time that rates count (REP-1)."""
    return min(covered_seconds, MAX_COVERED_FRAMES * parameters.geometry.frame_seconds)


def judge(base: ReportBase, accounts: Accounts, report: Report) -> Judgement:
    """Compare a report that passed `check_report` with what was expected (ACC-4, REP-3, REP-8)."""
    settled_wei = base.expected_wei - accounts.consensus_wei
    consensus_wei = report.consensus_balance_gwei * GWEI
    if accounts.insolvent:
        consensus_wei = min(consensus_wei, base.expected_wei)
    arrived_wei = report.withdrawal_vault_balance_wei + report.rewards_vault_balance_wei
    change = consensus_wei + arrived_wei - base.expected_wei
    loss = max(0, -change)
    drawn = max(0, loss - base.unvested_wei)
    return Judgement(
        ref_time=base.ref_time,
        covered_seconds=base.ref_time - base.last_ref_time,
        consensus_wei=consensus_wei,
        pending_wei=base.staked_later_wei,
        settled_wei=settled_wei,
        growth_wei=max(0, change),
        loss_wei=loss,
        drawn_wei=drawn,
        beyond_limit=drawn > base.loss_allowance_wei,
        limit_wei=base.loss_allowance_wei if drawn else 0,
        withdrawals_wei=report.withdrawal_vault_balance_wei,
        rewards_wei=report.rewards_vault_balance_wei,
        proven_wei=base.proven_wei if loss else 0,
        operators_bps=report.operators_bps,
    )


def split_fee(parameters: Parameters, operators_bps: int, shares: int) -> FeeShares:
    """Divide a fee's shares; remainders go to the treasury (REP-5)."""
    operators = shares * operators_bps // (parameters.fee_bps + operators_bps)
    protocol = shares - operators
    insurance = whole_units(protocol * parameters.insurance_bps // BPS) * SHARES_PER_UNIT
    return FeeShares(protocol - insurance, insurance, operators)


def apply_judgement(
    parameters: Parameters,
    accounts: Accounts,
    queue: Queue,
    covers: Covers,
    judgement: Judgement,
    *,
    now: int,
) -> Outcome:
    """Absorb or stream, then finalise at the new index, then write the new reference (REP-9)."""
    if judgement.loss_wei:
        outcome = _absorb(accounts, queue, covers, judgement, now)
    else:
        outcome = _earn(parameters, accounts, queue, judgement, now)
    referred = replace(
        outcome.accounts,
        consensus_wei=judgement.consensus_wei,
        pending_wei=judgement.pending_wei,
        record_wei=_record_wei(parameters, accounts, judgement),
        ref_time=judgement.ref_time,
    )
    buffered = referred.buffered_wei(outcome.queue.owed_wei)
    last_ticket = longest_prefix(outcome.queue, buffered, judgement.ref_time)
    finalised, moved_wei = finalise(outcome.queue, last_ticket)
    return replace(outcome, accounts=referred, queue=finalised, finalised_wei=moved_wei)


def fee_of(fee_bps: int, profit_wei: int, loss_carry_wei: int, most_wei: int) -> tuple[int, int]:
    """Fee of a profit, and the loss carry after it (REP-5); `most_wei` bounds the fee.

    `fee_bps` is the protocol's and the operators' part together.

    The carry falls by the profit that bore no fee: by all that made losses good, and beyond.
    """
    fee = min(fee_bps * max(0, profit_wei - max(0, loss_carry_wei)) // BPS, most_wei)
    charged = ceil_div(fee * BPS, fee_bps) if fee else 0
    return fee, loss_carry_wei - profit_wei + charged


def _record_wei(parameters: Parameters, accounts: Accounts, judgement: Judgement) -> int:
    return record_wei(
        accounts.record_wei,
        judgement.settled_wei,
        judgement.consensus_wei,
        cap_ray_per_day=parameters.stream_cap_ray_per_day,
        seconds=rate_seconds(parameters, judgement.covered_seconds),
    )


def _earn(
    parameters: Parameters, accounts: Accounts, queue: Queue, judgement: Judgement, now: int
) -> Outcome:
    visible, unvested = accounts.visible_wei(now), accounts.unvested_wei(now)
    base = min(visible, _record_wei(parameters, accounts, judgement) + judgement.pending_wei)
    seconds = rate_seconds(parameters, judgement.covered_seconds)
    capped = capped_wei(parameters.max_fee_ray_per_day, seconds, base)
    fitting = to_assets_down(MOST_SHARES - accounts.shares, accounts.shares, visible)
    most = min(capped, fitting)
    sum_bps = parameters.fee_bps + judgement.operators_bps
    fee, carry = fee_of(sum_bps, judgement.growth_wei, accounts.loss_carry_wei, most)
    fee_shares = FeeShares()
    if fee:
        minted = to_shares_down(fee, accounts.shares, visible)
        fee_shares = split_fee(parameters, judgement.operators_bps, minted)
    length = stream_seconds(
        unvested,
        max(0, accounts.stream.end - now),
        judgement.growth_wei - fee,
        frame_seconds=parameters.geometry.frame_seconds,
        covered_seconds=judgement.covered_seconds,
        cap_ray_per_day=parameters.stream_cap_ray_per_day,
        base_wei=base,
        insolvent=accounts.insolvent or judgement.winds_down,
    )
    after = replace(
        accounts,
        shares=accounts.shares + fee_shares.total,
        backing_wei=accounts.backing_wei + judgement.growth_wei,
        stream=start_stream(unvested + judgement.growth_wei - fee, now, length),
        loss_carry_wei=carry,
    )
    return Outcome(after, queue, fee, fee_shares, 0, None, 0)


def _absorb(
    accounts: Accounts, queue: Queue, covers: Covers, judgement: Judgement, now: int
) -> Outcome:
    loss_wei = judgement.loss_wei
    unvested = accounts.unvested_wei(now)
    shared = share_loss(
        loss_wei,
        total_shares=accounts.shares,
        visible_wei=accounts.backing_wei - unvested,
        unvested_wei=unvested,
        normalised=queue.normalised,
        index=queue.index,
        fund_units=covers.fund_units,
        forfeit_units=covers.forfeit_units,
        proven_wei=judgement.proven_wei,
        winds_down=judgement.winds_down,
    )
    stream = shrink_stream(accounts.stream, now, shared.unvested_loss_wei)
    shares = accounts.shares - (shared.bond_units + shared.cover_units) * SHARES_PER_UNIT
    too_low = shared.visible_after_wei * INSOLVENT_SHARES_PER_WEI < shares
    after = replace(
        accounts,
        shares=shares,
        backing_wei=shared.visible_after_wei + stream.unvested_wei,
        stream=stream,
        loss_carry_wei=accounts.loss_carry_wei + loss_wei - shared.bond_wei - shared.cover_wei,
        insolvent=accounts.insolvent or too_low,
    )
    lowered = replace(queue, index=shared.index_after)
    return Outcome(after, lowered, 0, FeeShares(), loss_wei, shared, 0)
