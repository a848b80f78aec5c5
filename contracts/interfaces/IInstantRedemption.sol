// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "./IErrors.sol";

/// @title InstantRedemption: leave at once, for a fee that rises as liquidity falls
/// @notice Rules INS of docs/design.md. It sets the price and the limit; StakingVault burns, pays, and holds the
/// bounds: normal state only, never more than the shares are worth, never ether that the queue needs.
interface IInstantRedemption is IErrors {
    /// @notice INS-1 and LIM-3.
    struct Terms {
        uint16 minFeeBps;
        uint16 maxFeeBps; // at most 1,000
        uint48 targetGwei; // liquidity from which the fee is the smallest
        uint48 limitGwei; // ether paid out in a day at most
    }

    event TermsSet(uint256 minFeeBps, uint256 maxFeeBps, uint256 targetGwei, uint256 limitGwei);
    event Paused(uint256 until);

    error RedemptionPaused(uint256 until);
    error BelowMinimumOut(uint256 outWei, uint256 minOutWei);
    error NothingToPay(uint256 shares);

    /// @notice Burn `shares` of the caller for buffered ether that the queue does not need. Reverts
    /// `InsufficientLiquidity` when all that is free, fee included, is less than the shares are worth.
    /// @param minOutWei reverts `BelowMinimumOut` when less would be paid
    /// @return paidWei what `receiver` was sent; the rest of the shares went to the insurance fund
    function redeem(uint256 shares, address receiver, uint256 minOutWei) external returns (uint256 paidWei);

    /// @notice Restricted.
    function setTerms(Terms calldata terms_) external;

    /// @notice STA-4. Restricted; 0 ends a pause.
    function pause(uint256 seconds_) external;

    /// @notice What `redeem` would pay for `shares`, limits and states apart.
    function previewRedeem(uint256 shares) external view returns (uint256 paidWei, uint256 feeWei);

    /// @notice How much ether can be paid out now; 0 when closed.
    function redeemableWei() external view returns (uint256);

    function terms() external view returns (Terms memory);

    /// @notice A time in the past means not paused.
    function pausedUntil() external view returns (uint256);
}
