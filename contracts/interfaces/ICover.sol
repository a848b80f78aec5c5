// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Whoever pays for losses before holders and tickets do
/// @notice Rule LOS-2 of docs/design.md. The vault counts what it was handed, never what it was told.
interface ICover {
    event Covered(uint256 unitsAsked, uint256 unitsPaid);

    /// @notice Vault only: hand over wkETH for a loss, at most `ceil(shares / 1e9)` units.
    /// @return units handed over
    function cover(uint256 shares) external returns (uint256 units);

    /// @notice What `cover` would hand over.
    function coverable(uint256 shares) external view returns (uint256 units);
}
