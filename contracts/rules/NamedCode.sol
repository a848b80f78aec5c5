// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "../interfaces/IErrors.sol";

/// @title Code that was named by its hash when it was scheduled
/// @notice Rule MOD-1 of docs/design.md.
library NamedCode {
    /// @notice Reverts `NoCode` when an account has no code of its own, `CodeChanged` when it has other code.
    function check(address account, bytes32 expected) internal view {
        bytes memory code = account.code;
        if (code.length == 0 || code[0] == 0xef) revert IErrors.NoCode(account);
        bytes32 actual = account.codehash;
        if (actual != expected) revert IErrors.CodeChanged(account, expected, actual);
    }
}
