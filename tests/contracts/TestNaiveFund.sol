// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Insurance with the mistakes of others
/// @notice For tests/incidents alone. Anyone claims what was lost as often as they like, and underwriters leave at once.
contract TestNaiveFund {
    error TransferFailed();

    mapping(address underwriter => uint256) public stakeOf;
    mapping(uint256 lossId => uint256) public lossWei;

    function underwrite() external payable {
        stakeOf[msg.sender] += msg.value;
    }

    function exit() external {
        uint256 amountWei = stakeOf[msg.sender];
        stakeOf[msg.sender] = 0;
        _pay(msg.sender, amountWei);
    }

    function reportLoss(uint256 lossId, uint256 amountWei) external {
        lossWei[lossId] = amountWei;
    }

    function cover(uint256 lossId) external {
        _pay(msg.sender, lossWei[lossId]);
    }

    function _pay(address to, uint256 amountWei) private {
        (bool paid,) = to.call{value: amountWei}("");
        if (!paid) revert TransferFailed();
    }
}
