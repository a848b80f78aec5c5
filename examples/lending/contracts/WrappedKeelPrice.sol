// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IWrappedKeelEther {
    function convertToAssets(uint256 units) external view returns (uint256 assetsWei);
}

interface IStakingVault {
    function state() external view returns (uint8);
}

/// @title What a lending market takes for the price of wkETH as collateral against ETH
/// @notice In the form that Morpho Blue reads: wei of ETH for one wei of wkETH, scaled by 1e36.
contract WrappedKeelPrice {
    /// @notice Keel knows of a loss that is not in the rate yet, or its rate is out of date.
    error PriceWithheld(uint8 state);

    uint8 private constant AWAITING = 1; // of StakingVault's states; Slashed, Announced, Stale and Dead follow
    uint256 private constant UNIT = 1e18;

    IWrappedKeelEther public immutable WRAPPED;
    IStakingVault public immutable VAULT;

    constructor(IWrappedKeelEther wrapped, IStakingVault vault) {
        WRAPPED = wrapped;
        VAULT = vault;
    }

    /// @return What a whole wkETH is worth, rounded down by Keel, times 1e18.
    function price() external view returns (uint256) {
        uint8 state = VAULT.state();
        if (state > AWAITING) revert PriceWithheld(state);
        return WRAPPED.convertToAssets(UNIT) * UNIT;
    }
}
