// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IWrappedKeelEther} from "../interfaces/IWrappedKeelEther.sol";
import {IStandardizedYield} from "./interfaces/IStandardizedYield.sol";
import {IYieldAdapter} from "./interfaces/IYieldAdapter.sol";

/// @title YieldAdapter
/// @notice See IYieldAdapter.
contract YieldAdapter is ERC20, IYieldAdapter {
    using SafeERC20 for IERC20;

    address private constant ETHER = address(0);
    IWrappedKeelEther private immutable _WRAPPED;
    IStakingVault private immutable _KEETH;

    constructor(IWrappedKeelEther wrapped) ERC20("SY Wrapped Keel Ether", "SY-wkETH") {
        if (address(wrapped).code.length == 0) revert NoCode(address(wrapped));
        _WRAPPED = wrapped;
        _KEETH = IStakingVault(wrapped.asset());
    }

    /// @inheritdoc IStandardizedYield
    function deposit(
        address receiver,
        address tokenIn,
        uint256 amount,
        uint256 minSharesOut
    ) external payable returns (uint256 sharesOut) {
        uint256 neededWei = tokenIn == ETHER ? amount : 0;
        if (msg.value != neededWei) revert WrongValue(msg.value, neededWei);
        sharesOut = _takeIn(tokenIn, amount);
        if (sharesOut == 0) revert ZeroShares();
        if (sharesOut < minSharesOut) revert BelowMinimumOut(sharesOut, minSharesOut);
        _mint(receiver, sharesOut);
        emit Deposit(msg.sender, receiver, tokenIn, amount, sharesOut);
    }

    /// @inheritdoc IStandardizedYield
    function redeem(
        address receiver,
        uint256 shares,
        address tokenOut,
        uint256 minTokenOut,
        bool burnFromInternalBalance
    ) external returns (uint256 amount) {
        amount = previewRedeem(tokenOut, shares);
        if (shares == 0) revert ZeroShares();
        if (amount < minTokenOut) revert BelowMinimumOut(amount, minTokenOut);
        _burn(burnFromInternalBalance ? address(this) : msg.sender, shares);
        emit Redeem(msg.sender, receiver, tokenOut, shares, amount);
        IERC20(address(_WRAPPED)).safeTransfer(receiver, amount);
    }

    /// @inheritdoc IStandardizedYield
    function claimRewards(address) external pure returns (uint256[] memory) {
        return new uint256[](0);
    }

    /// @inheritdoc IStandardizedYield
    function accruedRewards(address) external pure returns (uint256[] memory) {
        return new uint256[](0);
    }

    /// @inheritdoc IStandardizedYield
    function rewardIndexesCurrent() external pure returns (uint256[] memory) {
        return new uint256[](0);
    }

    /// @inheritdoc IStandardizedYield
    function rewardIndexesStored() external pure returns (uint256[] memory) {
        return new uint256[](0);
    }

    /// @inheritdoc IStandardizedYield
    function getRewardTokens() external pure returns (address[] memory) {
        return new address[](0);
    }

    /// @inheritdoc IStandardizedYield
    function exchangeRate() external view returns (uint256) {
        return _WRAPPED.convertToAssets(1 ether);
    }

    /// @inheritdoc IStandardizedYield
    function yieldToken() external view returns (address) {
        return address(_WRAPPED);
    }

    /// @inheritdoc IStandardizedYield
    function getTokensIn() external view returns (address[] memory tokens) {
        tokens = new address[](3);
        (tokens[0], tokens[1], tokens[2]) = (ETHER, address(_KEETH), address(_WRAPPED));
    }

    /// @inheritdoc IStandardizedYield
    function getTokensOut() external view returns (address[] memory tokens) {
        tokens = new address[](1);
        tokens[0] = address(_WRAPPED);
    }

    /// @inheritdoc IStandardizedYield
    function isValidTokenIn(address token) public view returns (bool) {
        return token == ETHER || token == address(_KEETH) || token == address(_WRAPPED);
    }

    /// @inheritdoc IStandardizedYield
    function isValidTokenOut(address token) public view returns (bool) {
        return token == address(_WRAPPED);
    }

    /// @inheritdoc IStandardizedYield
    function previewDeposit(address tokenIn, uint256 amount) external view returns (uint256 sharesOut) {
        if (!isValidTokenIn(tokenIn)) revert TokenNotAccepted(tokenIn);
        return tokenIn == address(_WRAPPED) ? amount : _WRAPPED.convertToShares(amount);
    }

    /// @inheritdoc IStandardizedYield
    function previewRedeem(address tokenOut, uint256 shares) public view returns (uint256 amount) {
        if (!isValidTokenOut(tokenOut)) revert TokenNotAccepted(tokenOut);
        return shares;
    }

    /// @inheritdoc IStandardizedYield
    function assetInfo() external view returns (AssetType, address, uint8) {
        return (AssetType.TOKEN, address(_KEETH), 18);
    }

    /// @dev SYA-2. What kETH is short of a whole unit of wkETH, a few shares, stays here and is nobody's.
    function _takeIn(address tokenIn, uint256 amount) private returns (uint256 units) {
        if (tokenIn == ETHER) return _KEETH.depositWrapped{value: amount}(address(this), address(0));
        if (!isValidTokenIn(tokenIn)) revert TokenNotAccepted(tokenIn);
        IERC20(tokenIn).safeTransferFrom(msg.sender, address(this), amount);
        return tokenIn == address(_WRAPPED) ? amount : _WRAPPED.deposit(amount, address(this));
    }
}
