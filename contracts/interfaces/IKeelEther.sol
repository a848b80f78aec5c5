// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPermit} from "./IPermit.sol";

/// @title kETH: the rebasing token. 1 kETH tracks 1 ETH.
/// @notice ERC-20 over shares (rules SHR of docs/design.md), ERC-2612 with ERC-1271 signatures, ERC-5267, ERC-6093.
/// A transfer of `a` credits at least `a` and debits at most `a + 1` wei; a fresh mint may read 1 wei less.
interface IKeelEther is IPermit {
    /// @notice Emitted by share-denominated transfers, whose wei value is rounded; SHR-8 says how the shares of the
    /// other movements follow from the log.
    event TransferShares(address indexed from, address indexed to, uint256 shares);

    /// @notice By movements in shares, wrapping and burns; a transfer by wei reverts `ERC20InsufficientBalance`.
    error InsufficientShares(address holder, uint256 shares, uint256 needed);

    /// @notice Move exactly `shares` of the caller.
    /// @return assetsWei their value, rounded down
    function transferShares(address to, uint256 shares) external returns (uint256 assetsWei);

    /// @notice Move exactly `shares` of `from`; spends an allowance of their value rounded up, at least 1 wei for any
    /// share (SHR-4).
    function transferSharesFrom(address from, address to, uint256 shares) external returns (uint256 assetsWei);

    function sharesOf(address holder) external view returns (uint256);

    /// @notice S.
    function totalShares() external view returns (uint256);

    /// @notice What a deposit mints (SHR-1); 0 where V is 0 (ACC-3).
    function toSharesDown(uint256 assetsWei) external view returns (uint256);

    /// @notice What a transfer or burn moves (SHR-2). Where V is 0 it reverts `Insolvent`, but for 0 wei (ACC-3).
    function toSharesUp(uint256 assetsWei) external view returns (uint256);

    /// @notice What a balance reads (SHR-2).
    function toAssetsDown(uint256 shares) external view returns (uint256);

    /// @notice The allowance that moving shares spends (SHR-4).
    function toAssetsUp(uint256 shares) external view returns (uint256);
}
