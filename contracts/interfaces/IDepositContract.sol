// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The beacon chain's deposit contract (consensus specs, phase 0)
interface IDepositContract {
    function deposit(
        bytes calldata pubkey,
        bytes calldata withdrawalCredentials,
        bytes calldata signature,
        bytes32 depositDataRoot
    ) external payable;
}
