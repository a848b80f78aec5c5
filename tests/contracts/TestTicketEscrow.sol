// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IWithdrawalQueue} from "keel/interfaces/IWithdrawalQueue.sol";

/// @title Keeps tickets for their depositors; docs/integrate.md shows its core
contract TestTicketEscrow {
    error OnlyDepositor(address depositor);

    IWithdrawalQueue public immutable QUEUE;
    mapping(uint256 ticketId => address depositor) public depositorOf;

    constructor(IWithdrawalQueue queue) {
        QUEUE = queue;
    }

    function put(uint256 ticketId) external {
        depositorOf[ticketId] = msg.sender;
        QUEUE.transferFrom(msg.sender, address(this), ticketId);
    }

    function take(uint256 ticketId) external {
        address depositor = depositorOf[ticketId];
        if (msg.sender != depositor) revert OnlyDepositor(depositor);
        delete depositorOf[ticketId];
        QUEUE.transferFrom(address(this), depositor, ticketId); // nobody else could claim it
    }
}
