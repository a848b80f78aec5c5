// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "./IErrors.sol";
import {IStakingVault} from "./IStakingVault.sol";

/// @title AccountingOracle: committee, quorum, frames, sanity limits, announcement of large losses
/// @notice Rules REP of docs/design.md. Reports are signed off chain (EIP-712, ERC-5267 domain
/// `Keel AccountingOracle`, version `1`) and applied in one transaction that anyone may send. Members sign
/// `SignedReport(Report report,uint256 memberSetNonce,uint256 deadline)`. A member may be an account, also with code by
/// EIP-7702, or a contract that answers ERC-1271 within 200,000 gas.
interface IAccountingOracle is IErrors {
    /// @notice What the committee saw at the reference slot (REP-10, REP-11).
    struct Report {
        uint64 refSlot;
        uint64 consensusBalanceGwei; // C: staked validators and their pending deposits, less expected penalties
        uint128 withdrawalVaultBalanceWei;
        uint128 rewardsVaultBalanceWei;
        uint32 activeValidators;
        uint32 exitedValidators;
        uint32 slashedValidators;
        uint64 activeBalanceGwei; // the part of C that active validators have
        uint16 operatorsBps; // operators' part of profit (COM-2)
        uint128 chargedShares; // what operators' bonds owe; 0 until bonds are charged
        bytes32 operatorsRoot; // OPR-4, over IOperatorRegistry.RewardLeaf
        bytes32 validatorsRoot; // over (validator index, public key hash, balance, expected penalty, slashed)
    }

    struct Signature {
        address signer;
        bytes signature; // 65 bytes of an account, or what an ERC-1271 member accepts
    }

    /// @notice Fixed at construction; the profile's part of the parameters.
    struct Init {
        address authority;
        address vault;
        address withdrawalVault;
        address rewardsVault;
        uint256 genesisTime; // of the beacon chain
        uint256 secondsPerSlot; // 1 to 60
        uint256 finalitySeconds; // REP-1; 1 s to 7 days
        address[] members;
        uint256 quorum;
    }

    /// @notice How a report stands against the loss bucket: a view that tests can ask without state.
    struct Judgement {
        uint256 growthWei; // 0 for a loss
        uint256 lossWei; // 0 for growth
        uint256 drawnWei; // what the stream does not bear of the loss
        bool beyondLimit; // needs an announcement
        uint256 limitWei; // what the loss bucket holds; 0 when nothing is drawn
        IStakingVault.ReportInput input; // what the vault would be asked to apply
    }

    /// @notice `reportHash` is the EIP-712 struct hash of the report, the same whatever nonce and deadline were signed.
    event ReportApplied(uint256 indexed refSlot, bytes32 indexed reportHash, Report report);
    /// @notice A loss beyond the bucket waits (REP-8).
    event LossAnnounced(uint256 indexed refSlot, bytes32 indexed reportHash, uint256 lossWei, uint256 limitWei);
    event MemberAdded(address indexed member);
    event MemberRemoved(address indexed member);
    event QuorumSet(uint256 quorum, uint256 members, uint256 memberSetNonce);

    error RefSlotNotBoundary(uint256 refSlot);
    error RefSlotNotNewer(uint256 refTime, uint256 lastRefTime);
    error RefSlotNotNewest(uint256 refSlot, uint256 newestRefSlot);
    error RefSlotNotFinal(uint256 refSlot, uint256 earliestTime, uint256 nowTime);
    error ReportedAboveHeld(address holder, uint256 reportedWei, uint256 heldWei);
    error TooManyValidators(uint256 reported, uint256 staked);
    error SlashedAboveStaked(uint256 slashed, uint256 staked);
    error ActiveAboveConsensus(uint256 activeGwei, uint256 consensusGwei);
    error DeadlinePassed(uint256 deadline, uint256 nowTime);
    error SignersNotAscending(address previous, address next);
    error NotMember(address signer);
    error SignatureInvalid(address signer);
    error QuorumNotReached(uint256 signatures, uint256 needed);
    error AnnouncementTooYoung(uint256 applicableAt, uint256 nowTime);
    error AlreadyMember(address member);
    error QuorumOutOfBounds(uint256 quorum, uint256 members);
    error TooFewMembers(uint256 members, uint256 min);

    /// @notice Apply a report signed by a quorum, or announce it when its loss is beyond the bucket (REP-7, REP-8).
    /// Anyone may call. Reverts when the report contradicts the chain (`judge` lists how), `DeadlinePassed` after
    /// `deadline`, `AnnouncementTooYoung` within a frame of its announcement, and for signatures `QuorumNotReached`,
    /// `SignersNotAscending`, `NotMember`, `SignatureInvalid`. With less gas than an ERC-1271 member needs, its
    /// signature counts as invalid and the call reverts; no signature is ever left out.
    /// @param deadline the last second in which the signatures count
    /// @param signatures by ascending signer
    /// @param lastTicketHint see IWithdrawalQueue.finalisable
    /// @return applied false when the report was announced instead
    function submit(
        Report calldata report,
        uint256 deadline,
        Signature[] calldata signatures,
        uint256 lastTicketHint
    ) external returns (bool applied);

    /// @notice Restricted. `removed` leave, then `added` join. At least 3 members remain, and the quorum is above one
    /// half of them and at most all. Signatures given before count no longer.
    function setMembers(address[] calldata added, address[] calldata removed, uint256 newQuorum) external;

    /// @notice What `submit` would do with this report now, signatures apart.
    function simulate(
        Report calldata report,
        uint256 lastTicketHint
    ) external view returns (Judgement memory judgement, IStakingVault.ReportOutcome memory outcome);

    /// @notice REP-1 to REP-3, REP-6, REP-8 and REP-11; the ticket hint of `input` stays 0. Reverts
    /// `RefSlotNotBoundary`, `RefSlotNotFinal`, `RefSlotNotNewer`, `ReportedAboveHeld`, `TooManyValidators`,
    /// `SlashedAboveStaked`, `ActiveAboveConsensus`, `OperatorsFeeTooHigh`, `ReservedNotZero`.
    function judge(Report calldata report) external view returns (Judgement memory);

    /// @notice The EIP-712 digest that members sign.
    function digest(Report calldata report, uint256 deadline) external view returns (bytes32);

    function members() external view returns (address[] memory);

    function isMember(address account) external view returns (bool);

    function quorum() external view returns (uint256);

    /// @notice Signatures that an announced loss needs (REP-8): one more than the quorum, at most all members.
    function announcedQuorum() external view returns (uint256);

    /// @notice Part of every digest; grows with each change of members or quorum.
    function memberSetNonce() external view returns (uint256);

    function lastReport()
        external
        view
        returns (
            uint256 refSlot,
            uint256 activeValidators,
            uint256 exitedValidators,
            uint256 slashedValidators,
            bytes32 root
        );

    function operatorsRoot() external view returns (bytes32);

    /// @notice The newest reference slot that is finalitySeconds old, and when the next one will be; slot 0 before the
    /// first one is.
    function reportableSlot() external view returns (uint256 refSlot, uint256 nextReportableAt);
}
