// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A withdrawal queue with the mistakes of others
/// @notice For tests/incidents alone. Tickets keep their face value whatever is lost, anyone finalises any ticket,
/// a claim pays the one who requested, before it takes the ticket, and only while nobody has paused it.
contract TestNaiveQueue {
    error NotYet(uint256 ticketId);
    error IsPaused();
    error Taken(uint256 ticketId);
    error Cancelled(uint256 ticketId);
    error TransferFailed();

    struct Ticket {
        address requester;
        address owner;
        uint256 amountWei;
        bool claimed;
    }

    Ticket[] public tickets;
    uint256 public lastFinalised;
    bool public paused;

    receive() external payable {}

    function request(uint256 amountWei) external {
        tickets.push(Ticket(msg.sender, msg.sender, amountWei, false));
    }

    function sell(uint256 ticketId, address to) external {
        tickets[ticketId - 1].owner = to;
    }

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    /// @dev Even after finalisation.
    function cancel(uint256 ticketId) external {
        tickets[ticketId - 1].amountWei = 0;
    }

    function finalise(uint256 lastTicket) external {
        lastFinalised = lastTicket;
    }

    /// @dev In order and whole tickets only, with a loop over all.
    function finaliseAll() external {
        uint256 leftWei = address(this).balance;
        while (lastFinalised < tickets.length && tickets[lastFinalised].amountWei <= leftWei) {
            leftWei -= tickets[lastFinalised].amountWei;
            ++lastFinalised;
        }
    }

    function claim(uint256 ticketId) external {
        Ticket storage ticket = tickets[ticketId - 1];
        if (paused) revert IsPaused();
        if (ticketId > lastFinalised) revert NotYet(ticketId);
        if (ticket.claimed) revert Taken(ticketId);
        (bool paid,) = ticket.requester.call{value: ticket.amountWei}("");
        if (!paid) revert TransferFailed();
        ticket.claimed = true;
    }

    function claimableWei(uint256[] calldata ticketIds) external view returns (uint256[] memory amountsWei) {
        amountsWei = new uint256[](ticketIds.length);
        for (uint256 i = 0; i < ticketIds.length; ++i) {
            if (ticketIds[i] > lastFinalised) revert NotYet(ticketIds[i]);
            amountsWei[i] = tickets[ticketIds[i] - 1].amountWei;
        }
    }
}
