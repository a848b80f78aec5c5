// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Calls once more while it is paid, whatever it was told to call
/// @notice Remembers how often it came through, and with what it was refused.
contract TestReentrant {
    address public target;
    bytes public call_;
    uint256 public turns;
    uint256 public passed;
    bytes public refusal;

    receive() external payable {
        if (turns == 0) return;
        --turns;
        (bool done, bytes memory answer) = target.call(call_);
        if (done) ++passed;
        else refusal = answer;
    }

    function prepare(address target_, bytes calldata data, uint256 turns_) external {
        (target, call_, turns) = (target_, data, turns_);
    }

    function act(address where, bytes calldata data) external payable {
        (bool done, bytes memory answer) = where.call{value: msg.value}(data);
        if (!done) revert(string(answer));
    }
}
