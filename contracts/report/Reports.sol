// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {LibCall} from "solady/utils/LibCall.sol";
import {ICover} from "../interfaces/ICover.sol";
import {IEtherSource} from "../interfaces/IEtherSource.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {
    BPS,
    LAST_PAYOUT_FRAMES,
    REOPENING_FRAMES,
    SHARES_PER_UNIT,
    SLASHED_LIMIT_BPS,
    STALE_FRAMES,
    SWEEP_FRAMES,
    WIND_DOWN_FRAMES
} from "../rules/Constants.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";
import {Books} from "../vault/Books.sol";
import {Accounts, Outcomes} from "./Outcomes.sol";

/// @title How StakingVault applies a report, and what anyone may do when none comes
/// @notice Rules REP, LOS and STA-5 of docs/design.md. A library of its own address: the vault calls it by
/// DELEGATECALL, so that it works on the vault's books and ether. Who may call is for the vault to check, as is
/// reentrancy.
library Reports {
    using Books for Books.Stored;
    using Outcomes for Accounts;
    using Outcomes for Books.Stored;
    using SafeCast for uint256;

    /// @dev What the fund may spend to hand over cover. Bounded, and checked to be there, so that neither a broken
    /// fund stops a report nor a poster makes the call fail by sending too little gas.
    uint256 private constant COVER_GAS = 200_000;
    uint256 private constant YEAR_SECONDS = 365 days;

    // ---- with a report

    /// @notice See IStakingVault.applyReport.
    function applyReport(
        Books.Stored storage books,
        Books.Core calldata core,
        IStakingVault.ReportInput calldata input
    ) external {
        books.requireRefTime(core, input.refTime);
        Accounts memory accounts = books.accountsAt(core, input);
        if (accounts.drawn() > 0) _draw(books, core, accounts);
        _apply(books, core, input, accounts);
    }

    /// @notice See IStakingVault.previewReport.
    function preview(
        Books.Stored storage books,
        Books.Core calldata core,
        IStakingVault.ReportInput calldata input
    ) external view returns (IStakingVault.ReportOutcome memory) {
        books.requireRefTime(core, input.refTime);
        Accounts memory accounts = books.accountsAt(core, input);
        address fund = books.modules.fund;
        uint256 bondShares = _coverable(core.bonds, accounts.bondUnitsAsked()) * SHARES_PER_UNIT;
        uint256 units = accounts.coverUnitsAsked(bondShares, core.wrapped.balanceOf(fund));
        return accounts.outcomeOf(books, core, input, bondShares, _coverable(fund, units) * SHARES_PER_UNIT);
    }

    /// @notice See IStakingVault.lossAllowanceWei.
    function lossAllowanceWei(Books.Stored storage books, Books.Core calldata core) external view returns (uint256) {
        (, uint256 visibleWei) = books.sharesAndVisible();
        uint256 capacityWei = Outcomes.lossCapacity(core, visibleWei + core.queue.owedWei());
        return TokenBucket.available(books.limits.lossesFullAt, capacityWei, core.lossPeriodSeconds);
    }

    /// @notice See IStakingVault.announceLoss.
    function announce(Books.Stored storage books, Books.Core calldata core, uint256 refTime, uint256 lossWei) external {
        books.requireRefTime(core, refTime); // what could not be applied is not announced either
        books.consensus.isAnnounced = true;
        books.carry.announcedAt = block.timestamp.toUint32();
        books.limits.announcedWei = lossWei.toUint88();
        books.flow.depositsOpenUntil = 0;
        emit IStakingVault.LossAnnouncementOpened(block.timestamp, lossWei);
    }

    // ---- without one

    /// @notice See IStakingVault.finaliseWithoutReport.
    function finalise(Books.Stored storage books, Books.Core calldata core, uint256 lastTicketHint) external {
        (, uint256 index) = core.queue.pending();
        uint256 bufferedWei = books.ledger.assetsWei + core.queue.owedWei() - books.stakedWei(); // ACC-1
        (uint256 last, uint256 costWei) = core.queue.finalisable(lastTicketHint, block.timestamp, bufferedWei, index);
        if (costWei == 0) revert IStakingVault.NothingToDo();
        emit IStakingVault.TicketsFinalisedWithoutReport(last, costWei);
        core.queue.settle{value: costWei}(index, last);
    }

    /// @notice See IStakingVault.sweepWithdrawals.
    function sweep(Books.Stored storage books, Books.Core calldata core) external {
        _requireEtherRested(books, core);
        uint256 heldWei = address(core.withdrawalVault).balance;
        Books.Consensus memory consensus = books.consensus;
        uint256 fromBalanceWei = Math.min(heldWei, consensus.balanceWei);
        uint256 fromPendingGwei = Math.min((heldWei - fromBalanceWei) / 1 gwei, consensus.pendingGwei);
        uint256 amountWei = fromBalanceWei + fromPendingGwei * 1 gwei;
        if (amountWei == 0) revert IStakingVault.NothingToDo();
        consensus.balanceWei -= fromBalanceWei.toUint88();
        consensus.pendingGwei -= fromPendingGwei.toUint64();
        books.consensus = consensus;
        emit IStakingVault.Swept(amountWei, consensus.balanceWei);
        _pull(books, core.withdrawalVault, amountWei);
    }

    /// @notice See IStakingVault.windDown.
    /// @param input all that the two vaults hold, and C of 0
    /// @param lastWithdrawnAt when a payout was last proven
    function windDown(
        Books.Stored storage books,
        Books.Core calldata core,
        IStakingVault.ReportInput calldata input,
        uint256 lastWithdrawnAt
    ) external {
        Accounts memory accounts = books.accountsAt(core, input);
        // The first one waits for no sweep: whoever sweeps a wei every 2 frames would put it off for ever.
        if (accounts.expectedWei == 0) {
            if (accounts.grossWei == 0) revert IStakingVault.NothingToDo();
            _requireEtherRested(books, core);
        }
        uint256 lossWei = accounts.loss();
        if (lossWei > 0) _requireArrived(books, core, lastWithdrawnAt);
        accounts.isWindDown = true;
        emit IStakingVault.WoundDown(input.withdrawalsWei, input.rewardsWei, lossWei);
        _apply(books, core, input, accounts);
    }

    /// @dev STA-8: until then what is missing may be a deposit in the beacon chain's queue, or merged into a validator
    /// that had been paid out before.
    function _requireArrived(
        Books.Stored storage books,
        Books.Core calldata core,
        uint256 lastWithdrawnAt
    ) private view {
        uint256 depositsAt = books.consensus.lastRefTime + WIND_DOWN_FRAMES * core.frameSeconds;
        uint256 possibleAt = Math.max(depositsAt, lastWithdrawnAt + LAST_PAYOUT_FRAMES * core.frameSeconds);
        if (block.timestamp < possibleAt) revert IStakingVault.WindDownTooEarly(possibleAt, block.timestamp);
    }

    function _requireEtherRested(Books.Stored storage books, Books.Core calldata core) private view {
        uint256 nextSweepAt = books.carry.etherMovedAt + SWEEP_FRAMES * core.frameSeconds;
        if (block.timestamp < nextSweepAt) revert IStakingVault.SweepTooEarly(nextSweepAt, block.timestamp);
    }

    // ---- effects

    function _apply(
        Books.Stored storage books,
        Books.Core calldata core,
        IStakingVault.ReportInput calldata input,
        Accounts memory accounts
    ) private {
        (uint256 bondShares, uint256 coverShares) = _takeCovers(books, core, accounts);
        if (accounts.loss() > 0) {
            bool isWindDown = accounts.isWindDown;
            accounts = books.accountsAt(core, input); // read anew: the fund was called, and may have deposited
            accounts.isWindDown = isWindDown;
        }
        IStakingVault.ReportOutcome memory outcome = accounts.outcomeOf(books, core, input, bondShares, coverShares);

        _write(books, core, input, accounts, outcome);
        if (bondShares + coverShares > 0) {
            emit IERC20.Transfer(address(core.wrapped), address(0), outcome.bondWei + outcome.coverWei);
        }
        _mintFee(books, core, outcome);
        _announce(input.refTime, accounts, outcome);

        _pull(books, core.withdrawalVault, input.withdrawalsWei);
        _pull(books, core.rewardsVault, input.rewardsWei);
        core.queue.settle{value: outcome.finalisedWei}(outcome.ticketIndex, outcome.lastTicket);
    }

    /// @dev LIM-3, REP-8, STA-3: what a loss that the stream does not bear whole draws on the limits.
    function _draw(Books.Stored storage books, Books.Core calldata core, Accounts memory accounts) private {
        (uint256 fullAt, bool isBeyond) = accounts.lossesFullAfter(books, core);
        books.limits.lossesFullAt = fullAt.toUint48();
        if (!isBeyond) return;
        uint32 reopenAt = (block.timestamp + REOPENING_FRAMES * core.frameSeconds).toUint32();
        books.limits.depositsReopenAt = reopenAt;
        if (reopenAt > books.flow.depositsOpenFrom) books.flow.depositsOpenFrom = reopenAt;
    }

    /// @dev All numbers first, then one write for each slot.
    function _write(
        Books.Stored storage books,
        Books.Core calldata core,
        IStakingVault.ReportInput calldata input,
        Accounts memory accounts,
        IStakingVault.ReportOutcome memory outcome
    ) private {
        Books.Consensus memory consensus = books.consensus;
        consensus.balanceWei = accounts.consensusWei.toUint88();
        consensus.pendingGwei = (accounts.pendingWei / 1 gwei).toUint64();
        consensus.isInsolvent = accounts.isInsolvent;
        Books.Ledger memory ledger = books.ledger;
        ledger.shares = outcome.sharesAfter.toUint120();
        ledger.assetsWei = outcome.assetsAfter.toUint88();
        Books.Flow memory flow = books.flow;
        flow.unvestedWei = outcome.unvestedAfter.toUint88();
        flow.streamStart = block.timestamp.toUint32();
        flow.streamEnd = (block.timestamp + outcome.streamSeconds).toUint48();
        Books.Carry memory carry = books.carry;
        if (!accounts.isWindDown) {
            carry.announcedAt = 0;
            consensus.isAnnounced = false;
            consensus.lastRefTime = input.refTime.toUint32();
            consensus.isSlashed = consensus.isSlashed && _isSlashedAfter(books, core, input.refTime, accounts, outcome);
            bool isClosed = consensus.isInsolvent || consensus.isSlashed;
            flow.depositsOpenUntil = isClosed ? 0 : (input.refTime + STALE_FRAMES * core.frameSeconds).toUint32();
        }
        carry.lossCarryWei = SafeCast.toInt96(accounts.lossCarryWei);
        carry.recordWei = accounts.recordWei.toUint88();
        books.consensus = consensus;
        books.ledger = ledger;
        books.flow = flow;
        books.carry = carry;
    }

    /// @dev STA-7: whether later slashings keep the doors closed.
    function _isSlashedAfter(
        Books.Stored storage books,
        Books.Core calldata core,
        uint256 refTime,
        Accounts memory accounts,
        IStakingVault.ReportOutcome memory outcome
    ) private view returns (bool) {
        uint256 laterWei = books.slashedWei(refTime, block.timestamp, core.frameOrigin, core.frameSeconds);
        uint256 bearingWei = outcome.assetsAfter + accounts.owedWei - outcome.ticketsLossWei;
        return laterWei * BPS > bearingWei * SLASHED_LIMIT_BPS;
    }

    /// @dev REP-5. Shares were added to S by the outcome; here they get their holders.
    function _mintFee(
        Books.Stored storage books,
        Books.Core calldata core,
        IStakingVault.ReportOutcome memory outcome
    ) private {
        if (outcome.feeShares == 0) return;
        IStakingVault.Terms memory t = books.terms;
        uint256 protocolShares = outcome.feeShares - outcome.operatorShares;
        uint256 units = protocolShares * t.insuranceBps / BPS / SHARES_PER_UNIT;
        _mint(books, t.treasury, protocolShares - units * SHARES_PER_UNIT, outcome);
        _mint(books, core.registry, outcome.operatorShares, outcome);
        _mint(books, address(core.wrapped), units * SHARES_PER_UNIT, outcome);
        if (units > 0) core.wrapped.mintBacked(books.modules.fund, units);
    }

    function _mint(
        Books.Stored storage books,
        address to,
        uint256 shares,
        IStakingVault.ReportOutcome memory outcome
    ) private {
        if (shares == 0) return;
        books.sharesOf[to] += shares;
        emit IERC20.Transfer(address(0), to, shares * outcome.feeWei / outcome.feeShares);
    }

    function _announce(uint256 refTime, Accounts memory before, IStakingVault.ReportOutcome memory o) private {
        uint256 visibleWei = o.assetsAfter - o.unvestedAfter;
        uint256 yearly = o.streamSeconds == 0 || visibleWei == 0
            ? 0
            : o.unvestedAfter * YEAR_SECONDS * BPS / (o.streamSeconds * visibleWei);
        emit IStakingVault.Rebased(
            refTime,
            before.shares,
            before.visible(),
            o.sharesAfter,
            o.assetsAfter,
            o.unvestedAfter,
            o.streamSeconds,
            o.feeShares,
            o.operatorShares,
            yearly
        );
        if (o.lossWei == 0) return;
        emit IStakingVault.LossAbsorbed(
            refTime,
            o.lossWei,
            o.bondWei,
            o.unvestedLossWei,
            o.coverWei,
            o.holdersLossWei,
            o.ticketsLossWei,
            o.bondShares,
            o.coverShares
        );
    }

    // ---- other contracts

    /// @dev LOS-2: first the bonds, then the fund.
    function _takeCovers(
        Books.Stored storage books,
        Books.Core calldata core,
        Accounts memory accounts
    ) private returns (uint256 bondShares, uint256 coverShares) {
        if (accounts.loss() == 0) return (0, 0);
        bondShares = _takeCover(books, core, core.bonds, accounts.bondUnitsAsked());
        address fund = books.modules.fund;
        uint256 fundUnits = core.wrapped.balanceOf(fund);
        coverShares = _takeCover(books, core, fund, accounts.coverUnitsAsked(bondShares, fundUnits));
    }

    /// @dev LOS-2: what a cover hands over in this call, at most the units asked for, is burned as wkETH here and as
    /// shares by the outcome.
    function _takeCover(
        Books.Stored storage books,
        Books.Core calldata core,
        address cover,
        uint256 unitsAsked
    ) private returns (uint256 coverShares) {
        if (unitsAsked == 0) return 0;
        uint256 shares = unitsAsked * SHARES_PER_UNIT;
        uint256 heldBefore = core.wrapped.balanceOf(address(this));
        uint256 callableGas = gasleft() - gasleft() / 64;
        if (callableGas < COVER_GAS) revert IStakingVault.TooLittleGasForCover(callableGas, COVER_GAS);
        // A low-level call: what a broken fund returns is not looked at, so it cannot stop the report.
        // solhint-disable-next-line avoid-low-level-calls
        (bool answered,) = cover.call{gas: COVER_GAS}(abi.encodeCall(ICover.cover, (shares)));
        if (!answered) emit IStakingVault.CoverFailed(cover, shares);
        uint256 handedOver = core.wrapped.balanceOf(address(this)) - heldBefore;
        uint256 units = Math.min(handedOver, unitsAsked);
        if (units == 0) return 0;
        coverShares = units * SHARES_PER_UNIT;
        books.sharesOf[address(core.wrapped)] -= coverShares;
        core.wrapped.burnCover(units);
    }

    /// @dev What a cover promises; nothing when it does not answer, as in `_takeCover`.
    function _coverable(address cover, uint256 unitsAsked) private view returns (uint256 units) {
        if (unitsAsked == 0) return 0;
        bytes memory question = abi.encodeCall(ICover.coverable, (unitsAsked * SHARES_PER_UNIT));
        (bool answered,, bytes memory answer) = LibCall.tryStaticCall(cover, COVER_GAS, 32, question);
        if (!answered || answer.length < 32) return 0;
        return Math.min(abi.decode(answer, (uint256)), unitsAsked);
    }

    /// @dev Ether that leaves a source is no longer where a report of an earlier slot would look for it (STA-5).
    function _pull(Books.Stored storage books, IEtherSource source, uint256 amountWei) private {
        if (amountWei == 0) return;
        books.carry.etherMovedAt = block.timestamp.toUint32();
        uint256 expectedWei = address(this).balance + amountWei;
        source.passOn(amountWei);
        if (address(this).balance != expectedWei) revert IStakingVault.EtherMissing(address(source), amountWei);
    }
}
