// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EtherSource} from "./EtherSource.sol";

/// @title RewardsVault: fee recipient of the validators (priority fees, MEV)
/// @notice Takes ether from anyone; a report decides how much of it is income, and when.
contract RewardsVault is EtherSource {
    constructor(address vault) EtherSource(vault) {}

    function _enterVault(uint256 amountWei) internal override {
        VAULT.receiveRewards{value: amountWei}();
    }
}
