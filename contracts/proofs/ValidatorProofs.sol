// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IValidatorProofs} from "../interfaces/IValidatorProofs.sol";
import {BeaconRoots} from "./BeaconRoots.sol";
import {Ssz} from "./Ssz.sol";

/// @title ValidatorProofs for Electra and Fulu
/// @notice See IValidatorProofs. Rules PRF of docs/design.md.
contract ValidatorProofs is IValidatorProofs {
    // ---- constants

    /// @notice `get_generalized_index(BeaconState, "validators", 0)`. The state has 37 (Electra) or 38 (Fulu) fields,
    /// so 64 leaves; `validators` is field 11: 64 + 11. Its left child is the list without the length, which has room
    /// for 2^40 leaves (VALIDATOR_REGISTRY_LIMIT).
    uint256 public constant FIRST_VALIDATOR = ((64 + 11) * 2) << VALIDATOR_LEVELS;

    /// @notice `get_generalized_index(BeaconState, "balances", 0)`: field 12, four balances a leaf.
    uint256 public constant FIRST_BALANCES = ((64 + 12) * 2) << BALANCE_LEVELS;

    /// @notice `get_generalized_index(BeaconBlockHeader, "state_root")`. Five fields, so 8 leaves: slot 8, proposer 9,
    /// parent root 10, state root 11, body root 12.
    uint256 public constant STATE_ROOT = 8 + 3;

    uint256 internal constant VALIDATOR_LEVELS = 40;
    uint256 internal constant BALANCE_LEVELS = 38;
    uint256 internal constant BALANCES_A_CHUNK = 4;
    uint256 internal constant LARGEST_INDEX = 2 ** 40 - 1;
    uint256 internal constant LARGEST_BATCH = 256; // bits of `fresh`

    uint256 internal constant STATE_LEVELS = 6;
    uint256 internal constant HEADER_LEVELS = 3;
    /// @dev Above a list: its length, the state's levels, and the header's without slot and proposer.
    uint256 internal constant ABOVE_LIST = 1 + STATE_LEVELS + HEADER_LEVELS - 1;

    uint64 internal constant FRESH_GWEI = 1e9;
    uint64 internal constant FAR_FUTURE_EPOCH = type(uint64).max;

    /// @notice How many blocks a state names (SLOTS_PER_HISTORICAL_ROOT): 8192, with the minimal preset 64.
    uint256 public immutable BLOCK_ROOTS;

    /// @notice `get_generalized_index(BeaconState, "block_roots", 0)`: field 5, a vector, so no length.
    uint256 public immutable FIRST_BLOCK_ROOT;

    uint256 private immutable BLOCK_ROOTS_LEVELS;

    uint256 public immutable GENESIS_TIME;
    uint256 public immutable SECONDS_PER_SLOT;
    uint256 public immutable SLOTS_PER_EPOCH;
    uint256 public immutable EPOCHS_PER_SLASHINGS_VECTOR;
    uint256 public immutable SHARD_COMMITTEE_PERIOD;

    // ---- constructor

    constructor(Chain memory chain) {
        uint256 levels = Math.log2(chain.slotsPerHistoricalRoot);
        if (1 << levels != chain.slotsPerHistoricalRoot) revert NoPowerOfTwo(chain.slotsPerHistoricalRoot);
        if (chain.secondsPerSlot == 0) revert ParameterOutOfBounds("secondsPerSlot", 0, 1);
        if (chain.slotsPerEpoch == 0) revert ParameterOutOfBounds("slotsPerEpoch", 0, 1);
        BLOCK_ROOTS = chain.slotsPerHistoricalRoot;
        BLOCK_ROOTS_LEVELS = levels;
        FIRST_BLOCK_ROOT = (64 + 5) << levels;
        GENESIS_TIME = chain.genesisTime;
        SECONDS_PER_SLOT = chain.secondsPerSlot;
        SLOTS_PER_EPOCH = chain.slotsPerEpoch;
        EPOCHS_PER_SLASHINGS_VECTOR = chain.epochsPerSlashingsVector;
        SHARD_COMMITTEE_PERIOD = chain.shardCommitteePeriod;
    }

    // ---- views

    /// @inheritdoc IValidatorProofs
    function requireFresh(
        Block calldata shownBy,
        uint256 firstIndex,
        uint256 fresh,
        bytes32[] calldata leaves,
        bytes32 withdrawalCredentials,
        bytes32[] calldata branch
    ) external view {
        uint256 size = leaves.length;
        if (size == 0 || size > LARGEST_BATCH || size & (size - 1) != 0 || firstIndex & (size - 1) != 0) {
            revert BatchUnaligned(firstIndex, size);
        }
        if (fresh == 0 || fresh >> size != 0) revert FreshOutsideBatch(fresh, size);
        _requireIndex(firstIndex);
        bytes32[] memory nodes = _batch(fresh, leaves, withdrawalCredentials);
        uint256 level = 0;
        for (; size > 1; size >>= 1) {
            for (uint256 i = 0; i < size; i += 2) {
                nodes[i >> 1] = Ssz.parent(nodes[i], nodes[i + 1]);
            }
            ++level;
        }
        _requireInState(shownBy, nodes[0], (FIRST_VALIDATOR + firstIndex) >> level, level, VALIDATOR_LEVELS, branch);
    }

    /// @inheritdoc IValidatorProofs
    /// @dev `slash_validator` sets `withdrawable_epoch` to a whole vector later, or leaves the later one that the exit
    /// has by its place in the queue: then what is shown tells no more than that it was slashed by now.
    function slashedBy(
        Block calldata shownBy,
        uint256 index,
        Validator calldata validator,
        bytes32[] calldata branch
    ) external view returns (uint256 time) {
        requireValidator(shownBy, index, validator, branch);
        if (!validator.slashed) revert NotSlashed(index);
        uint256 byExit = Math.saturatingSub(validator.withdrawableEpoch, EPOCHS_PER_SLASHINGS_VECTOR);
        uint256 epoch = Math.min(byExit, _epochOf(shownBy.slot));
        return timeOf((epoch + 1) * SLOTS_PER_EPOCH - 1);
    }

    /// @inheritdoc IValidatorProofs
    function requireExitable(
        Block calldata shownBy,
        uint256 index,
        Validator calldata validator,
        bytes32[] calldata branch
    ) external view {
        requireValidator(shownBy, index, validator, branch);
        uint256 epoch = _epochOf(shownBy.slot);
        bool isLongActive = epoch >= uint256(validator.activationEpoch) + SHARD_COMMITTEE_PERIOD;
        if (!isLongActive || validator.exitEpoch != FAR_FUTURE_EPOCH) {
            revert NotExitable(index, validator.activationEpoch, validator.exitEpoch, epoch);
        }
    }

    /// @inheritdoc IValidatorProofs
    function requireWithdrawn(
        Block calldata shownBy,
        uint256 index,
        Validator calldata validator,
        bytes32[] calldata branch
    ) external view {
        requireValidator(shownBy, index, validator, branch);
        uint256 epoch = _epochOf(shownBy.slot);
        if (validator.effectiveBalanceGwei != 0 || validator.withdrawableEpoch > epoch) {
            revert NotWithdrawn(index, validator.effectiveBalanceGwei, validator.withdrawableEpoch, epoch);
        }
    }

    /// @inheritdoc IValidatorProofs
    function requireValidator(
        Block calldata shownBy,
        uint256 index,
        Validator calldata validator,
        bytes32[] calldata branch
    ) public view {
        _requireIndex(index);
        _requireInState(shownBy, _validatorRoot(validator), FIRST_VALIDATOR + index, 0, VALIDATOR_LEVELS, branch);
    }

    /// @inheritdoc IValidatorProofs
    function balanceGwei(
        Block calldata shownBy,
        uint256 index,
        bytes32 chunk,
        bytes32[] calldata branch
    ) external view returns (uint64) {
        _requireIndex(index);
        _requireInState(shownBy, chunk, FIRST_BALANCES + index / BALANCES_A_CHUNK, 0, BALANCE_LEVELS, branch);
        // PRF-5: proven with the rest, since it is one of the siblings
        uint256 balances = Ssz.numberAt(branch[branch.length - ABOVE_LIST], 0);
        if (index >= balances) revert NoSuchBalance(index, balances);
        return Ssz.numberAt(chunk, index % BALANCES_A_CHUNK);
    }

    /// @inheritdoc IValidatorProofs
    function timeOf(uint256 slot) public view returns (uint256) {
        return GENESIS_TIME + slot * SECONDS_PER_SLOT;
    }

    // ---- internal

    function _epochOf(uint256 slot) private view returns (uint256) {
        return slot / SLOTS_PER_EPOCH;
    }

    /// @dev Beyond the list's limit an index would lead out of the list's tree, to its length or another field.
    function _requireIndex(uint256 index) private pure {
        if (index > LARGEST_INDEX) revert IndexTooLarge(index, LARGEST_INDEX);
    }

    /// @dev PRF-4: roots of validators, of which the fresh ones are completed. The eight leaves of
    /// `hash_tree_root(Validator)` are key, credentials, balance, `slashed`, and four epochs.
    function _batch(
        uint256 fresh,
        bytes32[] calldata leaves,
        bytes32 withdrawalCredentials
    ) private view returns (bytes32[] memory roots) {
        bytes32 never = Ssz.chunk(FAR_FUTURE_EPOCH);
        bytes32 epochs = Ssz.parent(never, never);
        epochs = Ssz.parent(epochs, epochs);
        bytes32 balanceAndSlashed = Ssz.parent(Ssz.chunk(FRESH_GWEI), Ssz.chunk(false));
        roots = new bytes32[](leaves.length);
        for (uint256 i = 0; i < leaves.length; ++i) {
            roots[i] = fresh >> i & 1 == 0
                ? leaves[i]
                : Ssz.parent(Ssz.parent(Ssz.parent(leaves[i], withdrawalCredentials), balanceAndSlashed), epochs);
        }
    }

    /// @dev `hash_tree_root(Validator)`: eight fields, eight leaves.
    function _validatorRoot(Validator calldata validator) private view returns (bytes32) {
        bytes32 keyAndBalance = Ssz.parent(
            Ssz.parent(validator.pubkeyRoot, validator.withdrawalCredentials),
            Ssz.parent(Ssz.chunk(validator.effectiveBalanceGwei), Ssz.chunk(validator.slashed))
        );
        bytes32 epochs = Ssz.parent(
            Ssz.parent(Ssz.chunk(validator.activationEligibilityEpoch), Ssz.chunk(validator.activationEpoch)),
            Ssz.parent(Ssz.chunk(validator.exitEpoch), Ssz.chunk(validator.withdrawableEpoch))
        );
        return Ssz.parent(keyAndBalance, epochs);
    }

    /// @dev From a node of a list of the state up to the block's root. The path has one length, whatever the branch
    /// has: empty siblings that it leaves out are put in (PRF-6). So no node is taken for one of another level.
    /// @param level of the node above the list's leaves, `top` that of the list's root without its length
    function _requireInState(
        Block calldata shownBy,
        bytes32 node,
        uint256 gindex,
        uint256 level,
        uint256 top,
        bytes32[] calldata branch
    ) private view {
        uint256 most = top - level + ABOVE_LIST;
        if (branch.length < ABOVE_LIST || branch.length > most) {
            revert BranchLength(branch.length, ABOVE_LIST, most);
        }
        uint256 given = branch.length - ABOVE_LIST;
        (node, gindex) = Ssz.climb(node, gindex, branch[:given]);
        (node, gindex) = Ssz.climbBesideEmpty(node, gindex, level + given, top);
        // `mix_in_length`, then the state's fields
        (node,) = Ssz.climb(node, gindex, branch[given:given + 1 + STATE_LEVELS]);
        _requireBlock(shownBy, _headerRoot(shownBy, branch[branch.length - 2], node, branch[branch.length - 1]));
    }

    /// @dev `hash_tree_root(BeaconBlockHeader)`, whose left half has slot, proposer, parent root and state root.
    function _headerRoot(
        Block calldata shownBy,
        bytes32 parentRoot,
        bytes32 stateRoot,
        bytes32 rightHalf
    ) private view returns (bytes32) {
        bytes32 slotAndProposer = Ssz.parent(Ssz.chunk(shownBy.slot), Ssz.chunk(shownBy.proposerIndex));
        return Ssz.parent(Ssz.parent(slotAndProposer, Ssz.parent(parentRoot, stateRoot)), rightHalf);
    }

    /// @dev PRF-1; PRF-2 where the block is older than the one that EIP-4788 has.
    function _requireBlock(Block calldata shownBy, bytes32 root) private view {
        bytes32 expected = BeaconRoots.parentAt(shownBy.timestamp);
        if (shownBy.older.length != 0) {
            uint256 inState = BLOCK_ROOTS_LEVELS + STATE_LEVELS;
            uint256 length = inState + HEADER_LEVELS;
            if (shownBy.older.length != length) revert BranchLength(shownBy.older.length, length, length);
            (root,) = Ssz.climb(root, FIRST_BLOCK_ROOT + shownBy.slot % BLOCK_ROOTS, shownBy.older[:inState]);
            (root,) = Ssz.climb(root, STATE_ROOT, shownBy.older[inState:]);
        }
        if (root != expected) revert ProofWrong(root, expected);
    }
}
