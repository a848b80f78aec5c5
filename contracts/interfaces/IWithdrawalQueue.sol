// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4906} from "@openzeppelin/contracts/interfaces/IERC4906.sol";
import {IErrors} from "./IErrors.sol";

/// @title WithdrawalQueue: ERC-721 tickets that are fixed ether claims, which only losses can shrink
/// @notice Rules QUE of docs/design.md. No owner, no pause, no cancellation. Claiming depends on no other contract.
interface IWithdrawalQueue is IERC4906, IErrors {
    enum TicketState {
        None,
        Pending,
        Finalised,
        Claimed
    }

    struct Ticket {
        address owner; // zero when claimed
        TicketState state;
        uint256 amountWei; // as requested
        uint256 worthWei; // what a claim pays, or would pay at today's index
        uint256 requestedAt;
        uint256 likelyPaidAt; // estimate; 0 when claimed
    }

    event TicketRequested(uint256 indexed ticketId, address indexed owner, uint256 amountWei, uint256 sharesBurned);
    event TicketsFinalised(uint256 indexed first, uint256 indexed last, uint256 amountWei, uint256 index);
    event IndexLowered(uint256 indexBefore, uint256 indexAfter);
    event TicketClaimed(uint256 indexed ticketId, address indexed owner, uint256 paidWei);
    event ClaimSkipped(uint256 indexed ticketId, bytes reason);

    error AmountOutOfBounds(uint256 amountWei, uint256 minWei, uint256 maxWei);
    error CountOutOfBounds(uint256 count, uint256 min, uint256 max);
    error NoSuchTicket(uint256 ticketId);
    error AlreadyClaimed(uint256 ticketId);
    error NotFinalised(uint256 ticketId, uint256 lastFinalised);
    /// @notice The owner has code, and has not made the caller an operator of its tickets.
    error ClaimNotAllowed(uint256 ticketId, address owner, address caller);
    error OnlyQueue(address caller);
    error PaymentFailed(address owner, uint256 amountWei);
    error IndexRises(uint256 indexBefore, uint256 indexAfter);
    error LastTicketOutOfBounds(uint256 lastTicket, uint256 min, uint256 max);
    error WrongPayment(uint256 sentWei, uint256 neededWei);
    error TooLittleGas(uint256 left, uint256 needed);

    /// @notice Burn the caller's kETH for a claim of `amountWei`; the ticket belongs to `owner` (QUE-1), who is not
    /// called. After a loss the claim can be worth 1 wei less. A caller's whole balance can be requested. Reverts
    /// `AmountOutOfBounds`, the vault's `Insolvent` (ACC-3, and when losses have brought the index under a millionth),
    /// and the vault's `InsufficientShares`.
    function request(uint256 amountWei, address owner) external returns (uint256 ticketId);

    /// @notice The same for 1 to 100 tickets, whose shares are burned as one sum.
    function requestMany(uint256[] calldata amountsWei, address owner) external returns (uint256[] memory ticketIds);

    /// @notice Pay a finalised ticket to its owner (QUE-3). Anyone may call where the owner has no code; else the owner
    /// and whom it has made an operator of its tickets (ERC-721 `setApprovalForAll`). Reverts `ClaimNotAllowed`, and
    /// `PaymentFailed` when the owner does not take the ether; the ticket then stays as it is.
    function claim(uint256 ticketId) external returns (uint256 paidWei);

    /// @notice The queue's own call in `claimMany`: `claim` as if `caller` had asked. Reverts `OnlyQueue` for others.
    function claimFor(uint256 ticketId, address caller) external returns (uint256 paidWei);

    /// @notice Claim 1 to 100 tickets. One that cannot be paid (not finalised, claimed, a receiver that reverts) is
    /// skipped with `ClaimSkipped` and harms no other: each may use `CLAIM_GAS`, its receiver's part included, and the
    /// call reverts `TooLittleGas` rather than give one less. A receiver that needs more uses `claim`.
    function claimMany(uint256[] calldata ticketIds) external returns (uint256 paidWei);

    /// @notice Vault only: lower the index to `index` (a loss), then finalise up to `lastTicket_` with the ether sent.
    /// A call may do either or both. Reverts when the index rises, when the ticket is not between the last finalised
    /// and the last one, or when the ether is not what `finalisable` says.
    function settle(uint256 index, uint256 lastTicket_) external payable;

    /// @notice Q: ether owed to tickets that are not finalised, rounded up.
    function owedWei() external view returns (uint256);

    /// @notice N of LOS-1 (normalised claims not finalised) and the index, ray.
    function pending() external view returns (uint256 normalised, uint256 index);

    /// @notice The longest prefix of pending tickets requested not after `requestedBy` that `budgetWei` pays at
    /// `index`, and what it costs (QUE-2). Two reads when the hint is right.
    /// @return lastTicket_ equal to the last finalised one when nothing can be paid
    function finalisable(
        uint256 hint,
        uint256 requestedBy,
        uint256 budgetWei,
        uint256 index
    ) external view returns (uint256 lastTicket_, uint256 costWei);

    /// @notice Never reverts: an id that was never issued has state None.
    function ticket(uint256 ticketId) external view returns (Ticket memory);

    function tickets(uint256[] calldata ticketIds) external view returns (Ticket[] memory);

    /// @notice What claims of these ids would pay now; 0 for each that cannot be claimed. Never reverts.
    function claimableWei(uint256[] calldata ticketIds) external view returns (uint256[] memory);

    function lastTicket() external view returns (uint256);

    function lastFinalised() external view returns (uint256);

    /// @notice Gas of one claim in `claimMany`.
    function CLAIM_GAS() external view returns (uint256);

    /// @notice How long exits of validators are assumed to take where `likelyPaidAt` must wait for them.
    function EXIT_SECONDS() external view returns (uint256);

    function MIN_TICKET_WEI() external view returns (uint256);

    function MAX_TICKET_WEI() external view returns (uint256);
}
