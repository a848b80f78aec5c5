// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {Claims} from "../rules/Claims.sol";
import {BPS, MAX_COVERED_FRAMES, RAY} from "../rules/Constants.sol";
import {Stream} from "../rules/Stream.sol";
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
    uint256 lossCarryWei;
}

/// @title What a report does to the accounts, and within which bounds
/// @notice Rules STA-5, REP-2, REP-3, REP-5, STR-2 to STR-4 and LOS of docs/design.md. Nothing here writes: simulation
/// and application both call it (REP-9).
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

    function accountsAt(
        Books.Stored storage books,
        Books.Core calldata core,
        uint256 refTime
    ) internal view returns (Accounts memory a) {
        a.shares = books.ledger.shares;
        a.assetsWei = books.ledger.assetsWei;
        a.unvestedWei = books.unvestedWei();
        (a.normalised, a.index) = core.queue.pending();
        a.owedWei = Claims.owedUp(a.normalised, a.index);
        (a.pendingWei,) = books.stakedAfter(refTime, core.frameOrigin, core.frameSeconds);
        a.expectedWei = books.stakedWei() - a.pendingWei;
        a.coveredSeconds = refTime - books.consensus.lastRefTime;
        a.lossCarryWei = books.carry.lossCarryWei;
    }

    /// @notice V.
    function visible(Accounts memory a) internal pure returns (uint256) {
        return a.assetsWei - a.unvestedWei;
    }

    /// @notice L' of LOS-1 in shares, which would cover it whole (LOS-2); before any cover is taken.
    function coverNeeded(
        Accounts memory a,
        IStakingVault.ReportInput calldata input
    ) internal pure returns (uint256 shares) {
        uint256 lossWei = Math.saturatingSub(a.expectedWei, _gross(input));
        uint256 visibleWei = visible(a);
        if (lossWei <= a.unvestedWei || visibleWei == 0) return 0;
        return Math.ceilDiv((lossWei - a.unvestedWei) * a.shares, visibleWei);
    }

    /// @notice REP-9: the one function behind `applyReport` and `previewReport`. Leaves the new lossCarry in `a`, whose
    /// other terms stay as they were before.
    /// @param coverShares what the fund handed over
    function outcomeOf(
        Accounts memory a,
        Books.Stored storage books,
        Books.Core calldata core,
        IStakingVault.ReportInput calldata input,
        uint256 coverShares
    ) internal view returns (IStakingVault.ReportOutcome memory o) {
        uint256 grossWei = _gross(input);
        if (grossWei >= a.expectedWei) {
            _earn(o, a, core, books.terms.feeBps, grossWei - a.expectedWei, input.feelessWei);
        } else {
            _absorb(o, a, a.expectedWei - grossWei, coverShares);
            if (o.unvestedAfter > 0) o.streamSeconds = books.flow.streamEnd - block.timestamp; // STR-4
        }
        uint256 owedAfterWei = a.owedWei - o.ticketsLossWei;
        uint256 bufferedWei = o.assetsAfter + owedAfterWei - input.consensusBalanceWei - a.pendingWei; // ACC-1
        (o.lastTicket, o.finalisedWei) =
            core.queue.finalisable(input.lastTicketHint, input.refTime, bufferedWei, o.ticketIndex);
    }

    /// @dev REP-5, STR-2, STR-3.
    function _earn(
        IStakingVault.ReportOutcome memory o,
        Accounts memory a,
        Books.Core calldata core,
        uint256 feeBps,
        uint256 profitWei,
        uint256 feelessWei
    ) private pure {
        uint256 visibleWei = visible(a);
        uint256 feeableWei = Math.saturatingSub(profitWei, feelessWei + a.lossCarryWei);
        o.profitWei = profitWei;
        o.feeWei = Math.min(feeBps * feeableWei / BPS, _mostFee(a, core, visibleWei));
        if (o.feeWei > 0) o.feeShares = o.feeWei * a.shares / visibleWei;
        a.lossCarryWei = Math.saturatingSub(a.lossCarryWei, profitWei);
        o.sharesAfter = a.shares + o.feeShares;
        o.assetsAfter = a.assetsWei + profitWei;
        o.unvestedAfter = a.unvestedWei + profitWei - o.feeWei;
        o.ticketIndex = a.index;
        o.streamSeconds = Stream.lengthFor(
            o.unvestedAfter,
            o.assetsAfter - o.unvestedAfter,
            core.frameSeconds,
            a.coveredSeconds,
            core.streamCapRayPerDay,
            core.maxStreamSeconds
        );
    }

    /// @dev LOS-1 to LOS-4. The stream's end does not move: `streamSeconds` is left for the caller.
    function _absorb(
        IStakingVault.ReportOutcome memory o,
        Accounts memory a,
        uint256 lossWei,
        uint256 coverShares
    ) private pure {
        uint256 visibleWei = visible(a);
        o.lossWei = lossWei;
        o.unvestedLossWei = Math.min(lossWei, a.unvestedWei);
        uint256 leftWei = lossWei - o.unvestedLossWei;
        o.coverShares = coverShares;
        o.coverWei = Math.min(leftWei, coverShares * visibleWei / a.shares);
        (uint256 visibleAfterWei, uint256 owedAfterWei, uint256 indexAfter) =
            Waterfall.shareLoss(leftWei, o.coverWei, visibleWei, a.owedWei, a.normalised, a.index);
        o.holdersLossWei = visibleWei - o.coverWei - visibleAfterWei;
        o.ticketsLossWei = a.owedWei - owedAfterWei;
        uint256 sumWei = o.unvestedLossWei + o.coverWei + o.holdersLossWei + o.ticketsLossWei;
        if (sumWei != lossWei) revert IStakingVault.LossPartsDiffer(sumWei, lossWei);
        a.lossCarryWei += lossWei - o.coverWei;
        o.sharesAfter = a.shares - coverShares;
        o.unvestedAfter = a.unvestedWei - o.unvestedLossWei;
        o.assetsAfter = visibleAfterWei + o.unvestedAfter;
        o.ticketIndex = indexAfter;
    }

    /// @dev REP-5: what no profit raises a fee above.
    function _mostFee(Accounts memory a, Books.Core calldata core, uint256 visibleWei) private pure returns (uint256) {
        uint256 covered = Math.min(a.coveredSeconds, MAX_COVERED_FRAMES * core.frameSeconds);
        return core.maxFeeRayPerDay * covered * visibleWei / (RAY * 1 days);
    }

    /// @dev REP-3.
    function _gross(IStakingVault.ReportInput calldata input) private pure returns (uint256) {
        return input.consensusBalanceWei + input.withdrawalsWei + input.rewardsWei;
    }
}
