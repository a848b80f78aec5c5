// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDepositContract} from "./IDepositContract.sol";
import {IErrors} from "./IErrors.sol";
import {IKeelEther} from "./IKeelEther.sol";
import {IOperatorBonds} from "./IOperatorBonds.sol";
import {IValidatorProofs} from "./IValidatorProofs.sol";

/// @title StakingVault: entry of ether, keeper of the accounts, and the kETH token itself
/// @notice Rules ACC, SHR, STR, LIM, STA, REP, LOS and INS of docs/design.md.
/// Amounts are wei unless the name says otherwise. A share is 1e-9 wei at par. Every rounding is against the caller.
interface IStakingVault is IKeelEther, IErrors {
    /// @notice STA-2, in the order in which they are tested.
    enum State {
        Normal,
        Awaiting,
        Slashed,
        Announced,
        Stale,
        Dead
    }

    /// @notice What can be paused here (STA-4); InstantRedemption pauses itself.
    enum Action {
        Deposit,
        Staking
    }

    /// @notice Fixed at construction. The other contracts of the core are known before they exist (CREATE3).
    struct Init {
        address authority; // AccessManager
        address wrapped;
        address queue;
        address instantRedemption;
        address registry;
        address bonds;
        address withdrawalVault;
        address rewardsVault;
        address depositContract;
        uint256 frameOrigin; // timestamp of a reference slot, not in the future
        uint256 frameSeconds;
        uint256 streamCapRayPerDay; // STR-3
        uint256 maxFeeRayPerDay; // REP-5
        uint256 lossLimitBps; // LIM-3, of V + Q; 1 to 10,000
        uint256 lossPeriodSeconds; // LIM-3; 1 s to 365 days
        uint256 stakeLimitBps; // LIM-3, of K + P; 1 to 10,000
        uint256 stakeFloorWei; // LIM-3; 1 wei to 2^88 - 1
        uint256 maxPauseSeconds; // STA-4
        Modules modules;
        Terms terms;
    }

    /// @notice Replaceable policy (MOD-1). Whatever stands here is bounded by the rules of this contract.
    struct Modules {
        address oracle;
        address fund;
        address proofs; // IValidatorProofs
    }

    /// @notice REP-5 and LIM-3. The treasury receives what insurance leaves; operators' part comes with the report.
    struct Terms {
        uint16 feeBps; // of profit, at most 600
        uint16 insuranceBps; // of what `feeBps` brings
        address treasury;
        uint24 depositLimitEther; // a day
    }

    /// @notice What the oracle asks the vault to apply.
    struct ReportInput {
        uint256 refTime; // timestamp of the reference slot
        uint256 consensusBalanceWei; // C at the reference slot
        uint256 withdrawalsWei; // to pull from WithdrawalVault
        uint256 rewardsWei; // to pull from RewardsVault
        uint256 lastTicketHint; // a wrong hint costs gas only (QUE-2)
        uint256 operatorsBps; // operators' part of profit (COM-2), at most 1,400
    }

    /// @notice What applying a report does: the same struct from simulation and application.
    struct ReportOutcome {
        uint256 profitWei;
        uint256 feeWei;
        uint256 feeShares;
        uint256 operatorShares; // of feeShares
        uint256 lossWei;
        uint256 bondWei; // b of LOS-1
        uint256 bondShares; // burned for b
        uint256 unvestedLossWei; // u
        uint256 coverWei; // c
        uint256 coverShares; // burned for c
        uint256 holdersLossWei; // V - b - c - V'
        uint256 ticketsLossWei; // Q - Q'
        uint256 ticketIndex; // ray, after
        uint256 lastTicket; // finalised up to, after
        uint256 finalisedWei; // moved to the queue
        uint256 sharesAfter;
        uint256 assetsAfter; // A
        uint256 unvestedAfter; // U
        uint256 streamSeconds; // length of the stream from now
    }

    /// @notice What the oracle must know to judge a report (REP-2, REP-6, REP-8, ACC-4).
    struct ReportBase {
        uint256 expectedWei; // C + staked up to the reference slot asked for
        uint256 mostConsensusWei; // what a report's C counts for at most
        uint256 unvestedWei; // U
        uint256 lastRefTime;
        uint256 stakedValidators; // by the reference slot asked for
        uint256 announcedAt; // 0: nothing announced
        uint256 announcedWei; // L of the announcement
    }

    event Deposited(
        address indexed sender,
        address indexed receiver,
        uint256 assetsWei,
        uint256 shares,
        address referral
    );
    event RedeemedInstantly(
        address indexed holder,
        address indexed receiver,
        uint256 paidWei,
        uint256 sharesBurned,
        uint256 sharesToFund
    );
    /// @notice One per report: totals before and after (V is `assets - unvested`), and what the stream pays a year
    /// on V after, in bps. `operatorShares` of `feeShares` are operators'.
    event Rebased(
        uint256 indexed refTime,
        uint256 sharesBefore,
        uint256 visibleBeforeWei,
        uint256 sharesAfter,
        uint256 assetsAfterWei,
        uint256 unvestedAfterWei,
        uint256 streamSeconds,
        uint256 feeShares,
        uint256 operatorShares,
        uint256 aprBps
    );
    /// @notice LOS-3: `lossWei` is the sum of the five parts, checked before the event.
    event LossAbsorbed(
        uint256 indexed refTime,
        uint256 lossWei,
        uint256 bondWei,
        uint256 unvestedWei,
        uint256 coverWei,
        uint256 holdersWei,
        uint256 ticketsWei,
        uint256 bondShares,
        uint256 coverShares
    );
    /// @notice The fund did not answer the call for cover; the loss went on to holders and tickets.
    event CoverFailed(address indexed cover, uint256 sharesAsked);
    /// @notice STA-7: a staked validator was slashed by then, and no report has counted it yet.
    event SlashingNoted(uint256 slashedBy, uint256 balanceWei);
    /// @notice STA-8: nothing is staked any more; the two vaults were brought in.
    event WoundDown(uint256 withdrawalsWei, uint256 rewardsWei, uint256 lossWei);
    /// @notice `amountWei` entered P; `bondWei` of it were the operators' own, for which their bonds got the shares.
    event Staked(uint256 validators, uint256 amountWei, uint256 bondWei, uint256 bondShares);
    event LossAnnouncementOpened(uint256 announcedAt, uint256 lossWei);
    event Swept(uint256 amountWei, uint256 consensusBalanceWei);
    event TicketsFinalisedWithoutReport(uint256 lastTicket, uint256 amountWei);
    event Paused(Action indexed action, uint256 until);
    event ModulesSet(Modules modules);
    event TermsSet(Terms terms);

    error ZeroShares(uint256 assetsWei);
    error Insolvent(uint256 visibleWei, uint256 shares);
    error OnlyProtocol(address caller, address expected);
    error ActionClosed(Action action, State state);
    error ActionPaused(Action action, uint256 until);
    error DepositsClosed(uint256 reopenAt);
    error UnvestedAboveLimit(uint256 unvestedWei, uint256 limitWei);
    error DirectEther(address sender);
    error ModuleMissing(Modules modules);
    error FeeTooHigh(uint256 feeBps, uint256 maxBps);
    error RefTimeNotBoundary(uint256 refTime, uint256 nearestBefore);
    error RefTimeTooEarly(uint256 refTime, uint256 laterThan);
    error RefTimeInFuture(uint256 refTime, uint256 nowTime);
    error ReportAboveSupply(uint256 reportedWei, uint256 mostWei);
    error LossNotAnnounced(uint256 lossWei, uint256 allowedWei);
    error LossPartsDiffer(uint256 sumWei, uint256 lossWei);
    error StateNotDead(State state);
    error StateNotNormal(State state);
    error NothingToDo();
    error KeysLive(uint256 liveKeys);
    error SweepTooEarly(uint256 possibleAt, uint256 nowTime);
    /// @notice STA-8: what is missing of C + P may still be on its way.
    error WindDownTooEarly(uint256 possibleAt, uint256 nowTime);
    error EtherMissing(address source, uint256 amountWei);
    error TooLittleGasForCover(uint256 left, uint256 needed);
    error EtherTransferFailed(address receiver, uint256 amountWei);

    // ---- users

    /// @notice Mint kETH for the ether sent (SHR-1), within the deposit limit (LIM-3). Reverts `ActionClosed` or
    /// `DepositsClosed` (STA-3), `Insolvent` (ACC-4), `ActionPaused` (STA-4), `UnvestedAboveLimit` (LIM-4),
    /// `ZeroShares`, `LimitExceeded`.
    /// @param referral only repeated in the event
    /// @return shares minted, rounded down
    function deposit(address receiver, address referral) external payable returns (uint256 shares);

    /// @notice Mint wkETH for the ether sent; shares are rounded down to whole units (SHR-5).
    /// @return units of wkETH
    function depositWrapped(address receiver, address referral) external payable returns (uint256 units);

    // ---- anyone, when the oracle is dead

    /// @notice STA-3: finalise what B can pay, in order. Dead state only.
    function finaliseWithoutReport(uint256 lastTicketHint) external;

    /// @notice STA-5: bring what WithdrawalVault holds into B. Dead state only, at least two frames after ether last
    /// moved from there.
    function sweepWithdrawals() external;

    /// @notice STA-8: once every staked validator is proven to be paid out, bring in what the two vaults hold; what is
    /// missing of C + P is a loss, what is more is income. Dead state only; a loss only once 90 frames have passed
    /// since the last reference slot, and 10 since the last proof of a payout; once C + P is 0, as far apart as sweeps.
    /// Reverts `KeysLive`, `WindDownTooEarly`.
    function windDown(uint256 lastTicketHint) external;

    // ---- roles of the AccessManager

    /// @notice STA-4. `seconds_` 0 ends a pause; else reverts `PauseTooSoon` while the last one, or the time that it
    /// must be followed by, is not over.
    function pause(Action action, uint256 seconds_) external;

    /// @notice MOD-1. What is scheduled names the code of each module, in the order of `Modules`.
    function setModules(Modules calldata modules_, bytes32[3] calldata codeHashes) external;

    function setTerms(Terms calldata terms_) external;

    // ---- the protocol's own contracts

    /// @notice Oracle only. Pull, absorb or stream, finalise, all in one (REP, LOS, QUE-2). Does what
    /// `previewReport` says, unless the fund hands over less cover than it promised. Reverts `RefTimeInFuture`,
    /// `RefTimeTooEarly`, `RefTimeNotBoundary`, `ReportAboveSupply` (REP-4), `OperatorsFeeTooHigh` (COM-2) and
    /// `LossNotAnnounced` (REP-8).
    function applyReport(ReportInput calldata input) external;

    /// @notice Oracle only. Closes what STA-3 closes while a loss is announced, until the next report applies. From one
    /// frame to three frames later a report may bring a loss of `lossWei` and what the loss bucket holds (REP-8).
    /// Reverts for a reference slot whose report could not apply.
    function announceLoss(uint256 refTime, uint256 lossWei) external;

    /// @notice Registry only. Send 31 ETH, out of ether that the queue does not need, for each key whose validator
    /// holds the operator's 1 ETH, and mint wkETH worth that 1 ETH for the operators' bonds (KEY-6). Closed as long as
    /// `depositsReopenAt` keeps deposits closed (STA-3).
    /// @param pubkeys 48 bytes a key, their validators proven
    /// @return bondUnitsEach wkETH for each key, rounded down
    function fundValidators(bytes calldata pubkeys) external returns (uint256 bondUnitsEach);

    /// @notice Registry only. As `fundValidators` for one validator: `parts` times 32 ETH, of each of which the
    /// operator's 1 ETH comes with the call (KEY-10).
    function fundMore(bytes calldata pubkey, uint256 parts) external payable returns (uint256 bondUnitsEach);

    /// @notice Registry only. STA-7: a staked validator was slashed no later than `slashedBy`. Ignored when the last
    /// report has counted it.
    function noteSlashing(uint256 balanceGwei, uint256 slashedBy) external;

    /// @notice Queue only. Burn `ceil(assetsWei * S / V)` shares of `holder` for a ticket; A falls by `assetsWei`.
    function burnForTicket(address holder, uint256 assetsWei) external returns (uint256 shares);

    /// @notice InstantRedemption only, in the normal state. Burn the part of `shares` that is worth `paidWei`, pay it
    /// to `receiver`, and give the rest in whole units to the insurance fund (INS-4).
    function redeemFor(address holder, uint256 shares, uint256 paidWei, address receiver) external;

    /// @notice wkETH only. Move whole units worth at most `assetsWei` from `holder` to wkETH; reverts `ZeroShares` when
    /// it is worth none.
    /// @return units rounded down
    function wrapAmount(address holder, uint256 assetsWei) external returns (uint256 units);

    /// @notice wkETH only. Move exactly `units` from `holder` to wkETH.
    /// @return assetsWei their value, rounded up
    function wrapUnits(address holder, uint256 units) external returns (uint256 assetsWei);

    /// @notice wkETH only. Move `units` from wkETH to `receiver`.
    /// @return assetsWei their value, rounded down
    function unwrapWholeUnits(address receiver, uint256 units) external returns (uint256 assetsWei);

    /// @notice WithdrawalVault only: swept ether that a report or a sweep pulls.
    function receiveWithdrawals() external payable;

    /// @notice RewardsVault only.
    function receiveRewards() external payable;

    // ---- views

    function state() external view returns (State);

    /// @notice S, A and U now; V is `assets - unvested`.
    function totals() external view returns (uint256 shares, uint256 assetsWei, uint256 unvestedWei);

    /// @notice C, P, the time of the last reference slot, and when a loss was announced (0: none).
    function consensus()
        external
        view
        returns (uint256 balanceWei, uint256 pendingWei, uint256 lastRefTime, uint256 announcedAt);

    /// @notice B by ACC-1.
    function bufferedWei() external view returns (uint256);

    /// @notice How much can be deposited now; 0 when closed.
    function depositableWei() external view returns (uint256);

    /// @notice Buffered ether that the queue does not need: `max(0, B - Q)`.
    function freeWei() external view returns (uint256);

    /// @notice How many validators can be staked now: 31 ETH each is free, and LIM-3 has room; 0 when closed.
    function stakeableValidators() external view returns (uint256);

    function previewReport(ReportInput calldata input) external view returns (ReportOutcome memory);

    function reportBase(uint256 refTime) external view returns (ReportBase memory);

    /// @notice The newest reference slot's timestamp that is not in the future.
    function newestRefTime() external view returns (uint256);

    /// @notice H: losses that no cover paid and that profits have not made good; profits up to it bear no fee. Below 0:
    /// profit that has borne no fee.
    function lossCarryWei() external view returns (int256);

    /// @notice K of STR-5.
    function recordWei() external view returns (uint256);

    /// @notice ACC-4.
    function isInsolvent() external view returns (bool);

    /// @notice LIM-3: the loss, besides what the stream bears, that a report may bring without an announcement.
    function lossAllowanceWei() external view returns (uint256);

    /// @notice Until when an action is paused; a time in the past means it is not. For deposits it is the later of a
    /// pause and of `depositsReopenAt`.
    function pausedUntil(Action action) external view returns (uint256);

    /// @notice STA-3: when deposits open again after a loss beyond the bucket.
    function depositsReopenAt() external view returns (uint256);

    /// @notice Ether of validators that are proven slashed since the last report (STA-7).
    function slashedWei() external view returns (uint256);

    function modules() external view returns (Modules memory);

    /// @notice The module of proofs, and the credentials of a validator that is ours (prefix 0x01).
    function verifier() external view returns (IValidatorProofs proofs, bytes32 credentials);

    /// @notice The registry holds lasting records, so it is never replaced (MOD-1).
    function REGISTRY() external view returns (address);

    function BONDS() external view returns (IOperatorBonds);

    function DEPOSIT_CONTRACT() external view returns (IDepositContract);

    function terms() external view returns (Terms memory);

    function stream() external view returns (uint256 unvestedAtStartWei, uint256 streamEnd, uint256 streamSeconds);

    function withdrawalCredentials() external view returns (bytes32);

    function FRAME_ORIGIN() external view returns (uint256);

    function FRAME_SECONDS() external view returns (uint256);
}
