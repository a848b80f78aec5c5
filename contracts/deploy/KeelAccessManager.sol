// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title KeelAccessManager: who may do what, and after which delay
/// @notice OpenZeppelin's AccessManager as it is. docs/access.md lists roles, functions, delays.
contract KeelAccessManager is AccessManager {
    constructor(address initialAdmin) AccessManager(initialAdmin) {}
}
