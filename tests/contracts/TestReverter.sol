// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Reverts in every way a contract can
/// @notice Used by the tests of the strict `reverts` and `panics` checks alone.
contract TestReverter {
    error Plain();
    error OutOfBound(uint256 value, uint256 bound);
    error OutOfLimit(uint256 value, uint256 bound);
    error At(uint256 timestamp);
    error Named(address account, string reason, uint256[] values);

    TestReverterCallee public immutable CALLEE = new TestReverterCallee();
    uint256 public calls;

    function succeed() external {
        ++calls;
    }

    function failPlain() external {
        ++calls;
        revert Plain();
    }

    function failOutOfBound(uint256 value, uint256 bound) external {
        ++calls;
        revert OutOfBound(value, bound);
    }

    function failOutOfLimit(uint256 value, uint256 bound) external {
        ++calls;
        revert OutOfLimit(value, bound);
    }

    function failNamed(address account, string calldata reason, uint256[] calldata values) external {
        ++calls;
        revert Named(account, reason, values);
    }

    function failString(string calldata reason) external {
        ++calls;
        revert(reason);
    }

    function failBare() external {
        ++calls;
        revert();
    }

    function failAssert() external {
        ++calls;
        assert(false);
    }

    function failDivision(uint256 divisor) external returns (uint256) {
        return ++calls / divisor;
    }

    function failAtTimestamp() external {
        ++calls;
        revert At(block.timestamp);
    }

    function failOutOfGas() external {
        while (true) ++calls;
    }

    function failInCallee(uint256 value) external {
        CALLEE.fail(value);
    }

    function viewOutOfBound(uint256 value, uint256 bound) external pure returns (uint256) {
        if (value > bound) revert OutOfBound(value, bound);
        return value;
    }

    function viewDivision(uint256 divisor) external pure returns (uint256) {
        return 1 / divisor;
    }

    function viewBare() external pure {
        revert();
    }
}

/// @title Reverts with an error that its caller's ABI does not list
contract TestReverterCallee {
    error CalleeFailed(uint256 value);
    error CalleeBroke(uint256 value);

    uint256 public calls;

    function fail(uint256 value) external {
        ++calls;
        revert CalleeFailed(value);
    }
}
