// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRewardsVault} from "../interfaces/IRewardsVault.sol";
import {EtherSource} from "./EtherSource.sol";

/// @title RewardsVault
/// @notice See IRewardsVault.
contract RewardsVault is EtherSource, IRewardsVault {
    constructor(address vault) EtherSource(vault) {}

    function _enterVault(uint256 amountWei) internal override {
        VAULT.receiveRewards{value: amountWei}();
    }
}
