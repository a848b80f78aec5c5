// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "../interfaces/IErrors.sol";
import {IMarketPrice} from "./interfaces/IMarketPrice.sol";
import {IUniswapV3Oracle} from "./interfaces/IUniswapV3Oracle.sol";
import {TickPrice} from "./TickPrice.sol";

/// @title The mean price of a token of 18 decimals in a Uniswap v3 pool with another such token
/// @notice Rule FED-7 of docs/market_design.md.
contract UniswapPrice is IMarketPrice, IErrors {
    IUniswapV3Oracle public immutable POOL;
    bool public immutable IS_TOKEN0;
    uint32 public immutable WINDOW_SECONDS;
    uint128 public immutable LEAST_LIQUIDITY;

    error NotInPool(address token, address token0, address token1);
    error WindowTooLong(uint256 windowSeconds, uint256 rememberedSeconds);
    error MarketTooThin(uint256 liquidity, uint256 least);

    /// @param leastLiquidity in the pool's own unit, the root of the product of the virtual reserves
    constructor(address pool, address token, uint32 windowSeconds, uint128 leastLiquidity) {
        if (windowSeconds == 0) revert ParameterOutOfBounds("windowSeconds", 0, type(uint32).max);
        if (leastLiquidity == 0) revert ParameterOutOfBounds("leastLiquidity", 0, type(uint128).max);
        POOL = IUniswapV3Oracle(pool);
        (address token0, address token1) = (POOL.token0(), POOL.token1());
        if (token != token0 && token != token1) revert NotInPool(token, token0, token1);
        IS_TOKEN0 = token == token0;
        WINDOW_SECONDS = windowSeconds;
        LEAST_LIQUIDITY = leastLiquidity;
    }

    /// @inheritdoc IMarketPrice
    function price() external view returns (uint256 priceWei) {
        uint256 remembered = _rememberedSeconds();
        if (remembered < WINDOW_SECONDS) revert WindowTooLong(WINDOW_SECONDS, remembered);
        uint32[] memory ago = new uint32[](2);
        ago[0] = WINDOW_SECONDS;
        (int56[] memory ticks, uint160[] memory inverses) = POOL.observe(ago);
        uint160 inverse;
        int56 ticks_;
        unchecked {
            (ticks_, inverse) = (ticks[1] - ticks[0], inverses[1] - inverses[0]); // both sums wrap around
        }
        uint256 liquidity = inverse == 0 ? 0 : (uint256(WINDOW_SECONDS) << 128) / inverse;
        if (liquidity < LEAST_LIQUIDITY) revert MarketTooThin(liquidity, LEAST_LIQUIDITY);
        // A tick is the price of token0, so that of token1 is its negative: turned before it is rounded.
        return TickPrice.wad(TickPrice.meanDown(IS_TOKEN0 ? int256(ticks_) : -int256(ticks_), WINDOW_SECONDS));
    }

    /// @dev How long ago the oldest observation was made. Slots behind the newest that were never written are younger.
    function _rememberedSeconds() private view returns (uint256) {
        (,, uint16 newest, uint16 count,,,) = POOL.slot0();
        if (count == 0) return 0; // not initialised
        (uint32 oldest,,, bool isWritten) = POOL.observations((uint256(newest) + 1) % count);
        if (!isWritten) (oldest,,,) = POOL.observations(0);
        unchecked {
            return uint32(block.timestamp) - oldest; // wraps around with the pool's clock
        }
    }
}
