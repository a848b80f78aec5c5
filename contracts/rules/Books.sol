// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {Stream} from "./Stream.sol";
import {Waterfall} from "./Waterfall.sol";

/// @notice The accounts of the vault and the queue at one moment, with what a report needs with them.
struct Accounts {
    uint256 shares; // S
    uint256 assetsWei; // A
    uint256 unvestedWei; // U now
    uint256 normalised; // N
    uint256 index; // ray
    uint256 owedWei; // Q
    uint256 expectedWei; // REP-2
    uint256 coveredSeconds; // since the last reference slot
    uint256 lossCarryWei;
}

/// @notice What bounds a profit: the vault's fees and immutable limits.
struct ProfitTerms {
    uint256 feeBps;
    uint256 maxFeeRayPerDay;
    uint256 frameSeconds;
    uint256 streamCapRayPerDay;
    uint256 maxStreamSeconds;
}

/// @title What a report does to the accounts
/// @notice Rules REP-5, STR-2 to STR-4 and LOS of docs/design.md. Pure: simulation and application both call it
/// (REP-9).
library Books {
    uint256 internal constant BPS = 10_000;
    uint256 internal constant RAY = 1e27;
    uint256 internal constant MAX_COVERED_FRAMES = 7; // REP-1

    /// @notice V.
    function visible(Accounts memory a) internal pure returns (uint256) {
        return a.assetsWei - a.unvestedWei;
    }

    /// @notice L' of LOS-1 and the shares that would cover it (LOS-2), before any cover is taken.
    function coverNeeded(Accounts memory a, uint256 grossWei) internal pure returns (uint256 shares) {
        if (grossWei >= a.expectedWei) return 0;
        uint256 lossWei = a.expectedWei - grossWei;
        uint256 visibleWei = visible(a);
        if (lossWei <= a.unvestedWei || visibleWei == 0) return 0;
        return Math.ceilDiv((lossWei - a.unvestedWei) * a.shares, visibleWei);
    }

    /// @notice REP-5, STR-2, STR-3. The outcome's totals are those after the profit; `lossCarryWei` is in `a`.
    function earn(
        Accounts memory a,
        ProfitTerms memory terms,
        uint256 profitWei,
        uint256 feelessWei
    ) internal pure returns (IStakingVault.ReportOutcome memory o) {
        uint256 visibleWei = visible(a);
        o.profitWei = profitWei;
        o.feeWei = _feeDown(a, terms, visibleWei, Math.saturatingSub(profitWei, feelessWei + a.lossCarryWei));
        if (o.feeWei > 0) o.feeShares = o.feeWei * a.shares / visibleWei;
        a.lossCarryWei -= Math.min(a.lossCarryWei, profitWei);
        o.sharesAfter = a.shares + o.feeShares;
        o.assetsAfter = a.assetsWei + profitWei;
        o.unvestedAfter = a.unvestedWei + profitWei - o.feeWei;
        o.ticketIndex = a.index;
        o.streamSeconds = Stream.lengthFor(
            o.unvestedAfter,
            o.assetsAfter - o.unvestedAfter,
            terms.frameSeconds,
            a.coveredSeconds,
            terms.streamCapRayPerDay,
            terms.maxStreamSeconds
        );
    }

    /// @notice LOS-1 to LOS-4. The stream's end does not move: `streamSeconds` is left for the caller.
    /// @param burnedShares what the fund handed over
    function absorb(
        Accounts memory a,
        uint256 lossWei,
        uint256 burnedShares
    ) internal pure returns (IStakingVault.ReportOutcome memory o) {
        uint256 visibleWei = visible(a);
        o.lossWei = lossWei;
        o.unvestedLossWei = Math.min(lossWei, a.unvestedWei);
        uint256 leftWei = lossWei - o.unvestedLossWei;
        o.coverShares = burnedShares;
        o.coverWei = Math.min(leftWei, burnedShares * visibleWei / a.shares);
        (uint256 visibleAfterWei, uint256 owedAfterWei, uint256 indexAfter) =
            Waterfall.shareLoss(leftWei, o.coverWei, visibleWei, a.owedWei, a.normalised, a.index);
        o.holdersLossWei = visibleWei - o.coverWei - visibleAfterWei;
        o.ticketsLossWei = a.owedWei - owedAfterWei;
        uint256 sumWei = o.unvestedLossWei + o.coverWei + o.holdersLossWei + o.ticketsLossWei;
        if (sumWei != lossWei) revert IStakingVault.LossPartsDiffer(sumWei, lossWei);
        a.lossCarryWei += lossWei - o.coverWei;
        o.sharesAfter = a.shares - burnedShares;
        o.unvestedAfter = a.unvestedWei - o.unvestedLossWei;
        o.assetsAfter = visibleAfterWei + o.unvestedAfter;
        o.ticketIndex = indexAfter;
    }

    function _feeDown(
        Accounts memory a,
        ProfitTerms memory terms,
        uint256 visibleWei,
        uint256 feeableWei
    ) private pure returns (uint256) {
        uint256 covered = Math.min(a.coveredSeconds, MAX_COVERED_FRAMES * terms.frameSeconds);
        uint256 boundWei = terms.maxFeeRayPerDay * covered * visibleWei / (RAY * 1 days);
        return Math.min(terms.feeBps * feeableWei / BPS, boundWei);
    }
}
