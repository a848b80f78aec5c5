// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "./IErrors.sol";

/// @title OperatorRegistry: operators, their key commitments and targets, records of staked keys, their rewards
/// @notice Rules OPR of docs/design.md.
interface IOperatorRegistry is IErrors {
    struct Operator {
        string name;
        address manager; // adds and withdraws key batches, sets the reward address
        address rewardAddress;
        uint32 limit; // validators at most
        uint32 staked; // validators so far, exited ones included
        uint16 targetBps; // share of all validators
        bool active; // may get new validators
        uint32 batches;
    }

    /// @notice Where a key was committed (OPR-1).
    struct KeyProof {
        uint32 operatorId;
        uint32 batch;
        uint32 index; // in the batch
        bytes32[] proof;
    }

    /// @notice The operator's leaf of `AccountingOracle.operatorsRoot` (OPR-8).
    struct RewardLeaf {
        uint32 operatorId;
        uint32 active;
        uint32 exited;
        uint32 slashed;
        uint256 cumulativeRewardShares;
        uint256 cumulativeChargedShares; // 0 until bonds exist
        uint256 cumulativeWeight;
        uint256 cumulativeFullWeight;
    }

    event OperatorAdded(uint256 indexed operatorId, string name, address manager, address rewardAddress);
    event OperatorSet(uint256 indexed operatorId, uint256 limit, uint256 targetBps, bool active);
    event ManagerSet(uint256 indexed operatorId, address manager);
    event RewardAddressSet(uint256 indexed operatorId, address rewardAddress, uint256 since);
    /// @notice `keys` is, for each key, public key (48), signature (96), deposit data root (32), one after the other.
    event KeysAdded(uint256 indexed operatorId, uint256 indexed batch, bytes32 root, bytes keys);
    event BatchWithdrawn(uint256 indexed operatorId, uint256 indexed batch);
    /// @notice Its batch was withdrawn before it could be staked.
    event KeySkipped(uint256 indexed operatorId, uint256 indexed batch, uint256 index);
    event KeyStaked(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, bytes pubkey);
    event RewardsClaimed(uint256 indexed operatorId, address indexed rewardAddress, uint256 shares);

    error NameLength(uint256 length, uint256 max);
    error NoSuchOperator(uint256 operatorId);
    error NoSuchBatch(uint256 operatorId, uint256 batch);
    error OnlyManager(uint256 operatorId, address caller);
    error KeysLength(uint256 length, uint256 keySize);
    error NothingToStake();
    error DepositsLength(uint256 length, uint256 expected);
    error KeyNotInBatch(uint256 operatorId, uint256 batch, uint256 index);
    error KeyAlreadyStaked(bytes32 pubkeyRoot);
    error OperatorInactive(uint256 operatorId);
    error OperatorAtLimit(uint256 operatorId, uint256 limit);
    /// @notice `staked` counts the validator that was asked for.
    error OperatorAboveTarget(uint256 operatorId, uint256 staked, uint256 max);
    error LeafNotReported(uint256 operatorId);
    error RewardsAboveMinted(uint256 operatorId, uint256 shares, uint256 heldShares);
    error NothingToClaim(uint256 operatorId);

    /// @notice Restricted. The operator starts active; ids count from 0.
    /// @param name 1 to 64 bytes
    function addOperator(
        string calldata name,
        address manager,
        address rewardAddress,
        uint32 limit,
        uint16 targetBps
    ) external returns (uint256 operatorId);

    /// @notice Restricted. A limit or target below what the operator has only stops it from getting more.
    function setOperator(uint256 operatorId, uint32 limit, uint16 targetBps, bool active) external;

    /// @notice Restricted. Drops a reward address that is not in force yet.
    function setManager(uint256 operatorId, address manager) external;

    /// @notice The operator's manager only. In force 14 frames later (OPR-6), unless set again or the manager changes
    /// before; until then claims pay the one before.
    function setRewardAddress(uint256 operatorId, address rewardAddress) external;

    /// @notice Commit a batch (OPR-1). The operator's manager only. A root that does not fit `keys` makes the batch
    /// unusable and harms nobody else.
    /// @param root Merkle root; a leaf is keccak256(bytes.concat(keccak256(abi.encode(index, depositDataRoot))))
    /// @param keys 176 bytes a key, see `KeysAdded`
    function addKeys(uint256 operatorId, bytes32 root, bytes calldata keys) external returns (uint256 batch);

    /// @notice The operator's manager only. Keys of the batch that are staked stay staked.
    function withdrawBatch(uint256 operatorId, uint256 batch) external;

    /// @notice Stake 32 ETH of the vault for each key (OPR-1 to OPR-3). Restricted until proofs exist. A key whose
    /// batch was withdrawn is skipped, so its operator blocks no other. Any other bad key reverts the whole call:
    /// whoever stakes picks the keys, and no operator can make a key bad in between.
    /// @param deposits 176 bytes a key in the order of `keys`: public key (48), signature (96) over the deposit message
    /// with 32 ETH, deposit data root (32)
    /// @param depositRoot root of the deposit contract that the caller saw: had anyone deposited for one of the keys
    /// since, it would have changed, and the call reverts
    function stake(KeyProof[] calldata keys, bytes calldata deposits, bytes32 depositRoot) external;

    /// @notice Pay an operator's reported rewards in kETH shares to its reward address (OPR-4). Anyone may call.
    /// Reverts `RewardsAboveMinted` when the leaf asks for more shares than this contract holds, `ReservedNotZero` for
    /// a reported leaf with charged shares.
    function claimRewards(RewardLeaf calldata leaf, bytes32[] calldata proof) external returns (uint256 shares);

    /// @notice What `claimRewards` would pay; 0 when it would revert.
    function claimableShares(RewardLeaf calldata leaf, bytes32[] calldata proof) external view returns (uint256);

    /// @notice Cumulative, kETH shares.
    function claimedShares(uint256 operatorId) external view returns (uint256);

    function operator(uint256 operatorId) external view returns (Operator memory);

    /// @notice A reward address that is not in force yet (OPR-6) and when it will be; zeros when there is none.
    function nextRewardAddress(uint256 operatorId) external view returns (address rewardAddress, uint256 since);

    function operatorCount() external view returns (uint256);

    /// @notice All validators staked so far, exited ones included.
    function totalStaked() external view returns (uint256);

    /// @notice Whether the operator may get the next validator (OPR-3).
    function mayStakeNext(uint256 operatorId) external view returns (bool);

    /// @notice Zero for a batch that was withdrawn or never added.
    function batchRoot(uint256 operatorId, uint256 batch) external view returns (bytes32);

    /// @param pubkeyRoot sha256(pubkey || 0^16), the SSZ root of the public key
    function isStaked(bytes32 pubkeyRoot) external view returns (bool);
}
