// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IInstantRedemption} from "../interfaces/IInstantRedemption.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {LIMIT_PERIOD} from "../rules/Constants.sol";
import {InstantFee} from "../rules/InstantFee.sol";
import {Pauses} from "../rules/Pauses.sol";
import {Solvency} from "../rules/Solvency.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";

/// @title The price of leaving at once, and its limit
/// @notice Rules INS, LIM-3 and STA-4 of docs/design.md.
contract InstantRedemption is IInstantRedemption, AccessManaged {
    using Pauses for Pauses.Pause;
    using SafeCast for uint256;

    /// @dev One slot, read and written by each redemption.
    struct Instant {
        uint16 minFeeBps;
        uint16 maxFeeBps;
        uint48 targetGwei;
        uint48 limitGwei;
        uint48 fullAt; // TokenBucket ticks
        uint32 pausedUntil;
    }

    uint256 private constant MAX_FEE_BPS = 1000;
    IStakingVault public immutable VAULT;
    uint256 public immutable MAX_PAUSE_SECONDS;

    Instant private _instant;
    Pauses.Pause private _pause;

    constructor(
        address authority,
        address vault,
        uint256 maxPauseSeconds,
        Terms memory terms_
    ) AccessManaged(authority) {
        VAULT = IStakingVault(vault);
        MAX_PAUSE_SECONDS = maxPauseSeconds;
        _setTerms(terms_);
    }

    /// @inheritdoc IInstantRedemption
    function redeem(uint256 shares, address receiver, uint256 minOutWei) external returns (uint256 paidWei) {
        Instant memory instant = _instant;
        if (block.timestamp < instant.pausedUntil) revert RedemptionPaused(instant.pausedUntil);
        uint256 valueWei = VAULT.toAssetsDown(shares);
        uint256 feeWei;
        (paidWei, feeWei) = _price(instant, valueWei);
        if (paidWei + feeWei < valueWei) revert InsufficientLiquidity(valueWei, paidWei + feeWei);
        if (paidWei == 0) revert NothingToPay(shares);
        if (paidWei < minOutWei) revert BelowMinimumOut(paidWei, minOutWei);
        uint256 limitWei = uint256(instant.limitGwei) * 1 gwei;
        _instant.fullAt = TokenBucket.take(instant.fullAt, paidWei, limitWei, LIMIT_PERIOD).toUint48();
        VAULT.redeemFor(msg.sender, shares, paidWei, receiver);
    }

    /// @inheritdoc IInstantRedemption
    function setTerms(Terms calldata terms_) external restricted {
        _setTerms(terms_);
    }

    /// @inheritdoc IInstantRedemption
    function pause(uint256 seconds_) external restricted {
        if (seconds_ > MAX_PAUSE_SECONDS) revert PauseTooLong(seconds_, MAX_PAUSE_SECONDS);
        _instant.pausedUntil = _pause.next(seconds_);
        emit Paused(_instant.pausedUntil);
    }

    function _setTerms(Terms memory t) private {
        if (t.maxFeeBps > MAX_FEE_BPS) revert ParameterOutOfBounds("maxFeeBps", t.maxFeeBps, MAX_FEE_BPS);
        if (t.minFeeBps > t.maxFeeBps) revert ParameterOutOfBounds("minFeeBps", t.minFeeBps, t.maxFeeBps);
        (_instant.minFeeBps, _instant.maxFeeBps) = (t.minFeeBps, t.maxFeeBps);
        (_instant.targetGwei, _instant.limitGwei) = (t.targetGwei, t.limitGwei);
        emit TermsSet(t.minFeeBps, t.maxFeeBps, t.targetGwei, t.limitGwei);
    }

    /// @inheritdoc IInstantRedemption
    function previewRedeem(uint256 shares) external view returns (uint256 paidWei, uint256 feeWei) {
        return _price(_instant, VAULT.toAssetsDown(shares));
    }

    /// @inheritdoc IInstantRedemption
    function redeemableWei() external view returns (uint256) {
        Instant memory instant = _instant;
        if (block.timestamp < instant.pausedUntil || VAULT.state() != IStakingVault.State.Normal) return 0;
        (uint256 shares, uint256 assetsWei, uint256 unvestedWei) = VAULT.totals();
        if (Solvency.isInsolvent(shares, assetsWei - unvestedWei)) return 0;
        uint256 limitWei = uint256(instant.limitGwei) * 1 gwei;
        return Math.min(VAULT.freeWei(), TokenBucket.available(instant.fullAt, limitWei, LIMIT_PERIOD));
    }

    /// @inheritdoc IInstantRedemption
    function terms() external view returns (Terms memory) {
        Instant memory i = _instant;
        return Terms(i.minFeeBps, i.maxFeeBps, i.targetGwei, i.limitGwei);
    }

    /// @inheritdoc IInstantRedemption
    function pausedUntil() external view returns (uint256) {
        return _instant.pausedUntil;
    }

    /// @dev INS-2 for shares worth `valueWei`. What is neither paid nor fee means that liquidity was short.
    function _price(Instant memory instant, uint256 valueWei) private view returns (uint256 paidWei, uint256 feeWei) {
        InstantFee.Curve memory curve = InstantFee.Curve({
            minFeeBps: instant.minFeeBps,
            maxFeeBps: instant.maxFeeBps,
            targetWei: uint256(instant.targetGwei) * 1 gwei
        });
        uint256 liquidityWei = VAULT.freeWei();
        paidWei = InstantFee.payableDown(curve, liquidityWei, valueWei);
        feeWei = paidWei == liquidityWei ? InstantFee.feeUp(curve, liquidityWei, paidWei) : valueWei - paidWei;
    }
}
