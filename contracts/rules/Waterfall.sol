// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Who bears a loss
/// @notice Rules LOS of docs/design.md: first the unvested rewards, then the insurance, then holders and tickets alike.
library Waterfall {
    /// @notice A normalised claim times an index is 1e36 times its ether (QUE-1).
    uint256 internal constant CLAIM_SCALE = 1e36;

    /// @notice LOS-1: holders' ether V, tickets' ether Q and the ticket index after `lossWei` (L'), of which the
    /// insurance bears `coverWei`.
    /// @param normalised claims of the tickets that are not finalised
    function shareLoss(
        uint256 lossWei,
        uint256 coverWei,
        uint256 visibleWei,
        uint256 owedWei,
        uint256 normalised,
        uint256 index
    ) internal pure returns (uint256 visibleAfterWei, uint256 owedAfterWei, uint256 indexAfter) {
        if (lossWei == coverWei) return (visibleWei - lossWei, owedWei, index);
        uint256 leftWei = visibleWei + owedWei - lossWei;
        indexAfter = Math.mulDiv(index, leftWei, visibleWei + owedWei - coverWei);
        owedAfterWei = owedUp(normalised, indexAfter);
        visibleAfterWei = leftWei - owedAfterWei;
    }

    /// @notice QUE-1: ether owed for normalised claims at an index.
    function owedUp(uint256 normalised, uint256 index) internal pure returns (uint256) {
        return Math.mulDiv(normalised, index, CLAIM_SCALE, Math.Rounding.Ceil);
    }
}
