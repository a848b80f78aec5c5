// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TickPrice} from "keel/market/TickPrice.sol";

/// @title Prices of many ticks at once
contract TestTickPrices {
    /// @notice One after the other, 32 bytes each.
    function prices(int256 first, uint256 count) external pure returns (uint256[] memory found) {
        found = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            found[i] = TickPrice.wad(first + int256(i));
        }
    }

    function meanDown(int256 tickSeconds, uint256 seconds_) external pure returns (int256) {
        return TickPrice.meanDown(tickSeconds, seconds_);
    }
}
