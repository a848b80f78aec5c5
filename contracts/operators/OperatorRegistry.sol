// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {MerkleProofLib} from "solady/utils/MerkleProofLib.sol";
import {IAccountingOracle} from "../interfaces/IAccountingOracle.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IDepositContract} from "../interfaces/IDepositContract.sol";
import {IValidatorProofs} from "../interfaces/IValidatorProofs.sol";
import {
    BPS,
    DEPOSIT_BYTES,
    MOST_OPERATORS_BPS,
    PREDEPOSIT_WEI,
    PUBKEY_BYTES,
    SIGNATURE_BYTES,
    VALIDATOR_WEI
} from "../rules/Constants.sol";

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
        bool frozen;
    }

    struct Record {
        Allocation allocation;
        address manager;
        uint32 withdrawn; // KEY-9
        uint16 commissionBps; // COM-1, in force until `commissionSince`
        uint16 nextCommissionBps; // in force from then on
        uint32 commissionSince;
        string name;
        address nextRewardAddress; // OPR-6, in force from `nextSince` on; `nextSince` 0: none
        uint64 nextSince;
    }

    // ---- constants and immutables

    uint256 private constant MAX_NAME_BYTES = 64;
    uint256 private constant REWARD_ADDRESS_FRAMES = 14; // OPR-6
    uint256 private constant RISE_FRAMES = 14; // COM-1
    uint256 private constant LEAST_COMMISSION_BPS = 500;
    uint256 private constant PART_GWEI = VALIDATOR_WEI / 1 gwei;
    uint256 private constant MOST_MERGES = 64; // KEY-11: so that no proof of a payout becomes too dear to send
    uint256 private constant MOST_VALIDATOR_GWEI = 2048e9; // MAX_EFFECTIVE_BALANCE_ELECTRA
    bytes32 private constant COMPOUNDING = bytes32(uint256(0x01 ^ 0x02) << 248);

    IStakingVault public immutable VAULT;
    address public immutable EXITS;

    // ---- storage

    Totals private _totals;

    Record[] private _records;

    mapping(bytes32 pubkeyRoot => Key key) private _keys;

    /// @inheritdoc IOperatorRegistry
    mapping(bytes32 sourceRoot => bytes32 targetRoot) public mergesInto;

    /// @inheritdoc IOperatorRegistry
    mapping(uint256 operatorId => uint256 shares) public claimedShares;

    // ---- constructor

    constructor(address authority, address vault, address exits) AccessManaged(authority) {
        if (authority == address(0)) revert ZeroAddress("authority");
        if (vault == address(0)) revert ZeroAddress("vault");
        if (exits == address(0)) revert ZeroAddress("exits");
        VAULT = IStakingVault(vault);
        EXITS = exits;
    }

    // ---- external: roles of the AccessManager

    /// @inheritdoc IOperatorRegistry
    function addOperator(
        string calldata name,
        address manager,
        address rewardAddress,
        uint32 limit,
        uint16 targetBps,
        uint16 commissionBps
    ) external restricted returns (uint256 operatorId) {
        uint256 nameBytes = bytes(name).length;
        if (nameBytes == 0 || nameBytes > MAX_NAME_BYTES) revert NameLength(nameBytes, MAX_NAME_BYTES);
        if (manager == address(0)) revert ZeroAddress("manager");
        if (rewardAddress == address(0)) revert ZeroAddress("rewardAddress");
        _checkTarget(targetBps);
        _checkCommission(commissionBps);

        operatorId = _records.length;
        Allocation memory allocation = Allocation(rewardAddress, 0, limit, targetBps, true, false);
        uint32 since = uint32(block.timestamp);
        _records.push(Record(allocation, manager, 0, commissionBps, commissionBps, since, name, address(0), 0));
        _totals.targetBps += targetBps;
        emit OperatorAdded(operatorId, name, manager, rewardAddress);
        emit OperatorSet(operatorId, limit, targetBps, true);
        emit CommissionSet(operatorId, commissionBps, since);
    }

    /// @inheritdoc IOperatorRegistry
    function setOperator(uint256 operatorId, uint32 limit, uint16 targetBps, bool active) external restricted {
        Allocation storage allocation = _record(operatorId).allocation;
        _checkTarget(targetBps);
        uint32 othersBps = _totals.targetBps - (allocation.active ? allocation.targetBps : 0);
        _totals.targetBps = othersBps + (active ? targetBps : 0);
        allocation.limit = limit;
        allocation.targetBps = targetBps;
        allocation.active = active;
        emit OperatorSet(operatorId, limit, targetBps, active);
    }

    /// @inheritdoc IOperatorRegistry
    function unfreeze(uint256 operatorId) external restricted {
        Allocation storage allocation = _record(operatorId).allocation;
        if (!allocation.frozen) revert NotFrozen(operatorId);
        allocation.frozen = false;
        emit OperatorUnfrozen(operatorId);
    }

    /// @inheritdoc IOperatorRegistry
    function setManager(uint256 operatorId, address manager) external restricted {
        if (manager == address(0)) revert ZeroAddress("manager");
        Record storage record = _record(operatorId);
        if (block.timestamp < record.nextSince) delete record.nextSince;
        record.manager = manager;
        emit ManagerSet(operatorId, manager);
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
    function setCommission(uint256 operatorId, uint16 commissionBps) external {
        _checkCommission(commissionBps);
        Record storage record = _managedRecord(operatorId);
        uint16 presentBps = _commissionBps(record);
        bool isRise = commissionBps > presentBps;
        uint256 since = block.timestamp + (isRise ? RISE_FRAMES * VAULT.FRAME_SECONDS() : 0);
        record.commissionBps = presentBps;
        record.nextCommissionBps = commissionBps;
        record.commissionSince = uint32(since);
        emit CommissionSet(operatorId, commissionBps, since);
    }

    /// @inheritdoc IOperatorRegistry
    function predeposit(uint256 operatorId, bytes calldata keys, bool isCompounding) external payable {
        if (_managedRecord(operatorId).allocation.frozen) revert OperatorFrozen(operatorId);
        if (keys.length == 0 || keys.length % DEPOSIT_BYTES != 0) revert KeysLength(keys.length, DEPOSIT_BYTES);
        uint256 neededWei = keys.length / DEPOSIT_BYTES * PREDEPOSIT_WEI;
        if (msg.value != neededWei) revert PredepositValue(msg.value, neededWei);
        IDepositContract depositContract = VAULT.DEPOSIT_CONTRACT();
        (, bytes32 plain) = VAULT.verifier();
        bytes memory credentials = bytes.concat(_credentials(plain, isCompounding));
        for (uint256 from; from < keys.length; from += DEPOSIT_BYTES) {
            bytes calldata pubkey = keys[from:from + PUBKEY_BYTES];
            bytes32 pubkeyRoot = _pubkeyRoot(pubkey);
            Key storage key = _keys[pubkeyRoot];
            if (key.stage != Stage.None) continue; // somebody may have copied it from a waiting call
            neededWei -= PREDEPOSIT_WEI;
            (key.operatorId, key.stage) = (uint32(operatorId), Stage.Predeposited); // ids of operators are small
            emit KeyPredeposited(operatorId, pubkeyRoot, pubkey);
            bytes calldata signature = keys[from + PUBKEY_BYTES:from + PUBKEY_BYTES + SIGNATURE_BYTES];
            bytes32 root = bytes32(keys[from + PUBKEY_BYTES + SIGNATURE_BYTES:]);
            depositContract.deposit{value: PREDEPOSIT_WEI}(pubkey, credentials, signature, root);
        }
        if (neededWei == msg.value) revert NothingToPredeposit();
        if (neededWei != 0) _return(neededWei);
    }

    /// @inheritdoc IOperatorRegistry
    function dropKeys(uint256 operatorId, bytes32[] calldata pubkeyRoots) external {
        _managedRecord(operatorId);
        for (uint256 i; i < pubkeyRoots.length; ++i) {
            Key storage key = _keys[pubkeyRoots[i]];
            Stage stage = key.stage;
            if (key.operatorId != operatorId) revert NotKeyOf(operatorId, pubkeyRoots[i]);
            if (stage != Stage.Predeposited) _requireStage(pubkeyRoots[i], stage, Stage.Proven);
            key.stage = Stage.Dropped;
            emit KeyDropped(operatorId, pubkeyRoots[i]);
        }
    }

    // ---- external: anyone

    /// @inheritdoc IOperatorRegistry
    function proveFresh(
        IValidatorProofs.Block calldata shownBy,
        uint256 firstIndex,
        uint256 fresh,
        bytes32[] calldata leaves,
        bytes32[] calldata branch,
        bool isCompounding
    ) external {
        (IValidatorProofs verifier, bytes32 plain) = VAULT.verifier();
        verifier.requireFresh(shownBy, firstIndex, fresh, leaves, _credentials(plain, isCompounding), branch);
        bool isAny;
        for (uint256 i; i < leaves.length; ++i) {
            if (fresh >> i & 1 == 0 || _keys[leaves[i]].stage != Stage.Predeposited) continue;
            _setProven(leaves[i], firstIndex + i);
            isAny = true;
        }
        if (!isAny) revert NothingToProve();
    }

    /// @inheritdoc IOperatorRegistry
    function proveKey(
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external {
        bytes32 pubkeyRoot = validator.pubkeyRoot;
        Key storage key = _keys[pubkeyRoot];
        Stage stage = key.stage;
        if (stage != Stage.Proven && stage != Stage.Foreign) _requireStage(pubkeyRoot, stage, Stage.Predeposited);
        (IValidatorProofs verifier, bytes32 plain) = VAULT.verifier();
        verifier.requireValidator(shownBy, validatorIndex, validator, branch);
        bytes32 credentials = validator.withdrawalCredentials;
        bool isOurs = credentials == plain || credentials == _credentials(plain, true);
        if (stage == (isOurs ? Stage.Proven : Stage.Foreign)) revert NothingToProve();
        if (!isOurs) {
            key.stage = Stage.Foreign;
            _records[key.operatorId].allocation.frozen = true;
            emit KeyForeign(key.operatorId, pubkeyRoot, validatorIndex, credentials);
            return;
        }
        _requireStaying(validatorIndex, validator);
        _setProven(pubkeyRoot, validatorIndex);
    }

    /// @inheritdoc IOperatorRegistry
    function stake(bytes calldata pubkeys) external {
        if (pubkeys.length % PUBKEY_BYTES != 0) revert KeysLength(pubkeys.length, PUBKEY_BYTES);
        Totals memory sums = _totals;
        uint256 most = VAULT.stakeableValidators();
        bytes memory taken;
        uint256[] memory operatorIds = new uint256[](Math.min(most, pubkeys.length / PUBKEY_BYTES));
        uint256 count;
        for (uint256 from; from < pubkeys.length && count < most; from += PUBKEY_BYTES) {
            bytes calldata pubkey = pubkeys[from:from + PUBKEY_BYTES];
            (bool isStaked, uint256 operatorId) = _tryStake(pubkey, sums.staked + count);
            if (!isStaked) continue;
            operatorIds[count++] = operatorId;
            taken = bytes.concat(taken, pubkey);
        }
        if (count == 0) revert NothingToStake();
        sums.staked += uint32(count);
        sums.liveKeys += uint32(count);
        _totals = sums;
        uint256 unitsEach = VAULT.fundValidators(taken);
        VAULT.BONDS().add(operatorIds, count, unitsEach);
    }

    /// @inheritdoc IOperatorRegistry
    function stakeMore(
        bytes calldata pubkey,
        uint256 parts,
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external payable {
        bytes32 pubkeyRoot = _pubkeyRoot(pubkey);
        Key storage key = _keys[pubkeyRoot];
        uint256 operatorId = key.operatorId;
        Allocation storage allocation = _managedRecord(operatorId).allocation;
        _requireStage(pubkeyRoot, key.stage, Stage.Staked);
        if (parts == 0 || msg.value != parts * PREDEPOSIT_WEI) {
            revert PredepositValue(msg.value, parts * PREDEPOSIT_WEI);
        }
        _requireRoom(pubkeyRoot, parts, shownBy, validatorIndex, validator, branch);
        // The last part is the first that OPR-3 refuses.
        Allocation memory last = allocation;
        last.staked += uint32(parts - 1);
        if (!_mayStake(last, _totals.staked + parts - 1)) revert MayNotStake(operatorId);

        key.parts += uint32(parts);
        allocation.staked += uint32(parts);
        _totals.staked += uint32(parts);
        emit KeyStakedMore(operatorId, pubkeyRoot, parts);
        uint256[] memory operatorIds = new uint256[](parts);
        for (uint256 i; i < parts; ++i) {
            operatorIds[i] = operatorId;
        }
        uint256 unitsEach = VAULT.fundMore{value: msg.value}(pubkey, parts);
        VAULT.BONDS().add(operatorIds, parts, unitsEach);
    }

    /// @inheritdoc IOperatorRegistry
    function proveSlashed(
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external {
        bytes32 pubkeyRoot = validator.pubkeyRoot;
        Key storage key = _keys[pubkeyRoot];
        _requireStage(pubkeyRoot, key.stage, Stage.Staked);
        (IValidatorProofs verifier,) = VAULT.verifier();
        uint256 slashedBy = verifier.slashedBy(shownBy, validatorIndex, validator, branch);
        uint256 balanceGwei = validator.effectiveBalanceGwei;

        key.stage = Stage.Slashed;
        emit KeySlashed(key.operatorId, pubkeyRoot, validatorIndex, balanceGwei, slashedBy);
        VAULT.noteSlashing(balanceGwei, slashedBy);
        VAULT.BONDS().forfeit(key.operatorId, key.parts);
    }

    /// @inheritdoc IOperatorRegistry
    function proveWithdrawn(
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external {
        bytes32 pubkeyRoot = validator.pubkeyRoot;
        Key storage key = _keys[pubkeyRoot];
        Stage stage = key.stage;
        if (stage != Stage.Slashed) _requireStage(pubkeyRoot, stage, Stage.Staked);
        (IValidatorProofs verifier,) = VAULT.verifier();
        verifier.requireWithdrawn(shownBy, validatorIndex, validator, branch);

        key.stage = Stage.Withdrawn;
        --_totals.liveKeys;
        _totals.lastWithdrawnAt = uint32(block.timestamp);
        emit KeyWithdrawn(key.operatorId, pubkeyRoot, validatorIndex);
        uint32 parts = key.parts;
        // The chain drops the consolidation of a slashed one; a verifier that was replaced may have shown it as such.
        bool isSlashed = validator.slashed || stage == Stage.Slashed;
        bytes32 targetRoot = isSlashed ? bytes32(0) : _targetOf(pubkeyRoot);
        if (targetRoot != 0) {
            key.parts = 0;
            _keys[targetRoot].parts += parts;
            emit KeysMerged(key.operatorId, pubkeyRoot, targetRoot);
            return;
        }
        _records[key.operatorId].withdrawn += parts;
        _totals.withdrawn += parts;
        if (stage == Stage.Slashed) return; // forfeit already
        // Nobody goes free because the slashing itself was not proven.
        if (isSlashed) VAULT.BONDS().forfeit(key.operatorId, parts);
        else VAULT.BONDS().release(key.operatorId, pubkeyRoot, parts);
    }

    /// @inheritdoc IOperatorRegistry
    function claimRewards(RewardLeaf calldata leaf, bytes32[] calldata proof) external returns (uint256 shares) {
        uint256 operatorId = leaf.operatorId;
        address rewardAddress = _rewardAddress(_record(operatorId));
        if (!isReported(leaf, proof)) revert LeafNotReported(operatorId);
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

    // ---- external: Exits

    /// @inheritdoc IOperatorRegistry
    function merge(bytes32 sourceRoot, bytes32 targetRoot) external {
        if (msg.sender != EXITS) revert OnlyExits(msg.sender);
        Key memory source = _keys[sourceRoot];
        Key memory target = _keys[targetRoot];
        _requireStage(sourceRoot, source.stage, Stage.Staked);
        _requireStage(targetRoot, target.stage, Stage.Staked);
        if (source.operatorId != target.operatorId) revert NotKeyOf(source.operatorId, targetRoot);
        if (mergesInto[targetRoot] != 0) revert AlreadyMerges(targetRoot); // so no key leads back to itself
        // The chain takes the first request and ignores another one.
        bytes32 before = mergesInto[sourceRoot];
        if (before != 0 && before != targetRoot) revert AlreadyMerges(sourceRoot);
        mergesInto[sourceRoot] = targetRoot;
    }

    // ---- views

    /// @inheritdoc IOperatorRegistry
    function totals() external view returns (Totals memory) {
        return _totals;
    }

    /// @inheritdoc IOperatorRegistry
    function claimableShares(RewardLeaf calldata leaf, bytes32[] calldata proof) external view returns (uint256) {
        uint256 claimed = claimedShares[leaf.operatorId];
        bool exists = leaf.operatorId < _records.length;
        if (!exists || leaf.cumulativeRewardShares <= claimed || leaf.cumulativeChargedShares != 0) return 0;
        if (!isReported(leaf, proof)) return 0;
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
            withdrawn: record.withdrawn,
            targetBps: allocation.targetBps,
            active: allocation.active,
            frozen: allocation.frozen,
            commissionBps: _commissionBps(record)
        });
    }

    /// @inheritdoc IOperatorRegistry
    function nextRewardAddress(uint256 operatorId) external view returns (address rewardAddress, uint256 since) {
        Record storage record = _record(operatorId);
        if (block.timestamp < record.nextSince) return (record.nextRewardAddress, record.nextSince);
    }

    /// @inheritdoc IOperatorRegistry
    function nextCommission(uint256 operatorId) external view returns (uint256 commissionBps, uint256 since) {
        Record storage record = _record(operatorId);
        if (block.timestamp < record.commissionSince) return (record.nextCommissionBps, record.commissionSince);
    }

    /// @inheritdoc IOperatorRegistry
    function operatorCount() external view returns (uint256) {
        return _records.length;
    }

    /// @inheritdoc IOperatorRegistry
    function mayStakeNext(uint256 operatorId) external view returns (bool) {
        return _mayStake(_record(operatorId).allocation, _totals.staked);
    }

    /// @inheritdoc IOperatorRegistry
    function keyOf(bytes32 pubkeyRoot) external view returns (Key memory) {
        return _keys[pubkeyRoot];
    }

    /// @inheritdoc IOperatorRegistry
    function isReported(RewardLeaf calldata leaf, bytes32[] calldata proof) public view returns (bool) {
        bytes32 root = IAccountingOracle(VAULT.modules().oracle).operatorsRoot();
        return MerkleProofLib.verifyCalldata(proof, root, keccak256(bytes.concat(keccak256(abi.encode(leaf)))));
    }

    // ---- internal

    /// @dev KEY-6 for one key.
    /// @param total all validators staked before it
    function _tryStake(bytes calldata pubkey, uint256 total) private returns (bool isStaked, uint256 operatorId) {
        bytes32 pubkeyRoot = _pubkeyRoot(pubkey);
        Key storage key = _keys[pubkeyRoot];
        operatorId = key.operatorId;
        if (key.stage != Stage.Proven || !_mayStake(_records[operatorId].allocation, total)) {
            emit KeySkipped(operatorId, pubkeyRoot);
            return (false, operatorId);
        }
        key.stage = Stage.Staked;
        key.parts = 1;
        ++_records[operatorId].allocation.staked;
        emit KeyStaked(operatorId, pubkeyRoot, pubkey);
        return (true, operatorId);
    }

    function _setProven(bytes32 pubkeyRoot, uint256 validatorIndex) private {
        Key storage key = _keys[pubkeyRoot];
        key.stage = Stage.Proven;
        key.validatorIndex = uint40(validatorIndex); // the verifier bounds it by 2^40
        emit KeyProven(key.operatorId, pubkeyRoot, validatorIndex);
    }

    /// @dev KEY-10: the validator is ours, stays, and can hold so much more (MAX_EFFECTIVE_BALANCE_ELECTRA).
    function _requireRoom(
        bytes32 pubkeyRoot,
        uint256 parts,
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) private view {
        if (validator.pubkeyRoot != pubkeyRoot) {
            revert NotKeyOf(_keys[pubkeyRoot].operatorId, validator.pubkeyRoot);
        }
        (IValidatorProofs verifier, bytes32 plain) = VAULT.verifier();
        verifier.requireValidator(shownBy, validatorIndex, validator, branch);
        bytes32 credentials = validator.withdrawalCredentials;
        if (credentials != _credentials(plain, true)) revert NotCompounding(validatorIndex, credentials);
        _requireStaying(validatorIndex, validator);
        // What was staked before may be on its way still: one proof must not be shown again and again.
        uint256 heldGwei = Math.max(validator.effectiveBalanceGwei, _keys[pubkeyRoot].parts * PART_GWEI);
        uint256 afterGwei = heldGwei + parts * PART_GWEI;
        if (afterGwei > MOST_VALIDATOR_GWEI) revert NoRoomForMore(validatorIndex, afterGwei, MOST_VALIDATOR_GWEI);
    }

    function _requireStaying(uint256 validatorIndex, IValidatorProofs.Validator calldata validator) private pure {
        if (validator.slashed || validator.exitEpoch != type(uint64).max) {
            revert ValidatorLeaving(validatorIndex, validator.slashed, validator.exitEpoch);
        }
    }

    /// @dev The vault's credentials with the prefix 0x02 (EIP-7251) in place of 0x01.
    function _credentials(bytes32 plain, bool isCompounding) private pure returns (bytes32) {
        return isCompounding ? plain ^ COMPOUNDING : plain;
    }

    function _return(uint256 amountWei) private {
        (bool isReturned,) = msg.sender.call{value: amountWei}("");
        if (!isReturned) revert EtherReturnFailed(msg.sender, amountWei);
    }

    /// @dev KEY-11: the staked key whose validator has the ether of one that was paid out; 0 when it went to
    /// WithdrawalVault. A target that was paid out in turn may have been merged too.
    function _targetOf(bytes32 pubkeyRoot) private view returns (bytes32 targetRoot) {
        targetRoot = mergesInto[pubkeyRoot];
        for (uint256 i; i < MOST_MERGES && _keys[targetRoot].stage == Stage.Withdrawn; ++i) {
            targetRoot = mergesInto[targetRoot];
        }
        if (_keys[targetRoot].stage != Stage.Staked) targetRoot = 0;
    }

    function _requireStage(bytes32 pubkeyRoot, Stage stage, Stage expected) private pure {
        if (stage != expected) revert WrongStage(pubkeyRoot, stage, expected);
    }

    /// @dev KEY-1: the SSZ root of a public key.
    function _pubkeyRoot(bytes calldata pubkey) private pure returns (bytes32) {
        return sha256(bytes.concat(pubkey, bytes16(0)));
    }

    /// @dev OPR-3.
    /// @param total all validators staked so far
    function _mayStake(Allocation memory a, uint256 total) private pure returns (bool) {
        uint256 most = uint256(a.targetBps) * (total + 1) / BPS + 1;
        return a.active && !a.frozen && a.staked < a.limit && a.staked < most;
    }

    /// @dev OPR-6: the one in force.
    function _rewardAddress(Record storage record) private view returns (address) {
        uint256 since = record.nextSince;
        return since != 0 && block.timestamp >= since ? record.nextRewardAddress : record.allocation.rewardAddress;
    }

    /// @dev COM-1: the one in force.
    function _commissionBps(Record storage record) private view returns (uint16) {
        return block.timestamp < record.commissionSince ? record.commissionBps : record.nextCommissionBps;
    }

    function _record(uint256 operatorId) private view returns (Record storage) {
        if (operatorId >= _records.length) revert NoSuchOperator(operatorId);
        return _records[operatorId];
    }

    function _managedRecord(uint256 operatorId) private view returns (Record storage record) {
        record = _record(operatorId);
        if (msg.sender != record.manager) revert OnlyManager(operatorId, msg.sender);
    }

    function _checkCommission(uint256 commissionBps) private pure {
        if (commissionBps < LEAST_COMMISSION_BPS || commissionBps > MOST_OPERATORS_BPS) {
            revert CommissionOutOfBounds(commissionBps, LEAST_COMMISSION_BPS, MOST_OPERATORS_BPS);
        }
    }

    function _checkTarget(uint256 targetBps) private pure {
        if (targetBps > BPS) revert ParameterOutOfBounds("targetBps", targetBps, BPS);
    }
}
