// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IExits} from "../interfaces/IExits.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IValidatorProofs} from "../interfaces/IValidatorProofs.sol";
import {IWithdrawalVault} from "../interfaces/IWithdrawalVault.sol";
import {BPS, EXIT_LIMIT_BPS, EXIT_LIMIT_LEAST, LIMIT_PERIOD, VALIDATOR_WEI} from "../rules/Constants.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";

/// @title Exits
/// @notice See IExits.
contract Exits is IExits {
    using SafeCast for uint256;

    // ---- types

    /// @dev Read and written by exits, in one slot.
    struct Sums {
        uint64 leavingGwei;
        uint32 goneParts; // of all operators
        uint48 exitsFullAt; // LIM-3, TokenBucket ticks
    }

    // ---- constants and immutables

    uint256 private constant PART_GWEI = VALIDATOR_WEI / 1 gwei;
    uint256 private constant OLDEST_STATE = 1 hours; // REQ-1
    uint256 private constant TARGET_PART_BPS = 9000; // REQ-3
    uint256 private constant INACTIVE_FRAMES = 7; // REQ-5
    uint256 private constant LEAST_ABSENCE_BPS = 8000; // REQ-5
    uint256 private constant MOST_ABSENCE_BPS = 20_000; // REQ-5
    uint256 private constant MOST_ABSENCE_GWEI_PER_DAY = 32e9;
    uint64 private constant FAR_FUTURE_EPOCH = type(uint64).max;

    IStakingVault public immutable VAULT;
    IOperatorRegistry public immutable REGISTRY;
    IWithdrawalVault public immutable WITHDRAWAL_VAULT;
    address public immutable REWARDS_VAULT;
    /// @inheritdoc IExits
    uint256 public immutable ABSENCE_GWEI_PER_DAY;

    // ---- storage

    Sums private _sums;

    /// @dev Parts of an operator's keys that leave or have left, since ever.
    mapping(uint256 operatorId => uint256 parts) private _goneParts;

    mapping(bytes32 pubkeyRoot => Leaving leaving) private _leaving;

    mapping(bytes32 pubkeyRoot => Watch watch) private _watches;

    // ---- constructor

    constructor(
        address vault,
        address registry,
        address payable withdrawalVault,
        address rewardsVault,
        uint256 absenceGweiPerDay
    ) {
        if (vault == address(0)) revert ZeroAddress("vault");
        if (registry == address(0)) revert ZeroAddress("registry");
        if (withdrawalVault == address(0)) revert ZeroAddress("withdrawalVault");
        if (rewardsVault == address(0)) revert ZeroAddress("rewardsVault");
        if (absenceGweiPerDay == 0) revert ParameterOutOfBounds("absenceGweiPerDay", 0, 1);
        if (absenceGweiPerDay > MOST_ABSENCE_GWEI_PER_DAY) {
            revert ParameterOutOfBounds("absenceGweiPerDay", absenceGweiPerDay, MOST_ABSENCE_GWEI_PER_DAY);
        }
        VAULT = IStakingVault(vault);
        REGISTRY = IOperatorRegistry(registry);
        WITHDRAWAL_VAULT = IWithdrawalVault(withdrawalVault);
        REWARDS_VAULT = rewardsVault;
        ABSENCE_GWEI_PER_DAY = absenceGweiPerDay;
    }

    // ---- external: exits

    /// @inheritdoc IExits
    function requestExit(
        bytes calldata pubkey,
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external payable {
        bytes32 pubkeyRoot = _pubkeyRoot(pubkey);
        if (validator.pubkeyRoot != pubkeyRoot) revert KeyDiffers(pubkeyRoot, validator.pubkeyRoot);
        IOperatorRegistry.Key memory key = _stakedKey(pubkeyRoot);
        IValidatorProofs proofs = _proofs();
        proofs.requireExitable(shownBy, validatorIndex, validator, branch);

        Leaving storage leaving = _leaving[pubkeyRoot];
        uint256 since = leaving.isAsked ? leaving.since : Math.max(leaving.since, block.timestamp - OLDEST_STATE);
        _requireShownSince(since, pubkeyRoot, proofs.timeOf(shownBy.slot));
        uint256 balanceGwei = validator.effectiveBalanceGwei;
        Reason reason = Reason.Again;
        if (!leaving.isAsked) {
            reason = _requireReason(key.operatorId, pubkeyRoot, balanceGwei);
            leaving.isAsked = true;
        }
        leaving.since = uint40(block.timestamp);
        _count(key, pubkeyRoot, balanceGwei);
        emit ExitRequested(key.operatorId, pubkeyRoot, reason, balanceGwei);

        bytes[] memory requests = new bytes[](1);
        requests[0] = _withdrawalRequest(pubkey, 0); // EIP-7002: an amount of 0 is an exit
        WITHDRAWAL_VAULT.requestWithdrawals{value: msg.value}(requests, msg.sender);
    }

    /// @inheritdoc IExits
    function noteExit(
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external {
        bytes32 pubkeyRoot = validator.pubkeyRoot;
        IOperatorRegistry.Key memory key = _stakedKey(pubkeyRoot);
        IValidatorProofs proofs = _proofs();
        proofs.requireValidator(shownBy, validatorIndex, validator, branch);
        if (validator.slashed) revert NotLeaving(pubkeyRoot, true);
        Leaving storage leaving = _leaving[pubkeyRoot];
        uint256 since = leaving.since;
        if (validator.exitEpoch == FAR_FUTURE_EPOCH) {
            if (since == 0 || leaving.isAsked) revert NotLeaving(pubkeyRoot, false);
            _requireShownSince(since, pubkeyRoot, proofs.timeOf(shownBy.slot));
            _forget(key, pubkeyRoot);
            return;
        }
        if (since != 0) revert ExitUnderWay(pubkeyRoot, since);
        leaving.since = uint40(block.timestamp);
        // The exit of one that is to join another is most likely that, and its ether does not come.
        if (REGISTRY.mergesInto(pubkeyRoot) == 0) _count(key, pubkeyRoot, validator.effectiveBalanceGwei);
        emit ExitNoted(key.operatorId, pubkeyRoot, leaving.balanceGwei);
    }

    /// @inheritdoc IExits
    function endExits(bytes32[] calldata pubkeyRoots) external {
        bool isAny;
        for (uint256 i; i < pubkeyRoots.length; ++i) {
            if (_end(pubkeyRoots[i])) isAny = true;
        }
        if (!isAny) revert NothingToEnd();
    }

    /// @inheritdoc IExits
    function noteBalance(
        bytes32 pubkeyRoot,
        IValidatorProofs.Block calldata shownBy,
        bytes32 chunk,
        bytes32[] calldata branch
    ) external {
        IOperatorRegistry.Key memory key = _stakedKey(pubkeyRoot);
        IValidatorProofs proofs = _proofs();
        uint64 balanceGwei = proofs.balanceGwei(shownBy, key.validatorIndex, chunk, branch);
        if (balanceGwei >= PART_GWEI) revert BalanceTooHigh(pubkeyRoot, balanceGwei, PART_GWEI);
        Watch storage watch = _watches[pubkeyRoot];
        bool isInactive;
        if (watch.slot != 0) {
            uint256 time = proofs.timeOf(shownBy.slot);
            uint256 before = proofs.timeOf(watch.slot);
            uint256 earliest = before + INACTIVE_FRAMES * VAULT.FRAME_SECONDS();
            if (time < earliest) revert BalanceTooEarly(pubkeyRoot, time, earliest);
            isInactive = _isAbsence(watch.balanceGwei, balanceGwei, time - before);
            if (isInactive) watch.inactiveAt = uint64(time);
        }
        // Of no more use once 7 frames have passed: whoever shows a balance cannot put off the day of the next.
        (watch.slot, watch.balanceGwei) = (shownBy.slot, balanceGwei);
        emit BalanceNoted(pubkeyRoot, shownBy.slot, balanceGwei, isInactive);
    }

    // ---- external: the operator's manager

    /// @inheritdoc IExits
    function requestPartialWithdrawals(bytes[] calldata pubkeys, uint64[] calldata amountsGwei) external payable {
        _requireLengths(pubkeys.length, amountsGwei.length);
        bytes[] memory requests = new bytes[](pubkeys.length);
        for (uint256 i; i < pubkeys.length; ++i) {
            if (amountsGwei[i] == 0) revert ZeroAmount(i); // EIP-7002 would take it for an exit
            (bytes32 pubkeyRoot, uint256 operatorId) = _managedKey(pubkeys[i]);
            requests[i] = _withdrawalRequest(pubkeys[i], amountsGwei[i]);
            emit PartialWithdrawalRequested(operatorId, pubkeyRoot, amountsGwei[i]);
        }
        WITHDRAWAL_VAULT.requestWithdrawals{value: msg.value}(requests, msg.sender);
    }

    /// @inheritdoc IExits
    function requestConsolidations(bytes[] calldata sources, bytes[] calldata targets) external payable {
        _requireLengths(sources.length, targets.length);
        bytes[] memory requests = new bytes[](sources.length);
        for (uint256 i; i < sources.length; ++i) {
            (bytes32 sourceRoot, uint256 operatorId) = _managedKey(sources[i]);
            (bytes32 targetRoot,) = _managedKey(targets[i]);
            if (sourceRoot != targetRoot) REGISTRY.merge(sourceRoot, targetRoot);
            requests[i] = abi.encodePacked(sources[i], targets[i]);
            emit ConsolidationRequested(operatorId, sourceRoot, targetRoot);
        }
        WITHDRAWAL_VAULT.requestConsolidations{value: msg.value}(requests, msg.sender);
    }

    // ---- views

    /// @inheritdoc IExits
    function missingWei() public view returns (uint256) {
        (uint256 balanceWei, uint256 pendingWei,,) = VAULT.consensus();
        (, uint256 assetsWei,) = VAULT.totals();
        // ACC-1: C + P - A is Q - B.
        uint256 there =
            assetsWei + address(WITHDRAWAL_VAULT).balance + REWARDS_VAULT.balance + uint256(_sums.leavingGwei) * 1 gwei;
        return Math.saturatingSub(balanceWei + pendingWei, there);
    }

    /// @inheritdoc IExits
    function standing(uint256 operatorId) external view returns (uint256 live, uint256 least) {
        return _standing(operatorId, REGISTRY.operator(operatorId));
    }

    /// @inheritdoc IExits
    function exitsAvailable() external view returns (uint256) {
        return TokenBucket.available(_sums.exitsFullAt, _exitLimit(), LIMIT_PERIOD);
    }

    /// @inheritdoc IExits
    function leavingOf(bytes32 pubkeyRoot) external view returns (Leaving memory) {
        return _leaving[pubkeyRoot];
    }

    /// @inheritdoc IExits
    function watchOf(bytes32 pubkeyRoot) external view returns (Watch memory) {
        return _watches[pubkeyRoot];
    }

    /// @inheritdoc IExits
    function leavingGwei() external view returns (uint256) {
        return _sums.leavingGwei;
    }

    // ---- internal

    /// @dev REQ-1: the first reason that holds. What others than the manager ask for draws on LIM-3 while there are
    /// reports.
    function _requireReason(
        uint256 operatorId,
        bytes32 pubkeyRoot,
        uint256 balanceGwei
    ) private returns (Reason reason) {
        IOperatorRegistry.Operator memory operator = REGISTRY.operator(operatorId);
        if (msg.sender == operator.manager) return Reason.Manager;
        if (VAULT.state() == IStakingVault.State.Dead) return Reason.Dead;
        if (operator.frozen) {
            reason = Reason.Frozen;
        } else if (_isInactive(pubkeyRoot)) {
            reason = Reason.Inactive;
        } else {
            if (missingWei() == 0) revert NothingMissing();
            (uint256 live, uint256 least) = _standing(operatorId, operator);
            if (live < least) revert BelowTarget(operatorId, live, least);
            reason = Reason.Queue;
        }
        uint256 parts = Math.ceilDiv(balanceGwei, PART_GWEI);
        _sums.exitsFullAt = uint48(TokenBucket.take(_sums.exitsFullAt, parts, _exitLimit(), LIMIT_PERIOD));
    }

    /// @dev REQ-2.
    function _count(IOperatorRegistry.Key memory key, bytes32 pubkeyRoot, uint256 balanceGwei) private {
        _setBalance(pubkeyRoot, balanceGwei.toUint64());
        _setGone(key, pubkeyRoot);
    }

    /// @dev Parts that came to the key after it was counted are counted with the end of its exit; those that a merge
    /// moved to another key are taken back.
    function _end(bytes32 pubkeyRoot) private returns (bool isChanged) {
        IOperatorRegistry.Key memory key = REGISTRY.keyOf(pubkeyRoot);
        bool isOver = key.stage == IOperatorRegistry.Stage.Slashed || key.stage == IOperatorRegistry.Stage.Withdrawn;
        if (!isOver) return false;
        isChanged = _leaving[pubkeyRoot].balanceGwei != 0;
        if (isChanged) _setBalance(pubkeyRoot, 0);
        if (_setGone(key, pubkeyRoot)) isChanged = true;
        if (isChanged) emit ExitEnded(key.operatorId, pubkeyRoot);
    }

    /// @dev What a verifier that was replaced since had shown.
    function _forget(IOperatorRegistry.Key memory key, bytes32 pubkeyRoot) private {
        _setBalance(pubkeyRoot, 0);
        uint32 parts = _leaving[pubkeyRoot].parts;
        _goneParts[key.operatorId] -= parts;
        _sums.goneParts -= parts;
        delete _leaving[pubkeyRoot];
        emit ExitEnded(key.operatorId, pubkeyRoot);
    }

    function _setBalance(bytes32 pubkeyRoot, uint64 balanceGwei) private {
        Leaving storage leaving = _leaving[pubkeyRoot];
        _sums.leavingGwei = _sums.leavingGwei - leaving.balanceGwei + balanceGwei;
        leaving.balanceGwei = balanceGwei;
    }

    function _setGone(IOperatorRegistry.Key memory key, bytes32 pubkeyRoot) private returns (bool isChanged) {
        Leaving storage leaving = _leaving[pubkeyRoot];
        uint32 counted = leaving.parts;
        if (counted == key.parts) return false;
        leaving.parts = key.parts;
        _goneParts[key.operatorId] = _goneParts[key.operatorId] - counted + key.parts;
        _sums.goneParts = _sums.goneParts - counted + key.parts;
        return true;
    }

    /// @dev REQ-3: `least` is nine tenths of the operator's part of all, less one, rounded up. Parts that
    /// a merge moved can count with both keys until the source's exit is ended: so more can be gone than there were.
    function _standing(
        uint256 operatorId,
        IOperatorRegistry.Operator memory operator
    ) private view returns (uint256 live, uint256 least) {
        IOperatorRegistry.Totals memory all = REGISTRY.totals();
        live = Math.saturatingSub(operator.staked, _goneParts[operatorId]);
        if (!operator.active || operator.targetBps == 0) return (live, 0);
        uint256 allLive = Math.saturatingSub(all.staked, _sums.goneParts);
        uint256 part = allLive * operator.targetBps * TARGET_PART_BPS;
        least = Math.saturatingSub(Math.ceilDiv(part, uint256(all.targetBps) * BPS), 1);
    }

    function _isInactive(bytes32 pubkeyRoot) private view returns (bool) {
        return block.timestamp <= _watches[pubkeyRoot].inactiveAt + VAULT.FRAME_SECONDS();
    }

    /// @dev REQ-5.
    function _isAbsence(uint256 beforeGwei, uint256 afterGwei, uint256 seconds_) private view returns (bool) {
        uint256 fall = Math.saturatingSub(beforeGwei, afterGwei) * BPS * 1 days;
        uint256 absence = ABSENCE_GWEI_PER_DAY * seconds_;
        return fall >= absence * LEAST_ABSENCE_BPS && fall <= absence * MOST_ABSENCE_BPS;
    }

    /// @dev LIM-3, in parts of 32 ETH.
    function _exitLimit() private view returns (uint256) {
        (uint256 balanceWei, uint256 pendingWei,,) = VAULT.consensus();
        return Math.max(EXIT_LIMIT_LEAST, (balanceWei + pendingWei) / VALIDATOR_WEI * EXIT_LIMIT_BPS / BPS);
    }

    function _proofs() private view returns (IValidatorProofs proofs) {
        (proofs,) = VAULT.verifier();
    }

    function _stakedKey(bytes32 pubkeyRoot) private view returns (IOperatorRegistry.Key memory key) {
        key = REGISTRY.keyOf(pubkeyRoot);
        if (key.stage != IOperatorRegistry.Stage.Staked) {
            revert IOperatorRegistry.WrongStage(pubkeyRoot, key.stage, IOperatorRegistry.Stage.Staked);
        }
    }

    /// @dev A staked key of the caller that is not on its way out: a partial withdrawal would delay its exit, and the
    /// chain would ignore a consolidation.
    function _managedKey(bytes calldata pubkey) private view returns (bytes32 pubkeyRoot, uint256 operatorId) {
        pubkeyRoot = _pubkeyRoot(pubkey);
        operatorId = _stakedKey(pubkeyRoot).operatorId;
        if (msg.sender != REGISTRY.operator(operatorId).manager) {
            revert IOperatorRegistry.OnlyManager(operatorId, msg.sender);
        }
        uint256 since = _leaving[pubkeyRoot].since;
        if (since != 0) revert ExitUnderWay(pubkeyRoot, since);
    }

    /// @dev A state that includes the block in which the exit was asked for, or noted.
    function _requireShownSince(uint256 since, bytes32 pubkeyRoot, uint256 shownTime) private pure {
        if (shownTime < since) revert StateTooOld(pubkeyRoot, since, shownTime);
    }

    function _requireLengths(uint256 left, uint256 right) private pure {
        if (left != right) revert LengthsDiffer(left, right);
        if (left == 0) revert NothingRequested();
    }

    function _withdrawalRequest(bytes calldata pubkey, uint64 amountGwei) private pure returns (bytes memory) {
        return abi.encodePacked(pubkey, amountGwei);
    }

    /// @dev KEY-1. A key that the registry knows has 48 bytes, so one of another length has a root that it does not.
    function _pubkeyRoot(bytes calldata pubkey) private pure returns (bytes32) {
        return sha256(bytes.concat(pubkey, bytes16(0)));
    }
}
