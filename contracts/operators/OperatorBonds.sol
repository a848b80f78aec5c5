// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IOperatorBonds} from "../interfaces/IOperatorBonds.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";

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
        if (msg.sender != address(REGISTRY)) revert OnlyRegistry(msg.sender);
        uint96 units = unitsEach.toUint96();
        for (uint256 i; i < count; ++i) {
            _bonds[operatorIds[i]].units += units;
        }
    }

    // ---- anyone

    /// @inheritdoc IOperatorBonds
    function release(IOperatorRegistry.RewardLeaf calldata leaf, bytes32[] calldata proof) external {
        uint256 operatorId = leaf.operatorId;
        if (!REGISTRY.isReported(leaf, proof)) revert LeafNotReported(operatorId);
        Bond memory bond = _bonds[operatorId];
        if (leaf.exited <= bond.released) revert NothingToRelease(operatorId, leaf.exited, bond.released);
        uint256 validators = leaf.exited - bond.released;
        uint256 bonded = REGISTRY.operator(operatorId).staked - bond.released;
        uint96 units = (bond.units * validators / bonded).toUint96();
        uint256 leftSeconds = Math.saturatingSub(bond.payableAt, block.timestamp);
        uint256 weighted = bond.leavingUnits * leftSeconds + units * COOLDOWN_SECONDS;
        bond.units -= units;
        bond.leavingUnits += units;
        bond.released = leaf.exited;
        bond.payableAt = (block.timestamp + Math.ceilDiv(weighted, bond.leavingUnits)).toUint32();
        _bonds[operatorId] = bond;
        emit BondReleased(operatorId, validators, units, bond.payableAt);
    }

    /// @inheritdoc IOperatorBonds
    function pay(uint256 operatorId) external returns (uint256 units) {
        Bond memory bond = _bonds[operatorId];
        units = bond.leavingUnits;
        if (units == 0) revert NothingToPay(operatorId);
        if (block.timestamp < bond.payableAt) revert BondLeaving(operatorId, bond.payableAt, block.timestamp);
        IStakingVault.State state = VAULT.state();
        if (state != IStakingVault.State.Normal) revert IStakingVault.StateNotNormal(state);
        _bonds[operatorId].leavingUnits = 0;
        address to = REGISTRY.operator(operatorId).rewardAddress;
        emit BondPaid(operatorId, to, units);
        WRAPPED.safeTransfer(to, units);
    }

    // ---- views

    /// @inheritdoc IOperatorBonds
    function bondOf(uint256 operatorId) external view returns (Bond memory) {
        return _bonds[operatorId];
    }
}
