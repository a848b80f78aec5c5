// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {RAY} from "./Constants.sol";

/// @title Rewards that vest linearly
/// @notice Rules STR of docs/design.md.
library Stream {
    /// @notice STR-1: what is still unvested of `unvestedWei` in a stream of `seconds_` that ends at `end`.
    function remainingUp(uint256 unvestedWei, uint256 end, uint256 seconds_) internal view returns (uint256) {
        if (block.timestamp >= end) return 0;
        unchecked {
            return Math.ceilDiv(unvestedWei * (end - block.timestamp), seconds_); // 88 bits times 32
        }
    }

    /// @notice STR-3: the largest of a frame, the time the report covers, and what keeps V from growing by more than
    /// `capRayPerDay` a day; at most `maxSeconds`.
    function lengthFor(
        uint256 unvestedWei,
        uint256 visibleWei,
        uint256 frameSeconds,
        uint256 coveredSeconds,
        uint256 capRayPerDay,
        uint256 maxSeconds
    ) internal pure returns (uint256) {
        if (unvestedWei == 0) return 0;
        uint256 capped =
            visibleWei == 0 ? maxSeconds : Math.ceilDiv(unvestedWei * 1 days * RAY, capRayPerDay * visibleWei);
        return Math.min(Math.max(Math.max(frameSeconds, coveredSeconds), capped), maxSeconds);
    }
}
