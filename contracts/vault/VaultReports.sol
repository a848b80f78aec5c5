// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {LibCall} from "solady/utils/LibCall.sol";
import {IEtherSource} from "../interfaces/IEtherSource.sol";
import {IInsuranceFund} from "../interfaces/IInsuranceFund.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IWrappedKeelEther} from "../interfaces/IWrappedKeelEther.sol";
import {Accounts, Books, ProfitTerms} from "../rules/Books.sol";
import {Claims} from "../rules/Claims.sol";
import {VaultTerms} from "./VaultTerms.sol";

/// @title How StakingVault applies a report, and what anyone may do when none comes
/// @notice Rules REP, LOS, STR and STA-5 of docs/design.md.
abstract contract VaultReports is VaultTerms, ReentrancyGuardTransient {
    using Books for Accounts;
    using SafeCast for uint256;

    /// @dev What the fund may spend to hand over cover. Bounded, and checked to be there, so that neither a broken
    /// fund stops a report nor a poster makes the call fail by sending too little gas.
    uint256 private constant COVER_GAS = 200_000;
    uint256 private constant YEAR_SECONDS = 365 days;

    IWrappedKeelEther public immutable WRAPPED;
    IEtherSource public immutable WITHDRAWAL_VAULT;
    IEtherSource public immutable REWARDS_VAULT;
    uint256 public immutable STREAM_CAP_RAY_PER_DAY;
    uint256 public immutable MAX_STREAM_SECONDS;
    uint256 public immutable MAX_FEE_RAY_PER_DAY;

    constructor(Init memory init) {
        if (init.maxStreamSeconds > type(uint24).max) {
            revert ParameterOutOfBounds("maxStreamSeconds", init.maxStreamSeconds, type(uint24).max);
        }
        if (init.streamCapRayPerDay == 0) revert ParameterOutOfBounds("streamCapRayPerDay", 0, 1);
        WRAPPED = IWrappedKeelEther(init.wrapped);
        WITHDRAWAL_VAULT = IEtherSource(init.withdrawalVault);
        REWARDS_VAULT = IEtherSource(init.rewardsVault);
        STREAM_CAP_RAY_PER_DAY = init.streamCapRayPerDay;
        MAX_STREAM_SECONDS = init.maxStreamSeconds;
        MAX_FEE_RAY_PER_DAY = init.maxFeeRayPerDay;
    }

    /// @inheritdoc IStakingVault
    function applyReport(ReportInput calldata input) external nonReentrant {
        _requireOracle();
        _requireRefTime(input.refTime);
        Accounts memory accounts = _accountsAt(input.refTime);
        uint256 coverShares;
        uint256 neededShares = accounts.coverNeeded(_gross(input));
        if (neededShares > 0) {
            coverShares = _takeCover(neededShares);
            accounts = _accountsAt(input.refTime); // read anew: the fund was called, and may have deposited
        }
        ReportOutcome memory outcome = _outcome(input, accounts, coverShares);
        _write(input, accounts, outcome);
        if (coverShares > 0) emit Transfer(address(WRAPPED), address(0), outcome.coverWei);
        _mintFee(outcome);
        _announce(input.refTime, accounts, outcome);
        _pull(WITHDRAWAL_VAULT, input.withdrawalsWei);
        _pull(REWARDS_VAULT, input.rewardsWei);
        QUEUE.settle{value: outcome.finalisedWei}(outcome.ticketIndex, outcome.lastTicket);
    }

    /// @inheritdoc IStakingVault
    function announceLoss(uint256 refTime) external {
        _requireOracle();
        _requireRefTime(refTime); // what could not be applied is not announced either
        _consensus.announcedAt = block.timestamp.toUint32();
        _flow.depositsOpenUntil = 0;
        emit LossAnnouncementOpened(block.timestamp);
    }

    /// @inheritdoc IStakingVault
    function finaliseWithoutReport(uint256 lastTicketHint) external nonReentrant {
        _requireDead();
        uint256 announcedAt = _consensus.announcedAt;
        if (announcedAt != 0) revert AnnouncementOpen(announcedAt);
        (, uint256 index) = QUEUE.pending();
        (uint256 last, uint256 costWei) = QUEUE.finalisable(lastTicketHint, block.timestamp, bufferedWei(), index);
        if (costWei == 0) revert NothingToDo();
        emit TicketsFinalisedWithoutReport(last, costWei);
        QUEUE.settle{value: costWei}(index, last);
    }

    /// @inheritdoc IStakingVault
    function sweepWithdrawals() external nonReentrant {
        _requireDead();
        uint256 nextSweepAt = _carry.etherMovedAt + SWEEP_FRAMES * FRAME_SECONDS;
        if (block.timestamp < nextSweepAt) revert SweepTooEarly(nextSweepAt, block.timestamp);
        uint256 balanceWei = _consensus.balanceWei;
        uint256 amountWei = Math.min(address(WITHDRAWAL_VAULT).balance, balanceWei);
        if (amountWei == 0) revert NothingToDo();
        _consensus.balanceWei = (balanceWei - amountWei).toUint88();
        emit Swept(amountWei, balanceWei - amountWei);
        _pull(WITHDRAWAL_VAULT, amountWei);
    }

    /// @inheritdoc IStakingVault
    function receiveWithdrawals() external payable {
        _requireCaller(address(WITHDRAWAL_VAULT));
    }

    /// @inheritdoc IStakingVault
    function receiveRewards() external payable {
        _requireCaller(address(REWARDS_VAULT));
    }

    /// @dev Ether that leaves a source is no longer where a report of an earlier slot would look for it (STA-5).
    function _pull(IEtherSource source, uint256 amountWei) private {
        if (amountWei == 0) return;
        _carry.etherMovedAt = block.timestamp.toUint32();
        uint256 expectedWei = address(this).balance + amountWei;
        source.passOn(amountWei);
        if (address(this).balance != expectedWei) revert EtherMissing(address(source), amountWei);
    }

    /// @dev LOS-2: what the fund hands over in this call, at most whole units for `shares`, is burned as wkETH here
    /// and as shares by the caller's accounts.
    function _takeCover(uint256 shares) private returns (uint256 coverShares) {
        uint256 heldBefore = WRAPPED.balanceOf(address(this));
        address fund = _modules.fund;
        uint256 callableGas = gasleft() - gasleft() / 64;
        if (callableGas < COVER_GAS) revert TooLittleGasForCover(callableGas, COVER_GAS);
        // A low-level call: what a broken fund returns is not looked at, so it cannot stop the report.
        // solhint-disable-next-line avoid-low-level-calls
        (bool answered,) = fund.call{gas: COVER_GAS}(abi.encodeCall(IInsuranceFund.cover, (shares)));
        if (!answered) emit CoverFailed(fund, shares);
        uint256 handedOver = WRAPPED.balanceOf(address(this)) - heldBefore;
        uint256 units = Math.min(handedOver, Math.ceilDiv(shares, SHARES_PER_UNIT));
        if (units == 0) return 0;
        coverShares = units * SHARES_PER_UNIT;
        _debit(address(WRAPPED), coverShares);
        WRAPPED.burnCover(units);
    }

    function _write(ReportInput calldata input, Accounts memory accounts, ReportOutcome memory outcome) private {
        uint32 pendingValidators = _stakedAfter(input.refTime).toUint32();
        _consensus.balanceWei = input.consensusBalanceWei.toUint88();
        _consensus.pendingValidators = pendingValidators;
        _consensus.lastRefTime = input.refTime.toUint32();
        _consensus.announcedAt = 0;
        _ledger.shares = outcome.sharesAfter.toUint120();
        _ledger.assetsWei = outcome.assetsAfter.toUint88();
        if (_carry.lossCarryWei != accounts.lossCarryWei) _carry.lossCarryWei = accounts.lossCarryWei.toUint88();
        _flow.unvestedWei = outcome.unvestedAfter.toUint88();
        _flow.streamEnd = (block.timestamp + outcome.streamSeconds).toUint32();
        _flow.streamSeconds = outcome.streamSeconds.toUint24();
        _flow.depositsOpenUntil = (input.refTime + STALE_FRAMES * FRAME_SECONDS).toUint32();
    }

    /// @dev REP-5. Shares were added to S by the outcome; here they get their holders.
    function _mintFee(ReportOutcome memory outcome) private {
        if (outcome.feeShares == 0) return;
        Terms memory t = _terms;
        Modules memory m = _modules;
        uint256 units = outcome.feeShares * t.insuranceBps / BPS / SHARES_PER_UNIT;
        uint256 operatorShares = outcome.feeShares * (BPS - t.treasuryBps - t.insuranceBps) / BPS;
        uint256 treasuryShares = outcome.feeShares - operatorShares - units * SHARES_PER_UNIT;
        _mint(t.treasury, treasuryShares, outcome);
        _mint(m.registry, operatorShares, outcome);
        _mint(address(WRAPPED), units * SHARES_PER_UNIT, outcome);
        if (units > 0) WRAPPED.mintFor(m.fund, units);
    }

    function _mint(address to, uint256 shares, ReportOutcome memory outcome) private {
        if (shares == 0) return;
        sharesOf[to] += shares;
        emit Transfer(address(0), to, shares * outcome.feeWei / outcome.feeShares);
    }

    function _announce(uint256 refTime, Accounts memory before, ReportOutcome memory o) private {
        uint256 visibleWei = o.assetsAfter - o.unvestedAfter;
        uint256 yearly = o.streamSeconds == 0 || visibleWei == 0
            ? 0
            : o.unvestedAfter * YEAR_SECONDS * BPS / (o.streamSeconds * visibleWei);
        emit Rebased(
            refTime,
            before.shares,
            before.visible(),
            o.sharesAfter,
            o.assetsAfter,
            o.unvestedAfter,
            o.streamSeconds,
            o.feeShares,
            yearly
        );
        if (o.lossWei > 0) {
            emit LossAbsorbed(
                refTime,
                o.lossWei,
                o.unvestedLossWei,
                o.coverWei,
                o.holdersLossWei,
                o.ticketsLossWei,
                o.coverShares
            );
        }
    }

    function _requireOracle() private view {
        _requireCaller(_modules.oracle);
    }

    function _requireCaller(address expected) internal view {
        if (msg.sender != expected) revert OnlyProtocol(msg.sender, expected);
    }

    function _requireDead() private view {
        State s = state();
        if (s != State.Dead) revert StateNotDead(s);
    }

    function _requireRefTime(uint256 refTime) private view {
        if (refTime > block.timestamp) revert RefTimeInFuture(refTime, block.timestamp);
        uint256 laterThan = Math.max(_consensus.lastRefTime, _carry.etherMovedAt);
        if (refTime <= laterThan) revert RefTimeTooEarly(refTime, laterThan);
        uint256 past = (refTime - FRAME_ORIGIN) % FRAME_SECONDS;
        if (past != 0) revert RefTimeNotBoundary(refTime, refTime - past);
    }

    /// @inheritdoc IStakingVault
    function previewReport(ReportInput calldata input) external view returns (ReportOutcome memory) {
        _requireRefTime(input.refTime);
        Accounts memory accounts = _accountsAt(input.refTime);
        uint256 needed = accounts.coverNeeded(_gross(input));
        return _outcome(input, accounts, needed == 0 ? 0 : _coverable(needed) * SHARES_PER_UNIT);
    }

    /// @dev What the fund promises; nothing when it does not answer, as in `_takeCover`.
    function _coverable(uint256 shares) private view returns (uint256 units) {
        bytes memory question = abi.encodeCall(IInsuranceFund.coverable, (shares));
        (bool answered,, bytes memory answer) = LibCall.tryStaticCall(_modules.fund, COVER_GAS, 32, question);
        if (!answered || answer.length < 32) return 0;
        return Math.min(abi.decode(answer, (uint256)), Math.ceilDiv(shares, SHARES_PER_UNIT));
    }

    function _accountsAt(uint256 refTime) private view returns (Accounts memory a) {
        (a.shares, a.assetsWei, a.unvestedWei) = totals();
        (a.normalised, a.index) = QUEUE.pending();
        a.owedWei = Claims.owedUp(a.normalised, a.index);
        a.expectedWei = _stakedWei() - _stakedAfter(refTime) * VALIDATOR_WEI;
        a.coveredSeconds = refTime - _consensus.lastRefTime;
        a.lossCarryWei = _carry.lossCarryWei;
    }

    /// @dev REP-9: the one function behind `applyReport` and `previewReport`. Leaves the new lossCarry in `accounts`,
    /// whose other terms stay as they were before.
    function _outcome(
        ReportInput calldata input,
        Accounts memory accounts,
        uint256 coverShares
    ) private view returns (ReportOutcome memory o) {
        uint256 grossWei = _gross(input);
        if (grossWei >= accounts.expectedWei) {
            o = accounts.earn(_profitTerms(), grossWei - accounts.expectedWei, input.feelessWei);
        } else {
            o = accounts.absorb(accounts.expectedWei - grossWei, coverShares);
            if (o.unvestedAfter > 0) o.streamSeconds = _flow.streamEnd - block.timestamp; // STR-4
        }
        uint256 stakedAfterWei = input.consensusBalanceWei + _stakedAfter(input.refTime) * VALIDATOR_WEI;
        uint256 budgetWei = o.assetsAfter + accounts.owedWei - o.ticketsLossWei - stakedAfterWei;
        (o.lastTicket, o.finalisedWei) =
            QUEUE.finalisable(input.lastTicketHint, input.refTime, budgetWei, o.ticketIndex);
    }

    function _profitTerms() private view returns (ProfitTerms memory) {
        return ProfitTerms({
            feeBps: _terms.feeBps,
            maxFeeRayPerDay: MAX_FEE_RAY_PER_DAY,
            frameSeconds: FRAME_SECONDS,
            streamCapRayPerDay: STREAM_CAP_RAY_PER_DAY,
            maxStreamSeconds: MAX_STREAM_SECONDS
        });
    }

    /// @dev REP-3.
    function _gross(ReportInput calldata input) private pure returns (uint256) {
        return input.consensusBalanceWei + input.withdrawalsWei + input.rewardsWei;
    }
}
