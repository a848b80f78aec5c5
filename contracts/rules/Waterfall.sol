// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Claims} from "./Claims.sol";

/// @title Who bears a loss
/// @notice Rules LOS of docs/design.md: first the unvested rewards, then the insurance, then holders and tickets alike.
library Waterfall {
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
        if (lossWei == coverWei || normalised == 0) return (visibleWei - lossWei, owedWei, index);
        uint256 leftWei = visibleWei + owedWei - lossWei;
        indexAfter = Math.mulDiv(index, leftWei, visibleWei + owedWei - coverWei);
        owedAfterWei = Claims.owedUp(normalised, indexAfter);
        visibleAfterWei = leftWei - owedAfterWei;
        // An index cannot fall by as little as a few wei among many tickets: holders bear these. Where these are more
        // than holders have, tickets bear as much as an index can say, and no more than the whole loss.
        if (visibleAfterWei > visibleWei - coverWei) {
            if (lossWei <= visibleWei) return (visibleWei - lossWei, owedWei, index);
            indexAfter = Claims.lowestIndex(owedWei + coverWei - lossWei, normalised);
            owedAfterWei = Claims.owedUp(normalised, indexAfter);
            visibleAfterWei = leftWei - owedAfterWei;
        }
    }
}
