// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "../../interfaces/IErrors.sol";

/// @title LstRouter: one pool of several liquid-staking tokens, traded at their ether rates
/// @notice Rules RTR of docs/market_design.md. Amounts are units of a token (18 decimals), values wei of ether.
interface ILstRouter is IErrors {
    /// @notice Fixed at construction.
    struct Listing {
        address token;
        address source; // IRateSource
        uint16 growthBps; // RTR-5, a day; 1 to 10,000
        uint32 maxAgeSeconds; // RTR-4
        uint96 dailyWei; // RTR-6
    }

    event Deposited(address indexed sender, address indexed receiver, uint256 asset, uint256 amount, uint256 shares);
    event Withdrawn(address indexed sender, address indexed receiver, uint256 asset, uint256 amount, uint256 shares);
    event Swapped(
        address indexed sender,
        address indexed receiver,
        uint256 assetIn,
        uint256 assetOut,
        uint256 amountIn,
        uint256 amountOut
    );
    event WithdrawnAll(address indexed sender, address indexed receiver, uint256 shares, uint256[] amounts);

    error NoSuchAsset(uint256 asset, uint256 count);
    error SameAsset(uint256 asset);
    error ListedTwice(address token);
    error NotEighteenDecimals(address token, uint256 decimals);
    error FeeBelowStep(uint256 asset, uint256 feeBps, uint256 stepBps);
    error SourceClosed(uint256 asset);
    error TokenTookPart(address token, uint256 sent, uint256 received);
    error FirstDepositTooSmall(uint256 valueWei, uint256 least);
    /// @notice Nobody has deposited yet, so there is nothing to withdraw.
    error NoSharesYet(uint256 asked);
    error NothingOut(uint256 amountIn);
    error BelowMinimum(uint256 amount, uint256 minimum);
    error MinimumsMissing(uint256 given, uint256 needed);

    /// @notice Shares for a token (RTR-3). Reverts `NoSuchAsset`, `SourceClosed`, `LimitExceeded`, `NothingOut`,
    /// `BelowMinimum`, `TokenTookPart`, and `FirstDepositTooSmall` while there are no shares.
    function deposit(
        uint256 asset,
        uint256 amount,
        uint256 minShares,
        address receiver
    ) external returns (uint256 shares);

    /// @notice A token for shares (RTR-3). Reverts as `deposit`, `InsufficientLiquidity`, and
    /// `NoSharesYet` before the first deposit.
    function withdraw(
        uint256 asset,
        uint256 shares,
        uint256 minAmount,
        address receiver
    ) external returns (uint256 amount);

    /// @notice A token for another. Reverts as `withdraw`, and `SameAsset`.
    function swap(
        uint256 assetIn,
        uint256 assetOut,
        uint256 amountIn,
        uint256 minOut,
        address receiver
    ) external returns (uint256 amountOut);

    /// @notice RTR-7: a part of all tokens for shares, whatever the sources say.
    /// @param skipped one bit an asset: its part stays in the pool, so that one broken token holds up no other
    function withdrawAll(
        uint256 shares,
        uint256 skipped,
        uint256[] calldata minAmounts,
        address receiver
    ) external returns (uint256[] memory amounts);

    /// @notice What the pool holds is worth at least, and at most (RTR-5); both are one while no source is closed.
    /// Reverts during a call of the router.
    function valueWei() external view returns (uint256 lowWei, uint256 highWei);

    /// @notice RTR-3: of all that is deposited, withdrawn or swapped.
    function FEE_BPS() external view returns (uint256);

    /// @notice What an asset was listed with.
    function listing(uint256 asset) external view returns (Listing memory);

    /// @notice An asset now: what the pool counts of it, its rate (the ceiling of RTR-5 while it is closed), whether
    /// its source is open, and what may still move today.
    function standing(uint256 asset)
        external
        view
        returns (uint256 balance, uint256 rateWei, bool isOpen, uint256 leftWei);

    function assets() external view returns (uint256);
}
