// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @title What a later version behind WithdrawalVault's proxy could be
contract TestNextWithdrawalVault is AccessManagedUpgradeable, UUPSUpgradeable {
    uint256 public constant VERSION = 2;

    receive() external payable {}

    function _authorizeUpgrade(address) internal override restricted {}
}
