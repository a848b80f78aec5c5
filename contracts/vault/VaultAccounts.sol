// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IWithdrawalQueue} from "../interfaces/IWithdrawalQueue.sol";
import {Solvency} from "../rules/Solvency.sol";
import {Stream} from "../rules/Stream.sol";
import {KeelEther} from "../tokens/KeelEther.sol";

/// @title The accounts of StakingVault: what is stored, and what follows from it
/// @notice Rules ACC, STR-1, STA and REP-2 of docs/design.md.
abstract contract VaultAccounts is IStakingVault, KeelEther {
    using SafeCast for uint256;

    /// @dev Written by whatever moves S or A; a deposit writes nothing else here, its limit is in the same slot.
    struct Ledger {
        uint120 shares; // S
        uint88 assetsWei; // A
        uint48 depositsFullAt; // TokenBucket ticks
    }

    /// @dev Read by whatever needs the rate; written by reports, announcements, pauses and terms. Times fit until the
    /// year 2106.
    struct Flow {
        uint88 unvestedWei; // at the start of the stream
        uint32 streamEnd;
        uint24 streamSeconds;
        uint32 depositsOpenUntil; // STA-3: 3 frames after the last reference slot; 0 while a loss is announced
        uint32 depositsPausedUntil;
        uint48 depositLimitGwei;
    }

    /// @dev Read by reports, staking and instant redemption; written by reports and staking.
    struct Consensus {
        uint88 balanceWei; // C
        uint32 pendingValidators; // P, at 32 ETH each
        uint32 stakedValidators; // ever
        uint32 lastRefTime;
        uint32 announcedAt;
    }

    /// @dev Read by reports; staking reads its pause.
    struct Carry {
        uint88 lossCarryWei;
        uint32 etherMovedAt; // last pull by a report or sweep
        uint32 stakingPausedUntil;
    }

    uint256 internal constant SHARES_PER_WEI = 1e9;
    uint256 internal constant SHARES_PER_UNIT = 1e9;
    uint256 internal constant VALIDATOR_WEI = 32 ether;
    uint256 internal constant STALE_FRAMES = 3;
    uint256 internal constant DEAD_FRAMES = 14;
    /// @dev STA-5: between two sweeps lies a reference slot with a frame of time to report it.
    uint256 internal constant SWEEP_FRAMES = 2;

    /// @inheritdoc IStakingVault
    uint256 public immutable FRAME_ORIGIN;
    /// @inheritdoc IStakingVault
    uint256 public immutable FRAME_SECONDS;
    IWithdrawalQueue public immutable QUEUE;

    Ledger internal _ledger;
    Flow internal _flow;
    Consensus internal _consensus;
    Carry internal _carry;
    /// @dev Validators staked in each frame, counted from FRAME_ORIGIN; a frame ends with its reference slot (REP-2).
    mapping(uint256 frame => uint256 validators) internal _stakedIn;

    constructor(uint256 frameOrigin, uint256 frameSeconds, address queue) {
        if (frameOrigin > block.timestamp) revert RefTimeInFuture(frameOrigin, block.timestamp);
        if (frameSeconds == 0) revert ParameterOutOfBounds("frameSeconds", 0, 1);
        FRAME_ORIGIN = frameOrigin;
        FRAME_SECONDS = frameSeconds;
        QUEUE = IWithdrawalQueue(queue);
        _ledger = Ledger({shares: (1 ether * SHARES_PER_WEI).toUint120(), assetsWei: 1 ether, depositsFullAt: 0});
        _consensus.lastRefTime = newestRefTime().toUint32();
        _flow.depositsOpenUntil = (newestRefTime() + STALE_FRAMES * frameSeconds).toUint32();
    }

    /// @inheritdoc IStakingVault
    function state() public view returns (State) {
        uint256 lastRefTime = _consensus.lastRefTime;
        uint256 age = block.timestamp - lastRefTime;
        if (age >= DEAD_FRAMES * FRAME_SECONDS) return State.Dead;
        if (age >= STALE_FRAMES * FRAME_SECONDS) return State.Stale;
        if (_consensus.announcedAt != 0) return State.Announced;
        return newestRefTime() > lastRefTime ? State.Awaiting : State.Normal;
    }

    /// @inheritdoc IStakingVault
    function newestRefTime() public view returns (uint256) {
        return block.timestamp - (block.timestamp - FRAME_ORIGIN) % FRAME_SECONDS;
    }

    /// @inheritdoc IStakingVault
    function totals() public view returns (uint256 shares, uint256 assetsWei, uint256 unvestedWei) {
        return (_ledger.shares, _ledger.assetsWei, _unvested());
    }

    /// @inheritdoc IStakingVault
    function consensus()
        external
        view
        returns (uint256 balanceWei, uint256 pendingWei, uint256 lastRefTime, uint256 announcedAt)
    {
        Consensus memory c = _consensus;
        return (c.balanceWei, c.pendingValidators * VALIDATOR_WEI, c.lastRefTime, c.announcedAt);
    }

    /// @inheritdoc IStakingVault
    function stream() external view returns (uint256 unvestedAtStartWei, uint256 streamEnd, uint256 streamSeconds) {
        return (_flow.unvestedWei, _flow.streamEnd, _flow.streamSeconds);
    }

    /// @inheritdoc IStakingVault
    function lossCarryWei() external view returns (uint256) {
        return _carry.lossCarryWei;
    }

    /// @inheritdoc IStakingVault
    function bufferedWei() public view returns (uint256) {
        return _ledger.assetsWei + _owedWei() - _stakedWei();
    }

    /// @inheritdoc IStakingVault
    /// @dev By ACC-1 it is `A - C - P`, so the queue need not be asked.
    function freeWei() public view returns (uint256) {
        return Math.saturatingSub(_ledger.assetsWei, _stakedWei());
    }

    /// @inheritdoc IStakingVault
    function reportBase(uint256 refTime) external view returns (ReportBase memory) {
        uint256 later = _stakedAfter(refTime);
        return ReportBase({
            expectedWei: _stakedWei() - later * VALIDATOR_WEI,
            totalWei: _ledger.assetsWei + _owedWei(),
            lastRefTime: _consensus.lastRefTime,
            stakedValidators: _consensus.stakedValidators - later,
            announcedAt: _consensus.announcedAt
        });
    }

    /// @dev REP-2: validators staked after a reference slot. Staking closes 3 frames after the last one, so there is
    /// nothing beyond and at most 3 reads.
    function _stakedAfter(uint256 refTime) internal view returns (uint256 validators) {
        uint256 lastRefTime = _consensus.lastRefTime;
        uint256 last = _frameOf(lastRefTime) + STALE_FRAMES;
        uint256 first = _frameOf(Math.max(refTime, lastRefTime)) + 1; // what is older is in C
        for (uint256 frame = first; frame <= last; ++frame) {
            validators += _stakedIn[frame];
        }
    }

    /// @dev The frame that a moment belongs to: the one whose reference slot is the next, or is now.
    function _frameOf(uint256 time) internal view returns (uint256) {
        return Math.ceilDiv(time - FRAME_ORIGIN, FRAME_SECONDS);
    }

    /// @dev C + P.
    function _stakedWei() internal view returns (uint256) {
        return _consensus.balanceWei + _consensus.pendingValidators * VALIDATOR_WEI;
    }

    function _owedWei() internal view returns (uint256) {
        return QUEUE.owedWei();
    }

    function _sharesAndVisible() internal view override returns (uint256 shares, uint256 visibleWei) {
        return (_ledger.shares, _ledger.assetsWei - _unvested());
    }

    function _requireSolvent(uint256 shares, uint256 visibleWei) internal pure {
        if (Solvency.isInsolvent(shares, visibleWei)) revert Insolvent(visibleWei, shares);
    }

    function _unvested() internal view returns (uint256) {
        return Stream.remainingUp(_flow.unvestedWei, _flow.streamEnd, _flow.streamSeconds);
    }
}
