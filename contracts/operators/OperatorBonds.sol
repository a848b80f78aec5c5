// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ICover} from "../interfaces/ICover.sol";
import {IOperatorBonds} from "../interfaces/IOperatorBonds.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {Units} from "../rules/Constants.sol";

/// @title OperatorBonds
/// @notice See IOperatorBonds.
contract OperatorBonds is IOperatorBonds {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    // ---- constants and immutables

    uint256 private constant MAX_SECONDS = 365 days;

    IStakingVault public immutable VAULT;
    IOperatorRegistry public immutable REGISTRY;
    IERC20 public immutable WRAPPED;
    /// @inheritdoc IOperatorBonds
    uint256 public immutable COOLDOWN_SECONDS;

    // ---- storage

    mapping(uint256 operatorId => Bond bond) private _bonds;

    mapping(bytes32 pubkeyRoot => Leaving leaving) private _leaving;

    /// @inheritdoc IOperatorBonds
    uint256 public forfeitUnits;

    // ---- constructor

    constructor(address vault, address registry, address wrapped, uint256 cooldownSeconds) {
        if (vault == address(0)) revert ZeroAddress("vault");
        if (registry == address(0)) revert ZeroAddress("registry");
        if (wrapped == address(0)) revert ZeroAddress("wrapped");
        if (cooldownSeconds > MAX_SECONDS) {
            revert ParameterOutOfBounds("cooldownSeconds", cooldownSeconds, MAX_SECONDS);
        }
        VAULT = IStakingVault(vault);
        REGISTRY = IOperatorRegistry(registry);
        WRAPPED = IERC20(wrapped);
        COOLDOWN_SECONDS = cooldownSeconds;
    }

    // ---- the registry

    /// @inheritdoc IOperatorBonds
    function add(uint256[] calldata operatorIds, uint256 count, uint256 unitsEach) external {
        _requireRegistry();
        uint96 units = unitsEach.toUint96();
        for (uint256 i; i < count; ++i) {
            Bond storage bond = _bonds[operatorIds[i]];
            bond.units += units;
            ++bond.parts;
        }
    }

    /// @inheritdoc IOperatorBonds
    function forfeit(uint256 operatorId, uint256 parts) external {
        _requireRegistry();
        uint256 units = _take(operatorId, parts);
        forfeitUnits += units;
        emit BondForfeited(operatorId, units);
    }

    /// @inheritdoc IOperatorBonds
    function release(uint256 operatorId, bytes32 pubkeyRoot, uint256 parts) external {
        _requireRegistry();
        uint96 units = _take(operatorId, parts);
        uint40 payableAt = (block.timestamp + COOLDOWN_SECONDS).toUint40();
        _leaving[pubkeyRoot] = Leaving(units, operatorId.toUint32(), payableAt);
        emit BondReleased(operatorId, pubkeyRoot, units, payableAt);
    }

    // ---- the vault

    /// @inheritdoc ICover
    function cover(uint256 shares) external returns (uint256 units) {
        if (msg.sender != address(VAULT)) revert OnlyVault(msg.sender);
        units = coverable(shares);
        if (units == 0) return 0;
        forfeitUnits -= units;
        emit Covered(Units.up(shares), units);
        WRAPPED.safeTransfer(msg.sender, units);
    }

    // ---- anyone

    /// @inheritdoc IOperatorBonds
    function pay(bytes32 pubkeyRoot) external returns (uint256 units) {
        Leaving memory leaving = _leaving[pubkeyRoot];
        units = leaving.units;
        if (units == 0) revert NothingToPay(pubkeyRoot);
        if (block.timestamp < leaving.payableAt) revert BondLeaving(pubkeyRoot, leaving.payableAt, block.timestamp);
        IStakingVault.State state = VAULT.state();
        bool isOpen = state == IStakingVault.State.Normal || state == IStakingVault.State.Dead;
        if (!isOpen) revert IStakingVault.StateNotNormal(state);
        delete _leaving[pubkeyRoot];
        address to = REGISTRY.operator(leaving.operatorId).rewardAddress;
        // SHR-6: wkETH lets this contract pay the vault, for cover alone; what else came there would be stuck.
        if (to == address(VAULT)) revert IERC20Errors.ERC20InvalidReceiver(to);
        emit BondPaid(leaving.operatorId, pubkeyRoot, to, units);
        WRAPPED.safeTransfer(to, units);
    }

    // ---- views

    /// @inheritdoc ICover
    function coverable(uint256 shares) public view returns (uint256 units) {
        return Math.min(Units.up(shares), forfeitUnits);
    }

    /// @inheritdoc IOperatorBonds
    function bondOf(uint256 operatorId) external view returns (Bond memory) {
        return _bonds[operatorId];
    }

    /// @inheritdoc IOperatorBonds
    function leavingOf(bytes32 pubkeyRoot) external view returns (Leaving memory) {
        return _leaving[pubkeyRoot];
    }

    // ---- internal

    /// @dev BND-1: equal parts, rounded down; the last part takes what is left.
    function _take(uint256 operatorId, uint256 parts) private returns (uint96 units) {
        Bond storage bond = _bonds[operatorId];
        units = (uint256(bond.units) * parts / bond.parts).toUint96();
        bond.units -= units;
        bond.parts -= parts.toUint32();
    }

    function _requireRegistry() private view {
        if (msg.sender != address(REGISTRY)) revert OnlyRegistry(msg.sender);
    }
}
