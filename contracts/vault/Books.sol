// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IEtherSource} from "../interfaces/IEtherSource.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IWithdrawalQueue} from "../interfaces/IWithdrawalQueue.sol";
import {IWrappedKeelEther} from "../interfaces/IWrappedKeelEther.sol";
import {STALE_FRAMES} from "../rules/Constants.sol";
import {Pauses} from "../rules/Pauses.sol";
import {Stream} from "../rules/Stream.sol";

/// @title What StakingVault stores, and what follows from it alone
/// @notice Rules ACC, STR-1 and REP-2 of docs/design.md. The vault and the library of its reports work on the same
/// books.
library Books {
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
        uint64 pendingGwei; // P
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

    /// @dev What was sent to the deposit contract in one frame.
    struct Staked {
        uint64 amountGwei;
        uint32 validators;
    }

    struct Stored {
        Ledger ledger;
        Flow flow;
        Consensus consensus;
        Carry carry;
        IStakingVault.Terms terms; // one slot; deposits find their limit in Flow, which they read anyway
        IStakingVault.Modules modules;
        mapping(address holder => uint256 shares) sharesOf;
        /// @dev Frames are counted from the origin; a frame ends with its reference slot (REP-2).
        mapping(uint256 frame => Staked staked) stakedIn;
        /// @dev What they closed reads the end where it looks anyway.
        mapping(IStakingVault.Action action => Pauses.Pause pause) pauses;
    }

    /// @notice The vault's immutables, which a library cannot read.
    struct Core {
        address registry;
        IWithdrawalQueue queue;
        IWrappedKeelEther wrapped;
        IEtherSource withdrawalVault;
        IEtherSource rewardsVault;
        uint256 frameOrigin;
        uint256 frameSeconds;
        uint256 streamCapRayPerDay;
        uint256 maxStreamSeconds;
        uint256 maxFeeRayPerDay;
    }

    /// @notice S and V.
    function sharesAndVisible(Stored storage books) internal view returns (uint256 shares, uint256 visibleWei) {
        return (books.ledger.shares, books.ledger.assetsWei - unvestedWei(books));
    }

    /// @notice U.
    function unvestedWei(Stored storage books) internal view returns (uint256) {
        return Stream.remainingUp(books.flow.unvestedWei, books.flow.streamEnd, books.flow.streamSeconds);
    }

    /// @notice C + P.
    function stakedWei(Stored storage books) internal view returns (uint256) {
        return books.consensus.balanceWei + uint256(books.consensus.pendingGwei) * 1 gwei;
    }

    /// @notice REP-2: what was staked after a reference slot. Staking closes 3 frames after the last one, so there is
    /// nothing beyond and at most 3 reads, usually one.
    function stakedAfter(
        Stored storage books,
        uint256 refTime,
        uint256 frameOrigin,
        uint256 frameSeconds
    ) internal view returns (uint256 amountWei, uint256 validators) {
        uint256 lastRefTime = books.consensus.lastRefTime;
        uint256 last = Math.min(
            frameOf(lastRefTime, frameOrigin, frameSeconds) + STALE_FRAMES,
            frameOf(block.timestamp, frameOrigin, frameSeconds)
        );
        uint256 first = frameOf(Math.max(refTime, lastRefTime), frameOrigin, frameSeconds) + 1; // older is in C
        for (uint256 frame = first; frame <= last; ++frame) {
            Staked memory staked = books.stakedIn[frame];
            amountWei += uint256(staked.amountGwei) * 1 gwei;
            validators += staked.validators;
        }
    }

    /// @notice The frame that a moment belongs to: the one whose reference slot is the next, or is now.
    function frameOf(uint256 time, uint256 frameOrigin, uint256 frameSeconds) internal pure returns (uint256) {
        return Math.ceilDiv(time - frameOrigin, frameSeconds);
    }
}
