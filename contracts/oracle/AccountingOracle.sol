// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";
import {LibCall} from "solady/utils/LibCall.sol";
import {IAccountingOracle} from "../interfaces/IAccountingOracle.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {ANNOUNCEMENT_FRAMES, MOST_OPERATORS_BPS} from "../rules/Constants.sol";

/// @title AccountingOracle
/// @notice See IAccountingOracle.
contract AccountingOracle is IAccountingOracle, EIP712, AccessManaged {
    using EnumerableSet for EnumerableSet.AddressSet;
    using SafeCast for uint256;

    // ---- types

    /// @dev All that a report reads and writes besides `operatorsRoot`, in one slot. Members change the last two.
    struct Standing {
        uint64 refSlot; // of the last report, like the three counts
        uint32 activeValidators;
        uint32 exitedValidators;
        uint32 slashedValidators;
        uint16 quorum;
        uint32 memberSetNonce;
    }

    // ---- constants and immutables

    uint256 private constant MIN_MEMBERS = 3;

    /// @dev Gas for a member that is a contract: enough for a wallet of several owners, too little to stop a report.
    uint256 private constant MEMBER_GAS = 200_000;

    bytes private constant REPORT_TYPE = "Report(uint64 refSlot,uint64 consensusBalanceGwei,"
        "uint128 withdrawalVaultBalanceWei,uint128 rewardsVaultBalanceWei,uint32 activeValidators,"
        "uint32 exitedValidators,uint32 slashedValidators,uint64 activeBalanceGwei,uint16 operatorsBps,"
        "uint128 chargedShares,bytes32 operatorsRoot,bytes32 validatorsRoot)";
    bytes32 private constant REPORT_TYPE_HASH = keccak256(REPORT_TYPE);
    bytes32 private constant SIGNED_REPORT_TYPE_HASH =
        keccak256(abi.encodePacked("SignedReport(Report report,uint256 memberSetNonce,uint256 deadline)", REPORT_TYPE));

    IStakingVault public immutable VAULT;
    address public immutable WITHDRAWAL_VAULT;
    address public immutable REWARDS_VAULT;
    uint256 private immutable FRAME_ORIGIN; // the vault's, like the next one
    uint256 private immutable FRAME_SECONDS;
    uint256 public immutable GENESIS_TIME;
    uint256 public immutable SECONDS_PER_SLOT;
    uint256 public immutable FINALITY_SECONDS;

    // ---- storage

    Standing private _standing;

    /// @inheritdoc IAccountingOracle
    bytes32 public operatorsRoot; // read by OperatorRegistry for each claim

    EnumerableSet.AddressSet private _members;

    // ---- constructor

    constructor(Init memory init) EIP712("Keel AccountingOracle", "1") AccessManaged(init.authority) {
        if (init.authority == address(0)) revert ZeroAddress("authority");
        if (init.vault == address(0)) revert ZeroAddress("vault");
        if (init.withdrawalVault == address(0)) revert ZeroAddress("withdrawalVault");
        if (init.rewardsVault == address(0)) revert ZeroAddress("rewardsVault");
        VAULT = IStakingVault(init.vault);
        WITHDRAWAL_VAULT = init.withdrawalVault;
        REWARDS_VAULT = init.rewardsVault;
        FRAME_ORIGIN = VAULT.FRAME_ORIGIN();
        FRAME_SECONDS = VAULT.FRAME_SECONDS();
        GENESIS_TIME = init.genesisTime;
        SECONDS_PER_SLOT = _within("secondsPerSlot", init.secondsPerSlot, 1 minutes);
        FINALITY_SECONDS = _within("finalitySeconds", init.finalitySeconds, 7 days);
        _addMembers(init.members);
        _setQuorum(init.quorum);
    }

    // ---- external

    /// @inheritdoc IAccountingOracle
    function submit(
        Report memory report,
        uint256 deadline,
        Signature[] calldata signatures,
        uint256 lastTicketHint
    ) external returns (bool applied) {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        Standing memory standing = _standing;
        bytes32 reportHash = _hash(report);
        _checkQuorum(_digest(reportHash, standing.memberSetNonce, deadline), signatures, standing.quorum);

        (Judgement memory judgement, IStakingVault.ReportBase memory base) = _judge(report, lastTicketHint);
        if (judgement.beyondLimit && !_announcementAllows(judgement, base, signatures.length)) {
            emit LossAnnounced(report.refSlot, reportHash, judgement.lossWei, judgement.limitWei);
            VAULT.announceLoss(judgement.input.refTime, judgement.lossWei);
            return false;
        }

        standing.refSlot = report.refSlot;
        standing.activeValidators = report.activeValidators;
        standing.exitedValidators = report.exitedValidators;
        standing.slashedValidators = report.slashedValidators;
        _standing = standing;
        operatorsRoot = report.operatorsRoot;
        emit ReportApplied(report.refSlot, reportHash, report);
        VAULT.applyReport(judgement.input);
        return true;
    }

    /// @inheritdoc IAccountingOracle
    function setMembers(address[] calldata added, address[] calldata removed, uint256 newQuorum) external restricted {
        for (uint256 i = 0; i < removed.length; ++i) {
            if (!_members.remove(removed[i])) revert NotMember(removed[i]);
            emit MemberRemoved(removed[i]);
        }
        _addMembers(added);
        _setQuorum(newQuorum);
    }

    // ---- views

    /// @inheritdoc IAccountingOracle
    function simulate(
        Report memory report,
        uint256 lastTicketHint
    ) external view returns (Judgement memory judgement, IStakingVault.ReportOutcome memory outcome) {
        (judgement,) = _judge(report, lastTicketHint);
        outcome = VAULT.previewReport(judgement.input);
    }

    /// @inheritdoc IAccountingOracle
    function judge(Report memory report) external view returns (Judgement memory judgement) {
        (judgement,) = _judge(report, 0);
    }

    /// @inheritdoc IAccountingOracle
    function digest(Report memory report, uint256 deadline) external view returns (bytes32) {
        return _digest(_hash(report), _standing.memberSetNonce, deadline);
    }

    /// @inheritdoc IAccountingOracle
    function members() external view returns (address[] memory) {
        return _members.values();
    }

    /// @inheritdoc IAccountingOracle
    function isMember(address account) external view returns (bool) {
        return _members.contains(account);
    }

    /// @inheritdoc IAccountingOracle
    function quorum() external view returns (uint256) {
        return _standing.quorum;
    }

    /// @inheritdoc IAccountingOracle
    function memberSetNonce() external view returns (uint256) {
        return _standing.memberSetNonce;
    }

    /// @inheritdoc IAccountingOracle
    function lastReport()
        external
        view
        returns (
            uint256 refSlot,
            uint256 activeValidators,
            uint256 exitedValidators,
            uint256 slashedValidators,
            bytes32 root
        )
    {
        Standing memory standing = _standing;
        return (
            standing.refSlot,
            standing.activeValidators,
            standing.exitedValidators,
            standing.slashedValidators,
            operatorsRoot
        );
    }

    /// @inheritdoc IAccountingOracle
    function reportableSlot() external view returns (uint256 refSlot, uint256 nextReportableAt) {
        uint256 firstReportableAt = FRAME_ORIGIN + FINALITY_SECONDS;
        if (block.timestamp < firstReportableAt) return (0, firstReportableAt);
        uint256 frames = (block.timestamp - firstReportableAt) / FRAME_SECONDS;
        uint256 reportableAt = firstReportableAt + frames * FRAME_SECONDS;
        refSlot = (reportableAt - FINALITY_SECONDS - GENESIS_TIME) / SECONDS_PER_SLOT;
        nextReportableAt = reportableAt + FRAME_SECONDS;
    }

    /// @inheritdoc IAccountingOracle
    function announcedQuorum() public view returns (uint256) {
        return Math.min(_members.length(), uint256(_standing.quorum) + 1);
    }

    // ---- internal

    function _addMembers(address[] memory added) private {
        for (uint256 i = 0; i < added.length; ++i) {
            if (added[i] == address(0)) revert ZeroAddress("member");
            if (!_members.add(added[i])) revert AlreadyMember(added[i]);
            emit MemberAdded(added[i]);
        }
    }

    /// @dev Ends every change of the set: a new nonce, so that no signature of the old set counts in the new one.
    function _setQuorum(uint256 newQuorum) private {
        uint256 count = _members.length();
        if (count < MIN_MEMBERS) revert TooFewMembers(count, MIN_MEMBERS);
        if (2 * newQuorum <= count || newQuorum > count) revert QuorumOutOfBounds(newQuorum, count);
        _standing.quorum = newQuorum.toUint16();
        uint256 nonce = ++_standing.memberSetNonce;
        emit QuorumSet(newQuorum, count, nonce);
    }

    /// @dev Whether a loss beyond the bucket may apply now (REP-8); false when it is to be announced, or announced
    /// anew. The vault holds the loss to the same amount and times, whatever the oracle.
    function _announcementAllows(
        Judgement memory judgement,
        IStakingVault.ReportBase memory base,
        uint256 signatures
    ) private view returns (bool) {
        if (block.timestamp >= base.announcedAt + ANNOUNCEMENT_FRAMES * FRAME_SECONDS) return false;
        if (judgement.lossWei > base.announcedWei + judgement.limitWei) return false;
        uint256 applicableAt = base.announcedAt + FRAME_SECONDS;
        if (block.timestamp < applicableAt) revert AnnouncementTooYoung(applicableAt, block.timestamp);
        uint256 needed = announcedQuorum();
        if (signatures < needed) revert QuorumNotReached(signatures, needed);
        return true;
    }

    /// @dev REP-7. Ascending order is what makes the signers distinct.
    function _checkQuorum(bytes32 digest_, Signature[] calldata signatures, uint256 needed) private view {
        if (signatures.length < needed) revert QuorumNotReached(signatures.length, needed);
        address previous = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            address signer = signatures[i].signer;
            if (signer <= previous) revert SignersNotAscending(previous, signer);
            if (!_members.contains(signer)) revert NotMember(signer);
            if (!_hasSigned(signer, digest_, signatures[i].signature)) revert SignatureInvalid(signer);
            previous = signer;
        }
    }

    /// @dev The account's own signature comes first: an account with code by EIP-7702 still signs with its key.
    function _hasSigned(address signer, bytes32 digest_, bytes calldata signature) private view returns (bool) {
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest_, signature);
        if (recovered == signer) return true;
        if (signer.code.length == 0) return false;
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest_, signature));
        (bool answered,, bytes memory answer) = LibCall.tryStaticCall(signer, MEMBER_GAS, 32, question);
        return answered && answer.length == 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
    }

    /// @dev REP-1 to REP-3, REP-6 and REP-8.
    /// @return judgement what is shown, and what the vault is asked to apply
    /// @return base what the report was judged against
    function _judge(
        Report memory report,
        uint256 lastTicketHint
    ) private view returns (Judgement memory judgement, IStakingVault.ReportBase memory base) {
        uint256 refTime = _finalRefTime(report.refSlot);
        base = VAULT.reportBase(refTime);
        if (refTime <= base.lastRefTime) revert RefSlotNotNewer(refTime, base.lastRefTime);
        _checkAgainstChain(report, base.stakedValidators);

        judgement.input.refTime = refTime;
        judgement.input.consensusBalanceWei = uint256(report.consensusBalanceGwei) * 1 gwei;
        judgement.input.withdrawalsWei = report.withdrawalVaultBalanceWei;
        judgement.input.rewardsWei = report.rewardsVaultBalanceWei;
        judgement.input.lastTicketHint = lastTicketHint;
        judgement.input.operatorsBps = report.operatorsBps;

        uint256 countedWei = Math.min(judgement.input.consensusBalanceWei, base.mostConsensusWei);
        uint256 grossWei = countedWei + judgement.input.withdrawalsWei + judgement.input.rewardsWei;
        judgement.growthWei = Math.saturatingSub(grossWei, base.expectedWei);
        judgement.lossWei = Math.saturatingSub(base.expectedWei, grossWei);
        judgement.drawnWei = Math.saturatingSub(judgement.lossWei, base.unvestedWei);
        if (judgement.drawnWei == 0) return (judgement, base);
        judgement.limitWei = VAULT.lossAllowanceWei();
        judgement.beyondLimit = judgement.drawnWei > judgement.limitWei;
    }

    /// @dev REP-1: the time of a reference slot that is final.
    function _finalRefTime(uint256 refSlot) private view returns (uint256 refTime) {
        refTime = GENESIS_TIME + refSlot * SECONDS_PER_SLOT;
        if (refTime < FRAME_ORIGIN || (refTime - FRAME_ORIGIN) % FRAME_SECONDS != 0) {
            revert RefSlotNotBoundary(refSlot);
        }
        uint256 finalAt = refTime + FINALITY_SECONDS;
        if (block.timestamp < finalAt) revert RefSlotNotFinal(refSlot, finalAt, block.timestamp);
        uint256 newerFrames = (block.timestamp - finalAt) / FRAME_SECONDS;
        if (newerFrames > 0) {
            revert RefSlotNotNewest(refSlot, refSlot + newerFrames * FRAME_SECONDS / SECONDS_PER_SLOT);
        }
    }

    /// @dev What the chain itself knows better than any committee (REP-3, REP-6, REP-11).
    function _checkAgainstChain(Report memory report, uint256 stakedValidators) private view {
        _checkHeld(WITHDRAWAL_VAULT, report.withdrawalVaultBalanceWei);
        _checkHeld(REWARDS_VAULT, report.rewardsVaultBalanceWei);
        uint256 reported = uint256(report.activeValidators) + report.exitedValidators;
        if (reported > stakedValidators) revert TooManyValidators(reported, stakedValidators);
        if (report.slashedValidators > stakedValidators) {
            revert SlashedAboveStaked(report.slashedValidators, stakedValidators);
        }
        if (report.activeBalanceGwei > report.consensusBalanceGwei) {
            revert ActiveAboveConsensus(report.activeBalanceGwei, report.consensusBalanceGwei);
        }
        if (report.operatorsBps > MOST_OPERATORS_BPS) {
            revert OperatorsFeeTooHigh(report.operatorsBps, MOST_OPERATORS_BPS);
        }
        if (report.chargedShares != 0) revert ReservedNotZero("chargedShares", report.chargedShares);
    }

    function _checkHeld(address holder, uint256 reportedWei) private view {
        if (reportedWei > holder.balance) revert ReportedAboveHeld(holder, reportedWei, holder.balance);
    }

    function _digest(bytes32 reportHash, uint256 nonce, uint256 deadline) private view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(SIGNED_REPORT_TYPE_HASH, reportHash, nonce, deadline)));
    }

    function _hash(Report memory report) private pure returns (bytes32) {
        return keccak256(abi.encode(REPORT_TYPE_HASH, report));
    }

    function _within(string memory what, uint256 value, uint256 max) private pure returns (uint256) {
        if (value == 0 || value > max) revert ParameterOutOfBounds(what, value, max);
        return value;
    }
}
