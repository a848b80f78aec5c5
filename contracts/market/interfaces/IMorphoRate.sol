// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What Morpho Blue knows a market by, for good.
struct MarketParams {
    address loanToken;
    address collateralToken;
    address oracle;
    address irm;
    uint256 lltv;
}

/// @notice What stands in a market; amounts in the loan token's unit.
struct Market {
    uint128 totalSupplyAssets;
    uint128 totalSupplyShares;
    uint128 totalBorrowAssets;
    uint128 totalBorrowShares;
    uint128 lastUpdate;
    uint128 fee;
}

/// @title The interest of a market of Morpho Blue
interface IMorphoRate {
    /// @notice Interest a second, 18 decimals. Morpho calls it whenever interest accrues.
    function borrowRate(MarketParams memory params, Market memory market) external returns (uint256 perSecondWad);

    /// @notice The same, without a change of state.
    function borrowRateView(
        MarketParams memory params,
        Market memory market
    ) external view returns (uint256 perSecondWad);
}
