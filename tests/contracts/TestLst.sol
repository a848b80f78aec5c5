// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A liquid-staking token of another protocol, as cbETH: not rebasing, its rate comes from elsewhere
/// @notice Beyond that it can do what a listed token should not: keep part of a transfer, stop, or call its user.
contract TestLst is ERC20 {
    uint256 public keptBps;
    bool public isStopped;
    address public hook;
    bytes public call_;
    bytes public answer;
    bool public passed;

    error Stopped();

    constructor() ERC20("Other Staked Ether", "othETH") {}

    function mint(address receiver, uint256 amount) external {
        _mint(receiver, amount);
    }

    function behave(uint256 keptBps_, bool isStopped_) external {
        (keptBps, isStopped) = (keptBps_, isStopped_);
    }

    /// @notice Each transfer makes this call, and remembers how it went.
    function callOnTransfer(address hook_, bytes calldata data) external {
        (hook, call_) = (hook_, data);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (isStopped) revert Stopped();
        super._update(from, to, amount);
        if (keptBps > 0 && from != address(0)) super._update(to, address(this), amount * keptBps / 10_000);
        if (hook != address(0)) (passed, answer) = hook.call(call_);
    }
}
