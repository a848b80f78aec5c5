// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {LONGEST_STREAM_SECONDS, RAY} from "./Constants.sol";

/// @title Rewards that vest linearly
/// @notice Rules STR of docs/design.md.
library Stream {
    /// @notice STR-1: what is still unvested of `unvestedWei` in a stream from `start` to `end`.
    function remainingUp(uint256 unvestedWei, uint256 start, uint256 end) internal view returns (uint256) {
        if (block.timestamp >= end) return 0;
        unchecked {
            return Math.ceilDiv(unvestedWei * (end - block.timestamp), end - start); // 88 bits times 48; start < end
        }
    }

    /// @notice STR-3: the mean of the times left, weighted by amount: `leftSeconds` of what was unvested and
    /// `addedSeconds` of what is added. Requires that one of the amounts is above 0.
    function meanSecondsUp(
        uint256 unvestedWei,
        uint256 leftSeconds,
        uint256 addedWei,
        uint256 addedSeconds
    ) internal pure returns (uint256) {
        return Math.ceilDiv(unvestedWei * leftSeconds + addedWei * addedSeconds, unvestedWei + addedWei);
    }

    /// @notice STR-3: the shortest time in which `unvestedWei` may vest by a cap per day on `baseWei`.
    function cappedSecondsUp(
        uint256 unvestedWei,
        uint256 capRayPerDay,
        uint256 baseWei
    ) internal pure returns (uint256) {
        if (baseWei == 0) return LONGEST_STREAM_SECONDS;
        return Math.min(Math.ceilDiv(unvestedWei * 1 days * RAY, capRayPerDay * baseWei), LONGEST_STREAM_SECONDS);
    }

    /// @notice What a rate per day allows of `baseWei` in this time.
    function cappedWeiDown(uint256 rayPerDay, uint256 seconds_, uint256 baseWei) internal pure returns (uint256) {
        return rayPerDay * seconds_ * baseWei / (RAY * 1 days);
    }
}
