// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What the restaking token calls of a Symbiotic vault, version 1
/// @notice Amounts are of the vault's collateral. An epoch's withdrawals can be slashed until that epoch has ended.
interface ISymbioticVault {
    function deposit(address onBehalfOf, uint256 amount) external returns (uint256 depositedAmount, uint256 shares);

    /// @notice Move active shares of the caller into the withdrawals of the next epoch.
    function redeem(address claimer, uint256 shares) external returns (uint256 amount, uint256 withdrawalShares);

    /// @notice Pay all that the caller has in the withdrawals of an epoch that has ended; once.
    function claim(address recipient, uint256 epoch) external returns (uint256 amount);

    function collateral() external view returns (address);

    /// @notice Whether delegator and slasher are set, once and for all.
    function isInitialized() external view returns (bool);

    function version() external view returns (uint64);

    /// @notice Who could replace the vault's code by a newer version.
    function owner() external view returns (address);

    function activeStake() external view returns (uint256);

    function activeShares() external view returns (uint256);

    function withdrawals(uint256 epoch) external view returns (uint256 amount);

    function withdrawalShares(uint256 epoch) external view returns (uint256);

    function isWithdrawalsClaimed(uint256 epoch, address account) external view returns (bool);

    function currentEpoch() external view returns (uint256);

    function epochDuration() external view returns (uint48);

    /// @notice When epoch 0 began.
    function epochDurationInit() external view returns (uint48);

    function depositWhitelist() external view returns (bool);

    function isDepositorWhitelisted(address account) external view returns (bool);

    function isDepositLimit() external view returns (bool);

    /// @notice Bound of the active stake.
    function depositLimit() external view returns (uint256);
}

/// @title What the restaking token calls of Symbiotic's factory of vaults
interface ISymbioticVaultFactory {
    function isEntity(address account) external view returns (bool);
}
