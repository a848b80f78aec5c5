// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAggregatorV3} from "./IAggregatorV3.sol";

/// @title A feed that says how far one update can move it
interface IRateSource is IAggregatorV3 {
    /// @notice FED-5, PSH-6: rise or fall by one update that nobody had to announce, in bps of the answer, rounded up.
    function stepBps() external view returns (uint256);
}
