// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {MerkleProofLib} from "solady/utils/MerkleProofLib.sol";
import {IAccountingOracle} from "../interfaces/IAccountingOracle.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {BPS, DEPOSIT_BYTES, PUBKEY_BYTES, SIGNATURE_BYTES} from "../rules/Constants.sol";

/// @title OperatorRegistry
/// @notice See IOperatorRegistry.
contract OperatorRegistry is IOperatorRegistry, AccessManaged {
    // ---- types

    /// @dev What staking reads and writes of an operator, in one slot; the reward address fills it up.
    struct Allocation {
        address rewardAddress;
        uint32 staked;
        uint32 limit;
        uint16 targetBps;
        bool active;
    }

    struct Record {
        Allocation allocation;
        address manager; // with `batches` in one slot, which addKeys reads and writes
        uint32 batches;
        string name;
        address nextRewardAddress; // OPR-6, in force from `nextSince` on; `nextSince` 0: none
        uint64 nextSince;
    }

    // ---- constants and immutables

    uint256 private constant MAX_NAME_BYTES = 64;
    uint256 private constant REWARD_ADDRESS_FRAMES = 14; // OPR-6

    IStakingVault public immutable VAULT;

    // ---- storage

    /// @inheritdoc IOperatorRegistry
    uint256 public totalStaked;

    Record[] private _records;

    /// @inheritdoc IOperatorRegistry
    mapping(uint256 operatorId => mapping(uint256 batch => bytes32 root)) public batchRoot;

    /// @inheritdoc IOperatorRegistry
    mapping(bytes32 pubkeyRoot => bool staked) public isStaked;

    /// @inheritdoc IOperatorRegistry
    mapping(uint256 operatorId => uint256 shares) public claimedShares;

    // ---- constructor

    constructor(address authority, address vault) AccessManaged(authority) {
        if (authority == address(0)) revert ZeroAddress("authority");
        if (vault == address(0)) revert ZeroAddress("vault");
        VAULT = IStakingVault(vault);
    }

    // ---- external: roles of the AccessManager

    /// @inheritdoc IOperatorRegistry
    function addOperator(
        string calldata name,
        address manager,
        address rewardAddress,
        uint32 limit,
        uint16 targetBps
    ) external restricted returns (uint256 operatorId) {
        uint256 nameBytes = bytes(name).length;
        if (nameBytes == 0 || nameBytes > MAX_NAME_BYTES) revert NameLength(nameBytes, MAX_NAME_BYTES);
        if (manager == address(0)) revert ZeroAddress("manager");
        if (rewardAddress == address(0)) revert ZeroAddress("rewardAddress");
        _checkTarget(targetBps);

        operatorId = _records.length;
        Allocation memory allocation = Allocation(rewardAddress, 0, limit, targetBps, true);
        _records.push(Record(allocation, manager, 0, name, address(0), 0));
        emit OperatorAdded(operatorId, name, manager, rewardAddress);
        emit OperatorSet(operatorId, limit, targetBps, true);
    }

    /// @inheritdoc IOperatorRegistry
    function setOperator(uint256 operatorId, uint32 limit, uint16 targetBps, bool active) external restricted {
        Allocation storage allocation = _record(operatorId).allocation;
        _checkTarget(targetBps);
        allocation.limit = limit;
        allocation.targetBps = targetBps;
        allocation.active = active;
        emit OperatorSet(operatorId, limit, targetBps, active);
    }

    /// @inheritdoc IOperatorRegistry
    function setManager(uint256 operatorId, address manager) external restricted {
        if (manager == address(0)) revert ZeroAddress("manager");
        Record storage record = _record(operatorId);
        if (block.timestamp < record.nextSince) delete record.nextSince;
        record.manager = manager;
        emit ManagerSet(operatorId, manager);
    }

    /// @inheritdoc IOperatorRegistry
    function stake(KeyProof[] calldata keys, bytes calldata deposits, bytes32 depositRoot) external restricted {
        if (keys.length == 0) revert NothingToStake();
        uint256 expectedBytes = keys.length * DEPOSIT_BYTES;
        if (deposits.length != expectedBytes) revert DepositsLength(deposits.length, expectedBytes);
        uint256 total = totalStaked;
        bytes memory taken; // once a key was skipped
        uint256 count;
        for (uint256 i; i < keys.length; ++i) {
            KeyProof calldata key = keys[i];
            _record(key.operatorId);
            if (batchRoot[key.operatorId][key.batch] == bytes32(0)) {
                emit KeySkipped(key.operatorId, key.batch, key.index);
                if (count == i) taken = deposits[:i * DEPOSIT_BYTES];
                continue;
            }
            bytes calldata deposit = deposits[i * DEPOSIT_BYTES:(i + 1) * DEPOSIT_BYTES];
            _allocate(key.operatorId, total + count);
            _recordKey(key.operatorId, key, deposit);
            if (count < i) taken = bytes.concat(taken, deposit);
            ++count;
        }
        if (count == 0) revert NothingToStake();
        totalStaked = total + count;
        if (count == keys.length) VAULT.fundValidators(deposits, depositRoot);
        else VAULT.fundValidators(taken, depositRoot);
    }

    // ---- external: the operator's manager

    /// @inheritdoc IOperatorRegistry
    function setRewardAddress(uint256 operatorId, address rewardAddress) external {
        if (rewardAddress == address(0)) revert ZeroAddress("rewardAddress");
        Record storage record = _managedRecord(operatorId);
        record.allocation.rewardAddress = _rewardAddress(record);
        record.nextRewardAddress = rewardAddress;
        record.nextSince = uint64(block.timestamp + REWARD_ADDRESS_FRAMES * VAULT.FRAME_SECONDS());
        emit RewardAddressSet(operatorId, rewardAddress, record.nextSince);
    }

    /// @inheritdoc IOperatorRegistry
    function addKeys(uint256 operatorId, bytes32 root, bytes calldata keys) external returns (uint256 batch) {
        Record storage record = _managedRecord(operatorId);
        if (keys.length == 0 || keys.length % DEPOSIT_BYTES != 0) revert KeysLength(keys.length, DEPOSIT_BYTES);
        batch = record.batches++;
        batchRoot[operatorId][batch] = root;
        emit KeysAdded(operatorId, batch, root, keys);
    }

    /// @inheritdoc IOperatorRegistry
    function withdrawBatch(uint256 operatorId, uint256 batch) external {
        _managedRecord(operatorId);
        _rootOf(operatorId, batch);
        delete batchRoot[operatorId][batch];
        emit BatchWithdrawn(operatorId, batch);
    }

    // ---- external: anyone

    /// @inheritdoc IOperatorRegistry
    function claimRewards(RewardLeaf calldata leaf, bytes32[] calldata proof) external returns (uint256 shares) {
        uint256 operatorId = leaf.operatorId;
        address rewardAddress = _rewardAddress(_record(operatorId));
        if (!_isReported(leaf, proof)) revert LeafNotReported(operatorId);
        uint256 charged = leaf.cumulativeChargedShares;
        if (charged != 0) revert ReservedNotZero("cumulativeChargedShares", charged);
        uint256 claimed = claimedShares[operatorId];
        if (leaf.cumulativeRewardShares <= claimed) revert NothingToClaim(operatorId);
        shares = leaf.cumulativeRewardShares - claimed;
        uint256 held = VAULT.sharesOf(address(this));
        if (shares > held) revert RewardsAboveMinted(operatorId, shares, held);

        claimedShares[operatorId] = leaf.cumulativeRewardShares;
        emit RewardsClaimed(operatorId, rewardAddress, shares);
        VAULT.transferShares(rewardAddress, shares);
    }

    // ---- views

    /// @inheritdoc IOperatorRegistry
    function claimableShares(RewardLeaf calldata leaf, bytes32[] calldata proof) external view returns (uint256) {
        uint256 claimed = claimedShares[leaf.operatorId];
        bool exists = leaf.operatorId < _records.length;
        if (!exists || leaf.cumulativeRewardShares <= claimed || leaf.cumulativeChargedShares != 0) return 0;
        if (!_isReported(leaf, proof)) return 0;
        uint256 shares = leaf.cumulativeRewardShares - claimed;
        return shares > VAULT.sharesOf(address(this)) ? 0 : shares;
    }

    /// @inheritdoc IOperatorRegistry
    function operator(uint256 operatorId) external view returns (Operator memory) {
        Record storage record = _record(operatorId);
        Allocation memory allocation = record.allocation;
        return Operator({
            name: record.name,
            manager: record.manager,
            rewardAddress: _rewardAddress(record),
            limit: allocation.limit,
            staked: allocation.staked,
            targetBps: allocation.targetBps,
            active: allocation.active,
            batches: record.batches
        });
    }

    /// @inheritdoc IOperatorRegistry
    function nextRewardAddress(uint256 operatorId) external view returns (address rewardAddress, uint256 since) {
        Record storage record = _record(operatorId);
        if (block.timestamp < record.nextSince) return (record.nextRewardAddress, record.nextSince);
    }

    /// @inheritdoc IOperatorRegistry
    function operatorCount() external view returns (uint256) {
        return _records.length;
    }

    /// @inheritdoc IOperatorRegistry
    function mayStakeNext(uint256 operatorId) external view returns (bool) {
        Allocation memory allocation = _record(operatorId).allocation;
        return allocation.active && allocation.staked < allocation.limit
            && allocation.staked < _mostByTarget(allocation.targetBps, totalStaked);
    }

    // ---- internal

    /// @dev OPR-3 for one more validator.
    /// @param total all validators staked before it
    function _allocate(uint256 operatorId, uint256 total) private {
        Record storage record = _record(operatorId);
        Allocation memory allocation = record.allocation;
        if (!allocation.active) revert OperatorInactive(operatorId);
        if (allocation.staked >= allocation.limit) revert OperatorAtLimit(operatorId, allocation.limit);
        uint256 most = _mostByTarget(allocation.targetBps, total);
        if (allocation.staked >= most) revert OperatorAboveTarget(operatorId, allocation.staked + 1, most);
        ++record.allocation.staked;
    }

    /// @dev OPR-1 and OPR-2. The proven deposit data root fixes public key and signature: the deposit contract
    /// computes it from both and refuses another.
    function _recordKey(uint256 operatorId, KeyProof calldata key, bytes calldata keyDeposit) private {
        bytes32 depositDataRoot = bytes32(keyDeposit[PUBKEY_BYTES + SIGNATURE_BYTES:]);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(key.index, depositDataRoot))));
        if (!MerkleProofLib.verifyCalldata(key.proof, _rootOf(operatorId, key.batch), leaf)) {
            revert KeyNotInBatch(operatorId, key.batch, key.index);
        }
        bytes calldata pubkey = keyDeposit[:PUBKEY_BYTES];
        bytes32 pubkeyRoot = sha256(bytes.concat(pubkey, bytes16(0)));
        if (isStaked[pubkeyRoot]) revert KeyAlreadyStaked(pubkeyRoot);
        isStaked[pubkeyRoot] = true;
        emit KeyStaked(operatorId, pubkeyRoot, pubkey);
    }

    function _isReported(RewardLeaf calldata leaf, bytes32[] calldata proof) private view returns (bool) {
        bytes32 root = IAccountingOracle(VAULT.modules().oracle).operatorsRoot();
        return MerkleProofLib.verifyCalldata(proof, root, keccak256(bytes.concat(keccak256(abi.encode(leaf)))));
    }

    /// @dev OPR-6: the one in force.
    function _rewardAddress(Record storage record) private view returns (address) {
        uint256 since = record.nextSince;
        return since != 0 && block.timestamp >= since ? record.nextRewardAddress : record.allocation.rewardAddress;
    }

    function _record(uint256 operatorId) private view returns (Record storage) {
        if (operatorId >= _records.length) revert NoSuchOperator(operatorId);
        return _records[operatorId];
    }

    function _managedRecord(uint256 operatorId) private view returns (Record storage record) {
        record = _record(operatorId);
        if (msg.sender != record.manager) revert OnlyManager(operatorId, msg.sender);
    }

    function _rootOf(uint256 operatorId, uint256 batch) private view returns (bytes32 root) {
        root = batchRoot[operatorId][batch];
        if (root == bytes32(0)) revert NoSuchBatch(operatorId, batch);
    }

    function _checkTarget(uint256 targetBps) private pure {
        if (targetBps > BPS) revert ParameterOutOfBounds("targetBps", targetBps, BPS);
    }

    /// @dev OPR-3: how many validators an operator may have once one more than `total` are staked.
    function _mostByTarget(uint256 targetBps, uint256 total) private pure returns (uint256) {
        return targetBps * (total + 1) / BPS + 1;
    }
}
