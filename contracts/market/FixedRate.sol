// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "../interfaces/IErrors.sol";
import {IMorphoRate, Market, MarketParams} from "./interfaces/IMorphoRate.sol";

/// @title Interest that never changes
/// @notice Rule LND-2 of docs/market_design.md.
contract FixedRate is IMorphoRate, IErrors {
    /// @dev 100 % a year.
    uint256 public constant MOST_PER_SECOND_WAD = 1e18 / uint256(365 days);

    uint256 public immutable PER_SECOND_WAD;

    constructor(uint256 perSecondWad) {
        if (perSecondWad > MOST_PER_SECOND_WAD) {
            revert ParameterOutOfBounds("perSecondWad", perSecondWad, MOST_PER_SECOND_WAD);
        }
        PER_SECOND_WAD = perSecondWad;
    }

    /// @inheritdoc IMorphoRate
    function borrowRate(MarketParams memory, Market memory) external view returns (uint256 perSecondWad) {
        return PER_SECOND_WAD;
    }

    /// @inheritdoc IMorphoRate
    function borrowRateView(MarketParams memory, Market memory) external view returns (uint256 perSecondWad) {
        return PER_SECOND_WAD;
    }
}
