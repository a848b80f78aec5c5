// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "./IErrors.sol";

/// @title What holds ether on the way into the vault: WithdrawalVault and RewardsVault
interface IEtherSource is IErrors {
    error InsufficientBalance(uint256 askedWei, uint256 balanceWei);

    /// @notice StakingVault only: send `amountWei` to it through its named payable function.
    function passOn(uint256 amountWei) external;
}
