// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What holds ether on the way into the vault: WithdrawalVault and RewardsVault
interface IEtherSource {
    error ZeroAddress(string what);
    error OnlyVault(address caller);
    error InsufficientBalance(uint256 askedWei, uint256 balanceWei);

    /// @notice StakingVault only: send `amountWei` to it through its named payable function.
    function passOn(uint256 amountWei) external;
}
