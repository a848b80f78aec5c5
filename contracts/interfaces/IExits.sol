// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "./IErrors.sol";
import {IValidatorProofs} from "./IValidatorProofs.sol";

/// @title Exits: what may be asked of the beacon chain for Keel's validators, by whom and when
/// @notice Rules REQ of docs/design.md. No role: it alone may make WithdrawalVault ask, and it asks for what is proven.
/// The fee of each request comes with the call; what is left goes back to the caller.
interface IExits is IErrors {
    /// @notice Why a validator was asked to exit (REQ-1).
    enum Reason {
        Manager, // its operator's manager asks
        Dead, // no report came for 14 frames
        Frozen, // its operator showed foreign keys (KEY-4)
        Inactive, // it lost what an absent validator loses (REQ-5)
        Queue, // tickets lack ether (REQ-3)
        Again // the chain ignored the request before
    }

    /// @notice A validator that leaves (REQ-2); one slot.
    struct Leaving {
        uint40 since; // when it was asked for last, or shown to have an exit epoch; 0: neither
        uint64 balanceGwei; // what it counts for until it is paid out or slashed
        uint32 parts; // counted as gone from its operator
        bool isAsked;
    }

    /// @notice The balance that later ones are compared with (REQ-5); one slot.
    struct Watch {
        uint64 slot;
        uint64 balanceGwei;
        uint64 inactiveAt; // time of the slot that last showed it inactive; 0: none did
    }

    event ExitRequested(
        uint256 indexed operatorId,
        bytes32 indexed pubkeyRoot,
        Reason indexed reason,
        uint256 balanceGwei
    );
    /// @notice A state shows an exit epoch.
    event ExitNoted(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, uint256 balanceGwei);
    /// @notice It counts for nothing any more: its ether has been paid out, or it was slashed.
    event ExitEnded(uint256 indexed operatorId, bytes32 indexed pubkeyRoot);
    event BalanceNoted(bytes32 indexed pubkeyRoot, uint256 slot, uint256 balanceGwei, bool isInactive);
    event PartialWithdrawalRequested(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, uint256 amountGwei);
    /// @notice The same root twice: a switch to 0x02 credentials.
    event ConsolidationRequested(uint256 indexed operatorId, bytes32 indexed sourceRoot, bytes32 indexed targetRoot);

    /// @notice The proof is of another validator than the public key.
    error KeyDiffers(bytes32 pubkeyRoot, bytes32 provenRoot);
    /// @notice No reason of REQ-1 holds: the queue needs no more than what is there or on its way.
    error NothingMissing();
    /// @notice The operator has `live` parts; with `least` or more its validators could be asked for.
    error BelowTarget(uint256 operatorId, uint256 live, uint256 least);
    error ExitUnderWay(bytes32 pubkeyRoot, uint256 since);
    /// @notice The state is from before `since`: an hour ago, or when the exit was asked for or shown last, so that it
    /// shows nothing of what the chain made of that.
    error StateTooOld(bytes32 pubkeyRoot, uint256 since, uint256 shownTime);
    /// @notice The validator has no exit epoch, or was slashed, which the registry takes the proof of.
    error NotLeaving(bytes32 pubkeyRoot, bool slashed);
    error NothingToEnd();
    error BalanceTooHigh(bytes32 pubkeyRoot, uint256 balanceGwei, uint256 below);
    /// @notice Less than 7 frames after the balance that it would be compared with.
    error BalanceTooEarly(bytes32 pubkeyRoot, uint256 time, uint256 earliest);
    error NothingRequested();
    error LengthsDiffer(uint256 left, uint256 right);
    error ZeroAmount(uint256 position);

    /// @notice REQ-1: ask the chain to exit the validator of a staked key. Whoever asks; reverts `NothingMissing`,
    /// `BelowTarget` or `LimitExceeded` unless a reason holds, and `StateTooOld` for a state of more than an hour ago.
    /// For a validator that was asked before, nothing but a state that includes the request and shows that the chain
    /// ignored it (`StateTooOld`).
    /// @param pubkey 48 bytes
    function requestExit(
        bytes calldata pubkey,
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external payable;

    /// @notice REQ-2: show that a staked validator has an exit epoch. Anyone, once a key. One whose
    /// consolidation was asked for counts for nothing by that. What a verifier that was replaced had shown falsely is
    /// taken back by a later state without an exit epoch.
    function noteExit(
        IValidatorProofs.Block calldata shownBy,
        uint256 validatorIndex,
        IValidatorProofs.Validator calldata validator,
        bytes32[] calldata branch
    ) external;

    /// @notice REQ-2: take out of the sum what the registry has as slashed or withdrawn. Anyone; others are skipped.
    function endExits(bytes32[] calldata pubkeyRoots) external;

    /// @notice REQ-5: show the balance of a staked validator. Anyone.
    /// @param chunk the four balances among which it is
    function noteBalance(
        bytes32 pubkeyRoot,
        IValidatorProofs.Block calldata shownBy,
        bytes32 chunk,
        bytes32[] calldata branch
    ) external;

    /// @notice REQ-6: partial withdrawals, for validators with 0x02 credentials. The manager of all these keys only.
    /// @param amountsGwei above 0, one a key; the chain leaves 32 ETH
    function requestPartialWithdrawals(bytes[] calldata pubkeys, uint64[] calldata amountsGwei) external payable;

    /// @notice REQ-7: the validator of each source joins that of its target; a source that is its own target switches
    /// to 0x02 credentials. The manager of all these keys only.
    function requestConsolidations(bytes[] calldata sources, bytes[] calldata targets) external payable;

    /// @notice REQ-3: ether that tickets lack and that nothing on its way will bring.
    function missingWei() external view returns (uint256);

    /// @notice REQ-3: parts of 32 ETH that an operator has and that do not leave, and the least with which its
    /// validators can be asked for.
    function standing(uint256 operatorId) external view returns (uint256 live, uint256 least);

    /// @notice LIM-3: how many parts of 32 ETH others than managers may ask for now.
    function exitsAvailable() external view returns (uint256);

    function leavingOf(bytes32 pubkeyRoot) external view returns (Leaving memory);

    function watchOf(bytes32 pubkeyRoot) external view returns (Watch memory);

    /// @notice Sum of what leaves, gwei.
    function leavingGwei() external view returns (uint256);

    /// @notice What full absence costs a validator of 32 ETH in a day (REQ-5).
    function ABSENCE_GWEI_PER_DAY() external view returns (uint256);
}
