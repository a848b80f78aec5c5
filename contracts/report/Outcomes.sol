// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IErrors} from "../interfaces/IErrors.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {Claims} from "../rules/Claims.sol";
import {
    ANNOUNCEMENT_FRAMES,
    BPS,
    MAX_COVERED_FRAMES,
    MOST_OPERATORS_BPS,
    MOST_REPORTED_WEI,
    SHARES_PER_UNIT,
    STREAM_FRAMES,
    UNPROVEN_COVER_BPS,
    Units
} from "../rules/Constants.sol";
import {Solvency} from "../rules/Solvency.sol";
import {Stream} from "../rules/Stream.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";
import {Waterfall} from "../rules/Waterfall.sol";
import {Books} from "../vault/Books.sol";

/// @notice The accounts of the vault and the queue at one moment, with what a report needs with them.
struct Accounts {
    uint256 shares; // S
    uint256 assetsWei; // A
    uint256 unvestedWei; // U now
    uint256 normalised; // N
    uint256 index; // ray
    uint256 owedWei; // Q
    uint256 expectedWei; // REP-2
    uint256 pendingWei; // staked after the reference slot: P once the report has applied
    uint256 coveredSeconds; // since the last reference slot
    uint256 consensusWei; // C of the report, which counts at most what was expected once insolvent (ACC-4)
    uint256 grossWei; // REP-3
    uint256 recordWei; // K, as it is after the report (STR-5)
    int256 lossCarryWei; // H
    uint256 provenWei; // LOS-2: what is proven slashed since the last report; only looked up for a loss
    bool isInsolvent;
    bool isWindDown; // STA-8
}

/// @title What a report does to the accounts, and within which bounds
/// @notice Rules ACC-4, STA-5, REP-2 to REP-5, REP-8, STR-2 to STR-5, LIM-3 and LOS of docs/design.md. Nothing here
/// writes: simulation and application both call it (REP-9).
library Outcomes {
    using Books for Books.Stored;

    /// @notice REP-1 and STA-5: whether a report for this reference slot can be applied at all.
    function requireRefTime(Books.Stored storage books, Books.Core calldata core, uint256 refTime) internal view {
        if (refTime > block.timestamp) revert IStakingVault.RefTimeInFuture(refTime, block.timestamp);
        uint256 laterThan = Math.max(books.consensus.lastRefTime, books.carry.etherMovedAt);
        if (refTime <= laterThan) revert IStakingVault.RefTimeTooEarly(refTime, laterThan);
        uint256 past = (refTime - core.frameOrigin) % core.frameSeconds;
        if (past != 0) revert IStakingVault.RefTimeNotBoundary(refTime, refTime - past);
    }

    /// @notice Reverts `ReportAboveSupply` (REP-4) and `OperatorsFeeTooHigh` (COM-2).
    function accountsAt(
        Books.Stored storage books,
        Books.Core calldata core,
        IStakingVault.ReportInput calldata input
    ) internal view returns (Accounts memory a) {
        _readBooks(a, books, core, input.refTime);
        uint256 arrivedWei = input.withdrawalsWei + input.rewardsWei;
        uint256 reportedWei = input.consensusBalanceWei + arrivedWei;
        if (reportedWei > MOST_REPORTED_WEI) revert IStakingVault.ReportAboveSupply(reportedWei, MOST_REPORTED_WEI);
        if (input.operatorsBps > MOST_OPERATORS_BPS) {
            revert IErrors.OperatorsFeeTooHigh(input.operatorsBps, MOST_OPERATORS_BPS);
        }
        a.consensusWei = a.isInsolvent ? Math.min(input.consensusBalanceWei, a.expectedWei) : input.consensusBalanceWei;
        a.grossWei = a.consensusWei + arrivedWei;
        a.recordWei = Math.min(a.consensusWei, a.recordWei);
        if (loss(a) == 0) return a;
        uint256 lastRefTime = books.consensus.lastRefTime;
        a.provenWei = books.slashedWei(lastRefTime, block.timestamp, core.frameOrigin, core.frameSeconds);
    }

    /// @dev What vault and queue know before they look at what is reported; `recordWei` is the most that K may become.
    function _readBooks(
        Accounts memory a,
        Books.Stored storage books,
        Books.Core calldata core,
        uint256 refTime
    ) private view {
        Books.Consensus memory consensus = books.consensus;
        Books.Carry memory carry = books.carry;
        a.shares = books.ledger.shares;
        a.assetsWei = books.ledger.assetsWei;
        a.unvestedWei = books.unvestedWei();
        (a.normalised, a.index) = core.queue.pending();
        a.owedWei = Claims.owedUp(a.normalised, a.index);
        (a.pendingWei,) = books.stakedAfter(refTime, core.frameOrigin, core.frameSeconds);
        a.expectedWei = books.stakedWei() - a.pendingWei;
        a.coveredSeconds = refTime - consensus.lastRefTime;
        a.lossCarryWei = carry.lossCarryWei;
        a.isInsolvent = consensus.isInsolvent;
        uint256 settledWei = a.expectedWei - consensus.balanceWei;
        uint256 grownWei = Stream.cappedWeiDown(core.streamCapRayPerDay, _rateSeconds(a, core), carry.recordWei);
        a.recordWei = carry.recordWei + settledWei + grownWei;
    }

    /// @notice V.
    function visible(Accounts memory a) internal pure returns (uint256) {
        return a.assetsWei - a.unvestedWei;
    }

    /// @notice L of REP-3.
    function loss(Accounts memory a) internal pure returns (uint256) {
        return Math.saturatingSub(a.expectedWei, a.grossWei);
    }

    /// @notice d of REP-8: what the stream does not bear of a loss.
    function drawn(Accounts memory a) internal pure returns (uint256) {
        return Math.saturatingSub(loss(a), a.unvestedWei);
    }

    /// @notice LOS-2: whole units of wkETH that forfeited bonds are asked for.
    function bondUnitsAsked(Accounts memory a) internal pure returns (uint256) {
        return _unitsWorth(a, loss(a));
    }

    /// @notice LOS-2: whole units of wkETH that the fund is asked for, after the bonds.
    function coverUnitsAsked(Accounts memory a, uint256 bondShares, uint256 fundUnits) internal pure returns (uint256) {
        uint256 neededUnits = _unitsWorth(a, Math.saturatingSub(drawn(a), _worthDown(a, bondShares)));
        if (neededUnits == 0 || a.isWindDown) return neededUnits;
        uint256 provenUnits = a.provenWei * a.shares / visible(a) / SHARES_PER_UNIT;
        return Math.min(neededUnits, Math.max(provenUnits, fundUnits * UNPROVEN_COVER_BPS / BPS));
    }

    function _unitsWorth(Accounts memory a, uint256 amountWei) private pure returns (uint256) {
        uint256 visibleWei = visible(a);
        if (amountWei == 0 || visibleWei == 0) return 0;
        return Units.up(Math.ceilDiv(amountWei * a.shares, visibleWei));
    }

    function _worthDown(Accounts memory a, uint256 shares) private pure returns (uint256) {
        return shares * visible(a) / a.shares;
    }

    /// @notice LIM-3: the loss bucket's capacity.
    /// @param bearingWei V + Q
    function lossCapacity(Books.Core calldata core, uint256 bearingWei) internal pure returns (uint256) {
        return bearingWei * core.lossLimitBps / BPS;
    }

    /// @notice REP-8: the loss bucket after a loss that the stream does not bear whole; reverts `LossNotAnnounced`.
    /// Whole losses are compared, since what is drawn grows while the stream vests.
    function lossesFullAfter(
        Accounts memory a,
        Books.Stored storage books,
        Books.Core calldata core
    ) internal view returns (uint256 fullAt, bool isBeyond) {
        uint256 drawnWei = drawn(a);
        uint256 capacityWei = lossCapacity(core, visible(a) + a.owedWei);
        fullAt = books.limits.lossesFullAt;
        uint256 allowedWei = TokenBucket.available(fullAt, capacityWei, core.lossPeriodSeconds);
        if (drawnWei <= allowedWei) {
            return (TokenBucket.take(fullAt, drawnWei, capacityWei, core.lossPeriodSeconds), false);
        }
        uint256 announcedAt = books.carry.announcedAt;
        bool isOldEnough = block.timestamp >= announcedAt + core.frameSeconds;
        if (isOldEnough && block.timestamp < announcedAt + ANNOUNCEMENT_FRAMES * core.frameSeconds) {
            allowedWei += books.limits.announcedWei;
        }
        uint256 lossWei = loss(a);
        if (lossWei > allowedWei) revert IStakingVault.LossNotAnnounced(lossWei, allowedWei);
        return (TokenBucket.empty(core.lossPeriodSeconds), true);
    }

    /// @notice REP-9: the one function behind `applyReport` and `previewReport`. Leaves the loss carry and insolvency
    /// after the report in `a`, whose other terms stay as they were before.
    /// @param bondShares what forfeited bonds handed over
    /// @param coverShares what the fund handed over
    function outcomeOf(
        Accounts memory a,
        Books.Stored storage books,
        Books.Core calldata core,
        IStakingVault.ReportInput calldata input,
        uint256 bondShares,
        uint256 coverShares
    ) internal view returns (IStakingVault.ReportOutcome memory o) {
        uint256 streamEnd = books.flow.streamEnd;
        if (a.grossWei >= a.expectedWei) {
            uint256 sumBps = books.terms.feeBps + input.operatorsBps;
            _earn(o, a, core, sumBps, Math.saturatingSub(streamEnd, block.timestamp));
            if (o.feeShares > 0) o.operatorShares = o.feeShares * input.operatorsBps / sumBps;
        } else {
            _absorb(o, a, bondShares, coverShares);
            if (o.unvestedAfter > 0) o.streamSeconds = streamEnd - block.timestamp; // STR-4
        }
        uint256 owedAfterWei = a.owedWei - o.ticketsLossWei;
        uint256 bufferedWei = o.assetsAfter + owedAfterWei - a.consensusWei - a.pendingWei; // ACC-1
        (o.lastTicket, o.finalisedWei) =
            core.queue.finalisable(input.lastTicketHint, input.refTime, bufferedWei, o.ticketIndex);
    }

    /// @dev REP-5, STR-2, STR-3.
    function _earn(
        IStakingVault.ReportOutcome memory o,
        Accounts memory a,
        Books.Core calldata core,
        uint256 sumBps,
        uint256 leftSeconds
    ) private pure {
        uint256 visibleWei = visible(a);
        uint256 baseWei = Math.min(visibleWei, a.recordWei + a.pendingWei);
        o.profitWei = a.grossWei - a.expectedWei;
        uint256 cappedWei = Stream.cappedWeiDown(core.maxFeeRayPerDay, _rateSeconds(a, core), baseWei);
        uint256 fittingWei = (type(uint120).max - a.shares) * visibleWei / a.shares; // its shares have room in S
        _charge(o, a, sumBps, Math.min(cappedWei, fittingWei));
        if (o.feeWei > 0) o.feeShares = o.feeWei * a.shares / visibleWei;
        o.sharesAfter = a.shares + o.feeShares;
        o.assetsAfter = a.assetsWei + o.profitWei;
        o.unvestedAfter = a.unvestedWei + o.profitWei - o.feeWei;
        o.ticketIndex = a.index;
        if (o.unvestedAfter == 0) return;
        uint256 longestMean = STREAM_FRAMES * core.frameSeconds;
        uint256 mean = Stream.meanSecondsUp(
            a.unvestedWei,
            Math.min(leftSeconds, longestMean),
            o.profitWei - o.feeWei,
            Math.max(core.frameSeconds, a.coveredSeconds)
        );
        o.streamSeconds = a.isInsolvent || a.isWindDown
            ? Math.min(mean, longestMean)
            : Math.max(mean, Stream.cappedSecondsUp(o.unvestedAfter, core.streamCapRayPerDay, baseWei));
    }

    /// @dev REP-5: the carry falls by the profit that bore no fee, so that what is taken back later leaves a debt of
    /// what the fee was charged on.
    function _charge(
        IStakingVault.ReportOutcome memory o,
        Accounts memory a,
        uint256 sumBps,
        uint256 mostFeeWei
    ) private pure {
        int256 profitWei = int256(o.profitWei);
        int256 feeableWei = profitWei - (a.lossCarryWei > 0 ? a.lossCarryWei : int256(0));
        if (feeableWei > 0) o.feeWei = Math.min(sumBps * uint256(feeableWei) / BPS, mostFeeWei);
        a.lossCarryWei -= profitWei;
        if (o.feeWei > 0) a.lossCarryWei += int256(Math.ceilDiv(o.feeWei * BPS, sumBps));
    }

    /// @dev LOS-1 to LOS-4. The stream's end does not move: `streamSeconds` is left for the caller.
    function _absorb(
        IStakingVault.ReportOutcome memory o,
        Accounts memory a,
        uint256 bondShares,
        uint256 coverShares
    ) private pure {
        uint256 visibleWei = visible(a);
        o.lossWei = loss(a);
        o.bondShares = bondShares;
        o.bondWei = Math.min(o.lossWei, _worthDown(a, bondShares));
        o.unvestedLossWei = Math.min(o.lossWei - o.bondWei, a.unvestedWei);
        uint256 leftWei = o.lossWei - o.unvestedLossWei;
        o.coverShares = coverShares;
        o.coverWei = Math.min(leftWei - o.bondWei, _worthDown(a, coverShares));
        uint256 burnedWei = o.bondWei + o.coverWei;
        (uint256 visibleAfterWei, uint256 owedAfterWei, uint256 indexAfter) =
            Waterfall.shareLoss(leftWei, burnedWei, visibleWei, a.owedWei, a.normalised, a.index);
        o.holdersLossWei = visibleWei - burnedWei - visibleAfterWei;
        o.ticketsLossWei = a.owedWei - owedAfterWei;
        uint256 sumWei = burnedWei + o.unvestedLossWei + o.holdersLossWei + o.ticketsLossWei;
        if (sumWei != o.lossWei) revert IStakingVault.LossPartsDiffer(sumWei, o.lossWei);
        a.lossCarryWei += int256(o.lossWei - burnedWei);
        o.sharesAfter = a.shares - bondShares - coverShares;
        o.unvestedAfter = a.unvestedWei - o.unvestedLossWei;
        o.assetsAfter = visibleAfterWei + o.unvestedAfter;
        o.ticketIndex = indexAfter;
        if (Solvency.isInsolvent(o.sharesAfter, visibleAfterWei)) a.isInsolvent = true;
    }

    /// @dev REP-1: the time that rates count.
    function _rateSeconds(Accounts memory a, Books.Core calldata core) private pure returns (uint256) {
        return Math.min(a.coveredSeconds, MAX_COVERED_FRAMES * core.frameSeconds);
    }
}
