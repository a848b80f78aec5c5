// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title A rate limit kept as one number
/// @notice Rules LIM-1 and LIM-2 of docs/design.md. `fullAt` is the moment, in ticks of 2^-16 s, when the bucket would
/// be full again if nobody took from it. It fits in 48 bits until the year 2106.
library TokenBucket {
    uint256 internal constant TICKS_PER_SECOND = 65_536;

    error LimitExceeded(uint256 amount, uint256 available);

    /// @notice LIM-1. A capacity of zero allows nothing but zero.
    function take(
        uint256 fullAt,
        uint256 amount,
        uint256 capacity,
        uint256 period
    ) internal view returns (uint256 newFullAt) {
        newFullAt = _start(fullAt);
        if (amount == 0) return newFullAt;
        if (capacity == 0) revert LimitExceeded(amount, 0);
        // Rounded up, so many small amounts take at least what one large one takes.
        newFullAt += Math.ceilDiv(amount * period * TICKS_PER_SECOND, capacity);
        if (newFullAt > empty(period)) revert LimitExceeded(amount, available(fullAt, capacity, period));
    }

    /// @notice LIM-2: the largest amount that `take` accepts now.
    function available(uint256 fullAt, uint256 capacity, uint256 period) internal view returns (uint256) {
        uint256 end = empty(period);
        uint256 start = _start(fullAt);
        return end > start ? (end - start) * capacity / (period * TICKS_PER_SECOND) : 0;
    }

    /// @notice The bucket with nothing left in it.
    function empty(uint256 period) internal view returns (uint256 fullAt) {
        return (block.timestamp + period) * TICKS_PER_SECOND;
    }

    function _start(uint256 fullAt) private view returns (uint256) {
        uint256 nowTicks = block.timestamp * TICKS_PER_SECOND;
        return fullAt > nowTicks ? fullAt : nowTicks;
    }
}
