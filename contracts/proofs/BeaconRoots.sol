// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IValidatorProofs} from "../interfaces/IValidatorProofs.sol";

/// @title Roots of beacon blocks in the execution layer
/// @notice EIP-4788, rule PRF-1 of docs/design.md.
library BeaconRoots {
    address internal constant CONTRACT = 0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02;

    /// @notice Root of the beacon block that was the parent when the execution block of that time was made. The
    /// contract keeps the last 8191 blocks' and compares the whole timestamp, so none is taken for another.
    function parentAt(uint256 timestamp) internal view returns (bytes32) {
        // The contract has no selectors: its input is the timestamp alone.
        // solhint-disable-next-line avoid-low-level-calls
        (bool isKnown, bytes memory answer) = CONTRACT.staticcall(abi.encode(timestamp));
        if (!isKnown || answer.length != 32) revert IValidatorProofs.RootUnknown(timestamp);
        return abi.decode(answer, (bytes32));
    }
}
