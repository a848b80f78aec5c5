// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A committee that votes on chain, with the mistakes of others
/// @notice For tests/incidents alone. Whatever reaches the quorum is the balance: votes of removed members stay counted,
/// one member may vote twice, no limit, no order of frames, no age; the fee is a part of the balance.
contract TestNaiveOracle {
    error NotMember(address voter);

    mapping(address member => bool) public isMember;
    mapping(bytes32 report => uint256) public votes;
    uint256 public quorum;
    uint256 public balanceWei;
    uint256 public feeShares;
    uint256 public feeBps = 1000;

    constructor(address[] memory members, uint256 quorum_) {
        for (uint256 i = 0; i < members.length; ++i) {
            isMember[members[i]] = true;
        }
        quorum = quorum_;
    }

    function remove(address member) external {
        isMember[member] = false;
    }

    function setQuorum(uint256 quorum_) external {
        quorum = quorum_;
    }

    function vote(uint256 refSlot, uint256 reportedWei) external {
        if (!isMember[msg.sender]) revert NotMember(msg.sender);
        if (++votes[keccak256(abi.encode(refSlot, reportedWei))] < quorum) return;
        balanceWei = reportedWei;
        feeShares += reportedWei * feeBps / 10_000;
    }
}
