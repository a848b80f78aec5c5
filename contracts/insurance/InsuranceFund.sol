// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICover} from "../interfaces/ICover.sol";
import {IInsuranceFund} from "../interfaces/IInsuranceFund.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {BPS, Units} from "../rules/Constants.sol";

/// @title InsuranceFund
/// @notice See IInsuranceFund.
contract InsuranceFund is ERC4626, IInsuranceFund {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    // ---- types

    /// @dev One slot: written by its underwriter's start, cancellation and redemptions, read by each transfer.
    struct StoredCooldown {
        uint192 shares;
        uint64 windowEnd;
    }

    // ---- constants and immutables

    uint256 internal constant COVER_BPS = 9500; // LOS-2
    uint256 internal constant MAX_SECONDS = 365 days;

    IStakingVault public immutable VAULT;
    /// @inheritdoc IInsuranceFund
    uint256 public immutable COOLDOWN_SECONDS;
    /// @inheritdoc IInsuranceFund
    uint256 public immutable WINDOW_SECONDS;

    // ---- storage

    mapping(address underwriter => StoredCooldown cooldown) internal _cooldowns;

    // ---- constructor

    constructor(
        address vault,
        address wrapped,
        uint256 cooldownSeconds,
        uint256 windowSeconds
    ) ERC4626(IERC20(wrapped)) ERC20("Keel Insurance Fund share", "kCOVER") {
        if (vault == address(0)) revert ZeroAddress("vault");
        if (wrapped == address(0)) revert ZeroAddress("wrapped");
        if (windowSeconds == 0) revert ZeroWindow();
        if (cooldownSeconds > MAX_SECONDS) {
            revert ParameterOutOfBounds("cooldownSeconds", cooldownSeconds, MAX_SECONDS);
        }
        if (windowSeconds > MAX_SECONDS) revert ParameterOutOfBounds("windowSeconds", windowSeconds, MAX_SECONDS);
        VAULT = IStakingVault(vault);
        COOLDOWN_SECONDS = cooldownSeconds;
        WINDOW_SECONDS = windowSeconds;
    }

    // ---- underwriters

    /// @inheritdoc IInsuranceFund
    function startCooldown(uint256 shares) external {
        if (shares == 0) revert ZeroShares();
        if (shares > balanceOf(msg.sender)) revert CooldownAboveBalance(shares, balanceOf(msg.sender));
        uint256 windowStart = block.timestamp + COOLDOWN_SECONDS;
        uint256 windowEnd = windowStart + WINDOW_SECONDS;
        _cooldowns[msg.sender] = StoredCooldown({shares: shares.toUint192(), windowEnd: windowEnd.toUint64()});
        emit CooldownStarted(msg.sender, shares, windowStart, windowEnd);
    }

    /// @inheritdoc IInsuranceFund
    function cancelCooldown() external {
        uint256 shares = cooldownOf(msg.sender).shares;
        if (shares == 0) revert NoCooldown(msg.sender);
        delete _cooldowns[msg.sender];
        emit CooldownCancelled(msg.sender, shares);
    }

    // ---- the vault

    /// @inheritdoc ICover
    function cover(uint256 shares) external returns (uint256 units) {
        if (msg.sender != address(VAULT)) revert OnlyVault(msg.sender);
        units = coverable(shares);
        emit Covered(Units.up(shares), units);
        IERC20(asset()).safeTransfer(msg.sender, units);
    }

    // ---- views

    /// @inheritdoc ICover
    /// @dev At most 95 % of the fund (LOS-2).
    function coverable(uint256 shares) public view returns (uint256 units) {
        return Math.min(Units.up(shares), totalAssets() * COVER_BPS / BPS);
    }

    /// @inheritdoc IInsuranceFund
    function cooldownOf(address underwriter) public view returns (Cooldown memory cooldown) {
        StoredCooldown memory stored = _cooldowns[underwriter];
        if (stored.shares == 0 || block.timestamp >= stored.windowEnd) return cooldown;
        return
            Cooldown({
                shares: stored.shares,
                windowStart: stored.windowEnd - WINDOW_SECONDS,
                windowEnd: stored.windowEnd
            });
    }

    /// @notice FND-1: cooled shares, in their window, while the vault's state is normal; else 0.
    function maxRedeem(address owner) public view override(ERC4626, IERC4626) returns (uint256) {
        Cooldown memory cooldown = cooldownOf(owner);
        if (block.timestamp < cooldown.windowStart) return 0;
        return VAULT.state() == IStakingVault.State.Normal ? cooldown.shares : 0;
    }

    // ---- internal

    /// @dev A deposit that is worth no share is refused, as in the vault.
    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override {
        if (shares == 0 && assets > 0) revert ZeroShares();
        super._deposit(caller, receiver, assets, shares);
    }

    /// @dev SHR-6: wkETH lets this contract pay the vault, for cover alone; what else came there would be stuck.
    function _withdraw(
        address caller,
        address receiver,
        address owner,
        uint256 assets,
        uint256 shares
    ) internal override {
        if (receiver == address(VAULT)) revert ERC20InvalidReceiver(receiver);
        super._withdraw(caller, receiver, owner, assets, shares);
    }

    /// @dev FND-1: cooling shares stay where they are; those that `maxRedeem` lets go leave the cooldown with the fund.
    function _update(address from, address to, uint256 shares) internal override {
        uint256 locked = from == address(0) ? 0 : cooldownOf(from).shares;
        if (locked > 0 && to == address(0)) {
            _cooldowns[from].shares = (locked - shares).toUint192();
        } else if (locked > 0) {
            uint256 balance = balanceOf(from);
            // More than the balance is ERC-20's own error.
            if (shares <= balance && balance - shares < locked) {
                revert SharesLocked(from, locked, _cooldowns[from].windowEnd);
            }
        }
        super._update(from, to, shares);
    }

    /// @dev Virtual shares that make inflating the price of a share expensive (see ERC4626 of OpenZeppelin).
    function _decimalsOffset() internal pure override returns (uint8) {
        return 6;
    }
}
