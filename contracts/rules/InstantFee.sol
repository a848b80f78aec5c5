// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BPS} from "./Constants.sol";

/// @title The price of leaving at once
/// @notice Rules INS of docs/design.md: a marginal fee that rises linearly from `minFeeBps` to `maxFeeBps` as liquidity
/// falls from `targetWei` to nothing, integrated exactly, so splitting a redemption gains nothing (INS-3).
library InstantFee {
    struct Curve {
        uint256 minFeeBps;
        uint256 maxFeeBps;
        uint256 targetWei;
    }

    /// @notice INS-2: the fee for paying `outWei` when `liquidityWei` is there, rounded up.
    /// Requires `outWei <= liquidityWei`.
    function feeUp(Curve memory curve, uint256 liquidityWei, uint256 outWei) internal pure returns (uint256) {
        uint256 flatWei = liquidityWei > curve.targetWei ? Math.min(outWei, liquidityWei - curve.targetWei) : 0;
        uint256 slopedWei = outWei - flatWei;
        if (slopedWei == 0) return Math.ceilDiv(flatWei * curve.minFeeBps, BPS);
        // From y1 down to y0 the integral of the marginal fee is (y1 - y0) * (its value at the middle of the way).
        uint256 twiceMiddleWei = 2 * Math.min(liquidityWei, curve.targetWei) - slopedWei;
        uint256 scale = 2 * curve.targetWei;
        uint256 spanBps = curve.maxFeeBps - curve.minFeeBps;
        uint256 slopedFee = slopedWei * (curve.maxFeeBps * scale - spanBps * twiceMiddleWei);
        return Math.ceilDiv(flatWei * curve.minFeeBps * scale + slopedFee, BPS * scale);
    }

    /// @notice INS-2: the largest `outWei` that with its fee costs at most `assetsWei`, and at most `liquidityWei`.
    function payableDown(
        Curve memory curve,
        uint256 liquidityWei,
        uint256 assetsWei
    ) internal pure returns (uint256 outWei) {
        uint256 flatWei = liquidityWei > curve.targetWei ? liquidityWei - curve.targetWei : 0;
        outWei = Math.mulDiv(assetsWei, BPS, BPS + curve.minFeeBps);
        if (outWei > flatWei && liquidityWei > flatWei) {
            // Beyond the flat part the cost is quadratic: q * x^2 + b * x = c for x more ether, all times `scale`.
            uint256 scale = 2 * curve.targetWei * BPS;
            uint256 q = curve.maxFeeBps - curve.minFeeBps;
            uint256 b = scale + 2 * (curve.targetWei * curve.maxFeeBps - Math.min(liquidityWei, curve.targetWei) * q);
            uint256 c = (assetsWei - flatWei) * scale - flatWei * curve.minFeeBps * 2 * curve.targetWei;
            outWei = flatWei + Math.mulDiv(2, c, b + Math.sqrt(b * b + 4 * q * c));
        }
        outWei = Math.min(outWei, liquidityWei);
        // The root was rounded down, so this starts at the answer or just above it: one step, two at most.
        while (outWei > 0 && outWei + feeUp(curve, liquidityWei, outWei) > assetsWei) --outWei;
    }
}
