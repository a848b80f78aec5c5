// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IWithdrawalQueue} from "keel/interfaces/IWithdrawalQueue.sol";

/// @title Keeps tickets for their depositors, whoever claims them meanwhile; docs/integrate.md shows its core
contract TestTicketEscrow {
    error OnlyDepositor(address depositor);
    error OnlyQueue(address sender);

    IWithdrawalQueue public immutable QUEUE;
    mapping(uint256 ticketId => address depositor) public depositorOf;

    constructor(IWithdrawalQueue queue) {
        QUEUE = queue;
    }

    receive() external payable {
        if (msg.sender != address(QUEUE)) revert OnlyQueue(msg.sender);
    }

    function put(uint256 ticketId) external {
        depositorOf[ticketId] = msg.sender;
        QUEUE.transferFrom(msg.sender, address(this), ticketId);
    }

    function take(uint256 ticketId) external {
        address depositor = depositorOf[ticketId];
        if (msg.sender != depositor) revert OnlyDepositor(depositor);
        delete depositorOf[ticketId];
        IWithdrawalQueue.Ticket memory ticket = QUEUE.ticket(ticketId);
        if (ticket.state != IWithdrawalQueue.TicketState.Claimed) {
            QUEUE.transferFrom(address(this), depositor, ticketId);
        } else {
            Address.sendValue(payable(depositor), ticket.worthWei); // a stranger claimed: the ether is here
        }
    }
}
