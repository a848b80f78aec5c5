// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "./IErrors.sol";

/// @title ValidatorProofs: what the beacon chain's state says of validators, proven by EIP-4788
/// @notice Rules PRF of docs/design.md. Stateless: each function reverts unless the proof leads to a block root that
/// the execution layer has. A module for one shape of the state; a fork that changes it needs another one (PRF-7).
interface IValidatorProofs is IErrors {
    /// @notice The beacon block whose state shows the fact (PRF-1, PRF-2). Slot and proposer are hashed with it, so the
    /// slot is proven: rules that ask when something was true use it, never the timestamp.
    struct Block {
        uint64 timestamp; // of the execution block that names its parent beacon block to EIP-4788
        uint64 slot;
        uint64 proposerIndex;
        // empty for that parent itself; for an older block its place in the parent's state: siblings from
        // `block_roots[slot % SLOTS_PER_HISTORICAL_ROOT]` up to the parent's root
        bytes32[] older;
    }

    /// @notice A Validator of the consensus specification; `pubkeyRoot` is sha256(pubkey || 0^16).
    struct Validator {
        bytes32 pubkeyRoot;
        bytes32 withdrawalCredentials;
        uint64 effectiveBalanceGwei;
        bool slashed;
        uint64 activationEligibilityEpoch;
        uint64 activationEpoch;
        uint64 exitEpoch;
        uint64 withdrawableEpoch;
    }

    /// @notice Numbers of a network's preset and configuration, under the names of the consensus specification.
    struct Chain {
        uint64 genesisTime;
        uint64 secondsPerSlot;
        uint64 slotsPerEpoch;
        uint64 slotsPerHistoricalRoot; // a power of two
        uint64 epochsPerSlashingsVector;
        uint64 shardCommitteePeriod; // epochs
    }

    /// @notice EIP-4788 has no root for this timestamp: no block has it, or 8191 entries later it was overwritten.
    error RootUnknown(uint256 timestamp);
    /// @notice The proof leads to `root`, not to the block's.
    error ProofWrong(bytes32 root, bytes32 expected);
    error BranchLength(uint256 length, uint256 least, uint256 most);
    error IndexTooLarge(uint256 index, uint256 most);
    /// @notice `size` is no power of two up to 256, or `firstIndex` no multiple of it.
    error BatchUnaligned(uint256 firstIndex, uint256 size);
    /// @notice No bit of `fresh` is set, or one beyond the batch.
    error FreshOutsideBatch(uint256 fresh, uint256 size);
    error NoSuchBalance(uint256 index, uint256 balances);
    error NotSlashed(uint256 index);
    /// @notice The chain would ignore a request to exit: not active for long enough, or with an exit epoch already.
    error NotExitable(uint256 index, uint256 activationEpoch, uint256 exitEpoch, uint256 epoch);
    error NotWithdrawn(uint256 index, uint256 effectiveBalanceGwei, uint256 withdrawableEpoch, uint256 epoch);
    error NoPowerOfTwo(uint256 slotsPerHistoricalRoot);

    /// @notice Fresh validators (PRF-4): 1 ETH of effective balance, these credentials, not slashed, no epoch set.
    /// Nothing but the public key differs, so 32 bytes of calldata are enough for one.
    /// @param fresh bit `i` says that the validator at `firstIndex + i` is shown to be fresh
    /// @param leaves 1, 2, 4 ... 256 of them: the public key's root where `fresh` has the bit, else the root of what is
    /// there, of which nothing is shown
    /// @param branch siblings from the batch up to the block's root, see `requireValidator`
    function requireFresh(
        Block calldata shownBy,
        uint256 firstIndex,
        uint256 fresh,
        bytes32[] calldata leaves,
        bytes32 withdrawalCredentials,
        bytes32[] calldata branch
    ) external view;

    /// @notice Any validator, all of it (PRF-3).
    /// @param branch siblings up to the block's root (PRF-6): of the list's tree, where empty subtrees at its upper end
    /// may be left out; the list's length; six of the state's fields; the header's parent root; the header's right half
    function requireValidator(
        Block calldata shownBy,
        uint256 index,
        Validator calldata validator,
        bytes32[] calldata branch
    ) external view;

    /// @notice The balance of a validator (PRF-5).
    /// @param chunk the four balances among which it is: numbers of 8 bytes, little-endian
    /// @param branch as in `requireValidator`
    function balanceGwei(
        Block calldata shownBy,
        uint256 index,
        bytes32 chunk,
        bytes32[] calldata branch
    ) external view returns (uint64);

    /// @notice PRF-8: a slashed validator, and the last moment at which it can have been slashed: the time of the last
    /// slot of that epoch. Reverts `NotSlashed`.
    /// @param branch as in `requireValidator`, like those below
    function slashedBy(
        Block calldata shownBy,
        uint256 index,
        Validator calldata validator,
        bytes32[] calldata branch
    ) external view returns (uint256 time);

    /// @notice PRF-8: a validator that the chain would let exit on request. Reverts `NotExitable`.
    function requireExitable(
        Block calldata shownBy,
        uint256 index,
        Validator calldata validator,
        bytes32[] calldata branch
    ) external view;

    /// @notice PRF-8: a validator whose ether has been paid out. Reverts `NotWithdrawn`.
    function requireWithdrawn(
        Block calldata shownBy,
        uint256 index,
        Validator calldata validator,
        bytes32[] calldata branch
    ) external view;

    /// @notice Timestamp of a slot.
    function timeOf(uint256 slot) external view returns (uint256);
}
