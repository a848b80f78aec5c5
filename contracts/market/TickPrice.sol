// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

/// @title The price of a tick
/// @notice Rule FED-8 of docs/market_design.md.
library TickPrice {
    /// @dev ln(1.0001), with 36 digits behind the point, rounded down.
    int256 private constant LN_TICK_E36 = 99_995_000_333_308_335_333_166_680_951_131;
    /// @dev A price of a million, or a millionth.
    int256 internal constant MOST_TICK = 138_162;

    error TickOutOfBounds(int256 tick, int256 most);

    /// @notice 1.0001^tick with 18 decimals, less than 1 wei and 2e-18 of it away.
    function wad(int256 tick) internal pure returns (uint256) {
        if (tick > MOST_TICK || tick < -MOST_TICK) revert TickOutOfBounds(tick, MOST_TICK);
        return uint256(FixedPointMathLib.expWad(tick * LN_TICK_E36 / 1e18));
    }

    /// @notice The mean of a sum of ticks over time, rounded down whatever its sign.
    function meanDown(int256 tickSeconds, uint256 seconds_) internal pure returns (int256 mean) {
        int256 divisor = int256(seconds_);
        mean = tickSeconds / divisor;
        if (tickSeconds < 0 && tickSeconds % divisor != 0) --mean;
    }
}
