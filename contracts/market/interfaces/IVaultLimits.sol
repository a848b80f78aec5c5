// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A limit of StakingVault that only markets ask it for
interface IVaultLimits {
    /// @notice LIM-3: what a report may take of V + Q unannounced.
    function LOSS_LIMIT_BPS() external view returns (uint256);
}
