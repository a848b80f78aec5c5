// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title What tickets are worth
/// @notice Rules QUE of docs/design.md. Normalised claims fit in 128 bits, amounts and indices in 96.
library Claims {
    /// @notice A normalised claim times an index is 1e36 times its ether (QUE-1).
    uint256 internal constant SCALE = 1e36;

    /// @notice QUE-1: the normalised claim of `amountWei`. Requires an index above 0.
    function normalisedDown(uint256 amountWei, uint256 index) internal pure returns (uint256) {
        return amountWei * SCALE / index;
    }

    /// @notice QUE-1: ether owed for normalised claims at an index.
    function owedUp(uint256 normalised, uint256 index) internal pure returns (uint256) {
        return Math.ceilDiv(normalised * index, SCALE);
    }

    /// @notice LOS-1: the lowest index at which `owed` wei, above 0, are owed for normalised claims.
    function lowestIndex(uint256 owed, uint256 normalised) internal pure returns (uint256) {
        return (owed - 1) * SCALE / normalised + 1;
    }

    /// @notice QUE-3: what one claim pays at an index; never above its amount, since no index is above the request's.
    function worthDown(uint256 normalised, uint256 index) internal pure returns (uint256) {
        return normalised * index / SCALE;
    }
}
