// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The price of the collateral of a market of Morpho Blue
interface IMorphoOracle {
    /// @notice Units of the loan token for one unit of collateral, times 1e36.
    function price() external view returns (uint256);
}
