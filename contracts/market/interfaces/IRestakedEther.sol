// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IErrors} from "../../interfaces/IErrors.sol";

/// @title rkETH: wkETH in one Symbiotic vault, ERC-4626 to enter and tickets to leave
/// @notice Rules RST of docs/market_design.md. Assets are units of wkETH (1e-18). A share is one active share of the
/// vault. Every rounding is against the caller. `withdraw` and `redeem` are closed: the vault pays at the end of
/// epochs only. Nobody has a right over this contract.
interface IRestakedEther is IERC4626, IErrors {
    enum TicketState {
        None,
        Pending,
        Claimable,
        Claimed
    }

    struct Ticket {
        address owner; // zero when claimed
        TicketState state;
        uint256 epoch; // Symbiotic's, whose slashings the ticket shares
        uint256 shares; // of the epoch's withdrawals
        uint256 units; // what a claim pays, or would pay if nothing were slashed any more
        uint256 claimableAt; // the end of the epoch
    }

    event TicketRequested(
        uint256 indexed ticketId,
        address indexed owner,
        uint256 indexed epoch,
        uint256 sharesBurned,
        uint256 units // moved into the epoch's withdrawals
    );
    event TicketClaimed(uint256 indexed ticketId, address indexed receiver, uint256 units);

    error NotSymbioticVault(address vault, address factory);
    error VersionNotSupported(uint256 version, uint256 supported);
    error VaultOwned(address owner);
    error VaultUninitialised(address vault);
    error WrongCollateral(address collateral, address wrapped);
    error ZeroAssets();
    error WorthNothing(uint256 shares);
    error OnlyByTicket();
    error NoSuchTicket(uint256 ticketId);
    error AlreadyClaimed(uint256 ticketId);
    error NotClaimable(uint256 ticketId, uint256 claimableAt);
    error NotTicketOwner(uint256 ticketId, address owner, address caller);

    /// @notice Burn the caller's shares for a ticket, which belongs to `owner` (RST-5). Reverts `WorthNothing` for
    /// shares that are not worth a unit.
    function request(uint256 shares, address owner) external returns (uint256 ticketId);

    /// @notice Pay a ticket whose epoch has ended, to a receiver of its owner's choice (RST-7).
    function claim(uint256 ticketId, address receiver) external returns (uint256 units);

    /// @notice Never reverts: an id that was never issued has state None.
    function ticket(uint256 ticketId) external view returns (Ticket memory);

    function lastTicket() external view returns (uint256);

    /// @notice The Symbiotic vault.
    function VAULT() external view returns (address);
}
