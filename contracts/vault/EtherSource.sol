// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEtherSource} from "../interfaces/IEtherSource.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";

/// @title Takes ether from anyone and gives it to the vault alone
/// @notice See IEtherSource.
abstract contract EtherSource is IEtherSource {
    IStakingVault public immutable VAULT;

    constructor(address vault) {
        if (vault == address(0)) revert ZeroAddress("vault");
        VAULT = IStakingVault(vault);
    }

    receive() external payable {}

    /// @inheritdoc IEtherSource
    function passOn(uint256 amountWei) external {
        if (msg.sender != address(VAULT)) revert OnlyVault(msg.sender);
        if (amountWei > address(this).balance) revert InsufficientBalance(amountWei, address(this).balance);
        _enterVault(amountWei);
    }

    /// @dev Through the vault's function for this source.
    function _enterVault(uint256 amountWei) internal virtual;
}
