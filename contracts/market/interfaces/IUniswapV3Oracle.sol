// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a Uniswap v3 pool remembers of its price
interface IUniswapV3Oracle {
    function token0() external view returns (address);

    function token1() external view returns (address);

    /// @notice Sums over time, as of so many seconds ago: of the tick, and of the inverse of the liquidity in 2^-128.
    function observe(uint32[] calldata secondsAgos)
        external
        view
        returns (int56[] memory tickCumulatives, uint160[] memory secondsPerLiquidityCumulativeX128s);

    function slot0()
        external
        view
        returns (
            uint160 sqrtPriceX96,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );

    function observations(uint256 index)
        external
        view
        returns (
            uint32 blockTimestamp,
            int56 tickCumulative,
            uint160 secondsPerLiquidityCumulativeX128,
            bool initialized
        );
}
