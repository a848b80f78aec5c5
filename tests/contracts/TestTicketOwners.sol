// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface ITicketPayer {
    function claim(uint256 ticketId) external returns (uint256 paidWei);

    function claimMany(uint256[] calldata ticketIds) external returns (uint256 paidWei);
}

/// @title Owns tickets and takes ether only when it pleases
contract TestChoosyOwner {
    error NotNow(uint256 sentWei);

    bool public takesEther;

    receive() external payable {
        if (!takesEther) revert NotNow(msg.value);
    }

    function setTakesEther(bool takes) external {
        takesEther = takes;
    }
}

/// @title Burns all gas it is given
contract TestGasBurningOwner {
    uint256 public turns;

    receive() external payable {
        while (true) ++turns;
    }
}

/// @title Reverts with more data than its payer wants to pay for copying
contract TestDataBombOwner {
    uint256 public constant BOMB_BYTES = 40_000;

    receive() external payable {
        revert(string(new bytes(BOMB_BYTES)));
    }
}

/// @title Tries to be paid twice: claims again, its own ticket and others, while it is paid
contract TestReentrantOwner {
    ITicketPayer public immutable QUEUE;
    uint256[] public again;
    bytes public firstRefusal;

    constructor(address queue) {
        QUEUE = ITicketPayer(queue);
    }

    receive() external payable {
        uint256 left = again.length;
        if (left == 0) return;
        uint256 ticketId = again[left - 1];
        again.pop();
        try QUEUE.claim(ticketId) {}
        catch (bytes memory reason) {
            if (firstRefusal.length == 0) firstRefusal = reason;
        }
    }

    function setAgain(uint256[] calldata ticketIds) external {
        again = ticketIds;
    }

    function claimMany(uint256[] calldata ticketIds) external returns (uint256) {
        return QUEUE.claimMany(ticketIds);
    }
}
