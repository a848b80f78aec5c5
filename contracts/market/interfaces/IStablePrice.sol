// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "../../interfaces/IErrors.sol";
import {IMarketPrice} from "./IMarketPrice.sol";

/// @title The mean price of wkETH in a StablePool, between a record of its cumulative price and now
/// @notice Rules FED-9 and FED-10 of docs/market_design.md.
interface IStablePrice is IMarketPrice, IErrors {
    /// @param priceSum the pool's `cumulativePrice`
    event Recorded(address indexed caller, uint256 priceSum);
    /// @notice The pool was too thin, so what was recorded before counts no more.
    event Forgotten(address indexed caller, uint256 worthWei);

    /// @notice Nothing that counts is as old as the window.
    error WindowTooLong(uint256 windowSeconds, uint256 rememberedSeconds);
    /// @notice All that counts is so old that it says little of now.
    error RecordTooOld(uint256 ageSeconds, uint256 mostSeconds);
    error MarketTooThin(uint256 worthWei, uint256 leastWei);
    error RecordedTooSoon(uint256 possibleAt, uint256 nowTime);

    /// @notice Record the cumulative price, once a window; of a pool that is too thin, forget all records, at any time.
    /// Anybody may. Reverts `RecordedTooSoon`, and as the pool's `invariantWei`.
    function record() external;

    /// @notice Times and sums of the two records that count, the newer first; a time of 0 is none.
    function records() external view returns (uint256 newestAt, uint256 newestSum, uint256 olderAt, uint256 olderSum);
}
