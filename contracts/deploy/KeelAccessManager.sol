// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title KeelAccessManager: who may do what, and after which delay
/// @notice OpenZeppelin's AccessManager, but nobody cancels another's operation twice (ROL-3), and a delay that rises
/// does so at once; one that falls waits as there. docs/access.md lists roles, functions, delays.
contract KeelAccessManager is AccessManager {
    /// @notice Whether anybody but its caller has cancelled an operation; once scheduled again, it can be executed.
    mapping(bytes32 operationId => bool cancelled) public wasCancelled;

    error CancelledBefore(bytes32 operationId);

    constructor(address initialAdmin) AccessManager(initialAdmin) {}

    /// @inheritdoc AccessManager
    function cancel(address caller, address target, bytes calldata data) public override returns (uint32) {
        if (msg.sender != caller) {
            bytes32 operationId = hashOperation(caller, target, data);
            if (wasCancelled[operationId]) revert CancelledBefore(operationId);
            wasCancelled[operationId] = true;
        }
        return super.cancel(caller, target, data);
    }

    /// @inheritdoc AccessManager
    function minSetback() public pure override returns (uint32) {
        return 0;
    }
}
