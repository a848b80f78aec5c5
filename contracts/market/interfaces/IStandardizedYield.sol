// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @title ERC-5115: what Pendle's contracts call of a token that earns
/// @notice The zero address stands for ether.
interface IStandardizedYield is IERC20Metadata {
    enum AssetType {
        TOKEN,
        LIQUIDITY
    }

    event Deposit(
        address indexed caller,
        address indexed receiver,
        address indexed tokenIn,
        uint256 amountDeposited,
        uint256 amountSyOut
    );
    event Redeem(
        address indexed caller,
        address indexed receiver,
        address indexed tokenOut,
        uint256 amountSyToRedeem,
        uint256 amountTokenOut
    );

    /// @notice Take `amount` of a token from the caller, or ether with the call, and mint shares for it.
    function deposit(
        address receiver,
        address tokenIn,
        uint256 amount,
        uint256 minSharesOut
    ) external payable returns (uint256 sharesOut);

    /// @notice Burn shares of the caller, or of this contract itself, where the caller has sent them before, and pay.
    function redeem(
        address receiver,
        uint256 shares,
        address tokenOut,
        uint256 minTokenOut,
        bool burnFromInternalBalance
    ) external returns (uint256 amount);

    function claimRewards(address user) external returns (uint256[] memory amounts);

    /// @notice What 1e18 shares are worth of the asset.
    function exchangeRate() external view returns (uint256);

    function accruedRewards(address user) external view returns (uint256[] memory amounts);

    function rewardIndexesCurrent() external returns (uint256[] memory indexes);

    function rewardIndexesStored() external view returns (uint256[] memory indexes);

    function getRewardTokens() external view returns (address[] memory);

    function yieldToken() external view returns (address);

    function getTokensIn() external view returns (address[] memory);

    function getTokensOut() external view returns (address[] memory);

    function isValidTokenIn(address token) external view returns (bool);

    function isValidTokenOut(address token) external view returns (bool);

    function previewDeposit(address tokenIn, uint256 amount) external view returns (uint256 sharesOut);

    function previewRedeem(address tokenOut, uint256 shares) external view returns (uint256 amount);

    function assetInfo() external view returns (AssetType assetType, address assetAddress, uint8 assetDecimals);
}
