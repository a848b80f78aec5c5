// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IMarketPrice} from "./interfaces/IMarketPrice.sol";
import {IStablePool} from "./interfaces/IStablePool.sol";
import {IStablePrice} from "./interfaces/IStablePrice.sol";

/// @title The mean price of wkETH in a StablePool
/// @notice Rules FED-9 and FED-10 of docs/market_design.md. Nobody has a power over it.
contract StablePrice is IStablePrice {
    struct Record {
        uint128 priceSum;
        uint40 time;
    }

    uint256 private constant MOST_WINDOWS = 3;
    uint256 private constant WAD = 1e18;

    IStablePool public immutable POOL;
    uint32 public immutable WINDOW_SECONDS;
    uint256 public immutable LEAST_WEI;
    IERC4626 private immutable WRAPPED;

    Record private _newest;
    Record private _older;

    /// @param leastWei of the pool's invariant D
    constructor(address pool, uint32 windowSeconds, uint256 leastWei) {
        if (windowSeconds == 0) revert ParameterOutOfBounds("windowSeconds", 0, type(uint32).max);
        if (leastWei == 0) revert ParameterOutOfBounds("leastWei", 0, type(uint256).max);
        POOL = IStablePool(pool);
        WRAPPED = IERC4626(POOL.WRAPPED());
        (WINDOW_SECONDS, LEAST_WEI) = (windowSeconds, leastWei);
    }

    /// @inheritdoc IStablePrice
    function record() external {
        uint256 worthWei = POOL.invariantWei();
        if (worthWei < LEAST_WEI) {
            delete _newest;
            delete _older;
            emit Forgotten(msg.sender, worthWei);
            return;
        }
        uint256 possibleAt = _newest.time + WINDOW_SECONDS;
        if (block.timestamp < possibleAt) revert RecordedTooSoon(possibleAt, block.timestamp);
        (uint256 priceSum,) = POOL.cumulativePrice();
        _older = _newest;
        _newest = Record(uint128(priceSum), uint40(block.timestamp)); // the pool keeps it in 128 bits
        emit Recorded(msg.sender, priceSum);
    }

    /// @inheritdoc IMarketPrice
    function price() external view returns (uint256 priceWei) {
        uint256 worthWei = POOL.invariantWei();
        if (worthWei < LEAST_WEI) revert MarketTooThin(worthWei, LEAST_WEI);
        Record memory start = block.timestamp - _newest.time < WINDOW_SECONDS ? _older : _newest;
        if (start.time == 0) {
            revert WindowTooLong(WINDOW_SECONDS, _newest.time == 0 ? 0 : block.timestamp - _newest.time);
        }
        uint256 age = block.timestamp - start.time;
        if (age > MOST_WINDOWS * WINDOW_SECONDS) revert RecordTooOld(age, MOST_WINDOWS * WINDOW_SECONDS);
        (uint256 priceSum,) = POOL.cumulativePrice();
        return Math.mulDiv((priceSum - start.priceSum) / age, WRAPPED.convertToAssets(WAD), WAD);
    }

    /// @inheritdoc IStablePrice
    function records() external view returns (uint256 newestAt, uint256 newestSum, uint256 olderAt, uint256 olderSum) {
        return (_newest.time, _newest.priceSum, _older.time, _older.priceSum);
    }
}
