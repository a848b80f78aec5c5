// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "./IErrors.sol";
import {IValidatorProofs} from "./IValidatorProofs.sol";

/// @title OperatorRegistry: operators and their targets, the stage of each key, operators' rewards
/// @notice Rules OPR of docs/design.md.
interface IOperatorRegistry is IErrors {
    /// @notice How far a key has come (KEY-1). Only `Staked` counts in C.
    enum Stage {
        None,
        Predeposited,
        Proven,
        Staked,
        Foreign, // its validator pays elsewhere
        Dropped, // its operator took it back before it was staked; for good
        Slashed, // staked, then slashed
        Withdrawn // its ether has been paid out; for good
    }

    struct Operator {
        string name;
        address manager; // predeposits and drops keys, sets reward address and commission
        address rewardAddress;
        uint32 limit; // validators at most
        uint32 staked; // parts of 32 ETH so far, those of exited validators included
        uint32 withdrawn; // parts whose validators are proven to be paid out
        uint16 targetBps; // share of all validators
        bool active; // may get new validators
        bool frozen; // a key of its own paid elsewhere (KEY-4)
        uint16 commissionBps; // its part of profit (COM-1), as in force now
    }

    /// @notice One slot, read by proofs and stakes.
    struct Key {
        uint32 operatorId;
        Stage stage;
        uint40 validatorIndex; // once proven
        uint32 parts; // how often 32 ETH were staked on it: 1, more after `stakeMore`; a consolidation moves them
    }

    /// @notice One slot; written by stakes, exits and what moves targets.
    struct Totals {
        uint32 staked; // parts of 32 ETH, those of exited validators included
        uint32 withdrawn; // parts of validators that are proven to be paid out
        uint32 liveKeys; // staked keys whose validators are not proven to be paid out
        uint32 targetBps; // sum of the targets of active operators
        uint32 lastWithdrawnAt; // when a validator was last proven to be paid out (STA-8)
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
    /// @notice COM-1: in force from `since` on, unless another change comes before.
    event CommissionSet(uint256 indexed operatorId, uint256 commissionBps, uint256 since);
    event KeyPredeposited(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, bytes pubkey);
    event KeyProven(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, uint256 validatorIndex);
    event KeyForeign(
        uint256 indexed operatorId,
        bytes32 indexed pubkeyRoot,
        uint256 validatorIndex,
        bytes32 credentials
    );
    /// @notice KEY-8: slashed no later than `slashedBy`.
    event KeySlashed(
        uint256 indexed operatorId,
        bytes32 indexed pubkeyRoot,
        uint256 validatorIndex,
        uint256 balanceGwei,
        uint256 slashedBy
    );
    event KeyWithdrawn(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, uint256 validatorIndex);
    /// @notice KEY-10: a validator got `parts` times 32 ETH more.
    event KeyStakedMore(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, uint256 parts);
    /// @notice KEY-11: the source was paid out; its parts, and so those of the bond, are the target's.
    event KeysMerged(uint256 indexed operatorId, bytes32 indexed sourceRoot, bytes32 indexed targetRoot);
    event OperatorUnfrozen(uint256 indexed operatorId);
    event KeyDropped(uint256 indexed operatorId, bytes32 indexed pubkeyRoot);
    /// @notice It could not be staked now: its stage, or its operator's target, limit or standing, forbids it.
    event KeySkipped(uint256 indexed operatorId, bytes32 indexed pubkeyRoot);
    event KeyStaked(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, bytes pubkey);
    event RewardsClaimed(uint256 indexed operatorId, address indexed rewardAddress, uint256 shares);

    error NameLength(uint256 length, uint256 max);
    error NoSuchOperator(uint256 operatorId);
    error OnlyManager(uint256 operatorId, address caller);
    error CommissionOutOfBounds(uint256 commissionBps, uint256 leastBps, uint256 mostBps);
    error KeysLength(uint256 length, uint256 keySize);
    error PredepositValue(uint256 sentWei, uint256 neededWei);
    error NotKeyOf(uint256 operatorId, bytes32 pubkeyRoot);
    error WrongStage(bytes32 pubkeyRoot, Stage stage, Stage expected);
    error NothingToProve();
    error NothingToPredeposit();
    error NotFrozen(uint256 operatorId);
    error OnlyExits(address caller);
    /// @notice The consolidation of this target into another one was asked for.
    error AlreadyMerges(bytes32 pubkeyRoot);
    error NoRoomForMore(uint256 validatorIndex, uint256 balanceGwei, uint256 mostGwei);
    error NotCompounding(uint256 validatorIndex, bytes32 withdrawalCredentials);
    error MayNotStake(uint256 operatorId);
    error EtherReturnFailed(address to, uint256 amountWei);
    /// @notice The validator is slashed or has an exit epoch: its operator activated it by itself.
    error ValidatorLeaving(uint256 validatorIndex, bool slashed, uint256 exitEpoch);
    error NothingToStake();
    error OperatorFrozen(uint256 operatorId);
    error LeafNotReported(uint256 operatorId);
    error RewardsAboveMinted(uint256 operatorId, uint256 shares, uint256 heldShares);
    error NothingToClaim(uint256 operatorId);

    /// @notice Restricted. The operator starts active; ids count from 0.
    /// @param name 1 to 64 bytes
    /// @param commissionBps 500 to 1,400, in force at once (COM-1)
    function addOperator(
        string calldata name,
        address manager,
        address rewardAddress,
        uint32 limit,
        uint16 targetBps,
        uint16 commissionBps
    ) external returns (uint256 operatorId);

    /// @notice Restricted. Ends a freeze (KEY-4), which no change of limits or targets does; reverts `NotFrozen`.
    function unfreeze(uint256 operatorId) external;

    /// @notice Restricted. A limit or target below what the operator has only stops it from getting more.
    function setOperator(uint256 operatorId, uint32 limit, uint16 targetBps, bool active) external;

    /// @notice Restricted. Drops a reward address that is not in force yet.
    function setManager(uint256 operatorId, address manager) external;

    /// @notice The operator's manager only. In force 14 frames later (OPR-6), unless set again or the manager changes
    /// before; until then claims pay the one before.
    function setRewardAddress(uint256 operatorId, address rewardAddress) external;

    /// @notice The operator's manager only, COM-1: a lower commission is in force at once, a higher one 14 frames
    /// later. Replaces a change that is not in force yet. Reverts `CommissionOutOfBounds`.
    /// @param commissionBps 500 to 1,400
    function setCommission(uint256 operatorId, uint16 commissionBps) external;

    /// @notice KEY-2: send 1 ETH of the operator's own for each key to the deposit contract, with the credentials of
    /// WithdrawalVault. The operator's manager only, with exactly as much ether. A key that is known already is passed
    /// over and its ether returned; reverts `NothingToPredeposit` when none is left. A deposit data root that does not
    /// fit reverts too (the deposit contract says so).
    /// @param keys 176 bytes a key: public key (48), signature (96) over the deposit message with 1 ETH, deposit data
    /// root (32)
    /// @param isCompounding whether the credentials begin with 0x02 (EIP-7251) or with 0x01
    function predeposit(uint256 operatorId, bytes calldata keys, bool isCompounding) external payable;

    /// @notice KEY-5: a key that is predeposited or proven is not staked any more. The operator's manager only. Its
    /// ether stays with the validator.
    function dropKeys(uint256 operatorId, bytes32[] calldata pubkeyRoots) external;

    /// @notice KEY-3: prove fresh validators of predeposited keys by their public key roots alone. Anyone. Keys that
    /// are proven already, or were never predeposited, are passed over; reverts `NothingToProve` when none is left.
    /// @param fresh bit i: `leaves[i]` is the public key root of a fresh validator; else the root of a validator that
    /// only fills the batch
    /// @param isCompounding whether these have 0x02 or 0x01 credentials
    function proveFresh(
        IValidatorProofs.Block calldata shownBy,
        uint256 firstIndex,
        uint256 fresh,
        bytes32[] calldata leaves,
        bytes32[] calldata branch,
        bool isCompounding
    ) external;

    /// @notice KEY-3, KEY-4: prove the validator of one key that is not staked, whatever it looks like. Anyone. With
    /// other withdrawal credentials the key is `Foreign` and its operator frozen. Also for keys that are proven or
    /// foreign already, since a verifier may have been replaced. Reverts `ValidatorLeaving`, and `NothingToProve` when
    /// the stage would not change.
    function proveKey(
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external;

    /// @notice KEY-6: stake on proven keys, in this order. Anyone. A key that cannot be staked now (OPR-3) is skipped,
    /// and keys that the vault has no ether or room for are left; reverts `NothingToStake` when no key is staked.
    /// @param pubkeys 48 bytes a key
    function stake(bytes calldata pubkeys) external;

    /// @notice KEY-10: 31 ETH of the pool for each 1 ETH that comes with the call join a staked validator with 0x02
    /// credentials, up to 2,048 ETH. The operator's manager only. Reverts `NotCompounding`, `ValidatorLeaving`,
    /// `NoRoomForMore`, `MayNotStake` (OPR-3), and for what the vault refuses (KEY-6).
    /// @param parts how often 32 ETH
    function stakeMore(
        bytes calldata pubkey,
        uint256 parts,
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external payable;

    /// @notice KEY-8: prove that the validator of a staked key was slashed. Anyone, once a key. Its part of the bond is
    /// forfeit, and the vault closes what a loss must not be escaped by (STA-7). Reverts `WrongStage`, `NotSlashed`.
    function proveSlashed(
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external;

    /// @notice KEY-9: prove that the validator of a staked key has been paid out. Anyone. Its part of the bond cools
    /// down from now on, or is forfeit where the validator was slashed. Reverts `WrongStage`, `NotWithdrawn`.
    function proveWithdrawn(
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external;

    /// @notice Exits only. KEY-11: the consolidation of one staked key's validator into another's was asked for.
    function merge(bytes32 sourceRoot, bytes32 targetRoot) external;

    /// @notice The key into which a consolidation was asked for last; 0: none.
    function mergesInto(bytes32 sourceRoot) external view returns (bytes32 targetRoot);

    /// @notice Pay an operator's reported rewards in kETH shares to its reward address (OPR-4). Anyone may call.
    /// Reverts `RewardsAboveMinted` when the leaf asks for more shares than this contract holds, `ReservedNotZero` for
    /// a reported leaf with charged shares.
    function claimRewards(RewardLeaf calldata leaf, bytes32[] calldata proof) external returns (uint256 shares);

    /// @notice What `claimRewards` would pay; 0 when it would revert.
    function claimableShares(RewardLeaf calldata leaf, bytes32[] calldata proof) external view returns (uint256);

    /// @notice Whether a leaf is of the newest applied report.
    function isReported(RewardLeaf calldata leaf, bytes32[] calldata proof) external view returns (bool);

    /// @notice Cumulative, kETH shares.
    function claimedShares(uint256 operatorId) external view returns (uint256);

    function operator(uint256 operatorId) external view returns (Operator memory);

    /// @notice A reward address that is not in force yet (OPR-6) and when it will be; zeros when there is none.
    function nextRewardAddress(uint256 operatorId) external view returns (address rewardAddress, uint256 since);

    /// @notice A commission that is not in force yet (COM-1) and when it will be; zeros when there is none.
    function nextCommission(uint256 operatorId) external view returns (uint256 commissionBps, uint256 since);

    function operatorCount() external view returns (uint256);

    function totals() external view returns (Totals memory);

    /// @notice Whether the operator may get the next validator (OPR-3).
    function mayStakeNext(uint256 operatorId) external view returns (bool);

    /// @param pubkeyRoot sha256(pubkey || 0^16), the SSZ root of the public key
    function keyOf(bytes32 pubkeyRoot) external view returns (Key memory);
}
