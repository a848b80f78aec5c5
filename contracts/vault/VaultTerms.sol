// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {VaultAccounts} from "./VaultAccounts.sol";

/// @title What roles may change in StakingVault, and its bounds
/// @notice Rules STA-4, LIM-3 and REP-5 of docs/design.md.
abstract contract VaultTerms is VaultAccounts, AccessManaged {
    using SafeCast for uint256;

    uint256 internal constant BPS = 10_000;
    uint256 internal constant MAX_FEE_BPS = 2000;
    uint256 public immutable MAX_PAUSE_SECONDS;

    Modules internal _modules;
    /// @dev One slot, read by reports. Deposits find their limit in Flow, which they read anyway.
    Terms internal _terms;

    constructor(Init memory init) AccessManaged(init.authority) {
        MAX_PAUSE_SECONDS = init.maxPauseSeconds;
        _setModules(init.modules);
        _setTerms(init.terms);
    }

    /// @inheritdoc IStakingVault
    function pause(Action action, uint256 seconds_) external restricted {
        if (seconds_ > MAX_PAUSE_SECONDS) revert PauseTooLong(seconds_, MAX_PAUSE_SECONDS);
        uint32 until = (block.timestamp + seconds_).toUint32();
        if (action == Action.Deposit) _flow.depositsPausedUntil = until;
        else _carry.stakingPausedUntil = until;
        emit Paused(action, until);
    }

    /// @inheritdoc IStakingVault
    function setModules(Modules calldata modules_) external restricted {
        _setModules(modules_);
    }

    /// @inheritdoc IStakingVault
    function setTerms(Terms calldata terms_) external restricted {
        _setTerms(terms_);
    }

    function _setModules(Modules memory m) private {
        if (m.oracle == address(0) || m.registry == address(0) || m.fund == address(0)) revert ModuleMissing(m);
        _modules = m;
        emit ModulesSet(m.oracle, m.registry, m.fund);
    }

    function _setTerms(Terms memory t) private {
        _requireReceiver(t.treasury);
        if (t.feeBps > MAX_FEE_BPS) revert FeeTooHigh(t.feeBps, MAX_FEE_BPS);
        uint256 givenBps = uint256(t.treasuryBps) + t.insuranceBps;
        if (givenBps > BPS) revert FeeOverspent(givenBps, BPS);
        _terms = t;
        _flow.depositLimitGwei = t.depositLimitGwei;
        emit TermsSet(t);
    }

    /// @inheritdoc IStakingVault
    function pausedUntil(Action action) public view returns (uint256) {
        return action == Action.Deposit ? _flow.depositsPausedUntil : _carry.stakingPausedUntil;
    }

    /// @inheritdoc IStakingVault
    function modules() external view returns (Modules memory) {
        return _modules;
    }

    /// @inheritdoc IStakingVault
    function terms() external view returns (Terms memory t) {
        t = _terms;
        t.depositLimitGwei = _flow.depositLimitGwei; // the one that deposits obey
    }
}
