// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IEtherSource} from "../interfaces/IEtherSource.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IWithdrawalQueue} from "../interfaces/IWithdrawalQueue.sol";
import {IWrappedKeelEther} from "../interfaces/IWrappedKeelEther.sol";
import {DEAD_FRAMES, STALE_FRAMES} from "../rules/Constants.sol";
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

    /// @dev Read by whatever needs the rate, and all that a deposit reads besides the ledger; written by reports,
    /// announcements, pauses and terms. Times of 32 bits fit until the year 2106.
    struct Flow {
        uint88 unvestedWei; // at the start of the stream
        uint48 streamEnd;
        uint32 streamStart;
        uint32 depositsOpenUntil; // 3 frames after the last reference slot; 0 after an announcement or insolvency
        uint32 depositsOpenFrom; // the later of a pause's end and `depositsReopenAt`
        uint24 depositLimitEther;
    }

    /// @dev Read by reports, staking and whoever asks for the state; written by reports, staking and slashings.
    struct Consensus {
        uint88 balanceWei; // C
        uint64 pendingGwei; // P
        uint32 stakedValidators; // ever
        uint32 lastRefTime;
        bool isAnnounced; // REP-8
        bool isSlashed; // STA-7
        bool isInsolvent; // ACC-4: once it was, it stays
    }

    /// @dev Read and written by reports; staking reads K, a sweep writes when ether moved.
    struct Carry {
        int96 lossCarryWei; // H
        uint88 recordWei; // K
        uint32 etherMovedAt; // last pull by a report or sweep
        uint32 announcedAt; // 0: no loss is
    }

    /// @dev Read and written by staking, by pauses, and by reports only where the stream does not bear a loss whole.
    struct Limits {
        uint88 announcedWei; // REP-8
        uint48 lossesFullAt; // TokenBucket ticks, like the next one
        uint48 stakesFullAt;
        uint32 stakingPausedUntil;
        uint32 depositsReopenAt; // STA-3: 7 frames after a loss beyond the bucket
    }

    /// @dev What one frame brought: what was sent to the deposit contract, and what is proven slashed.
    struct Frame {
        uint64 stakedGwei;
        uint32 validators;
        uint64 slashedGwei;
    }

    struct Stored {
        Ledger ledger;
        Flow flow;
        Consensus consensus;
        Carry carry;
        Limits limits;
        IStakingVault.Terms terms; // one slot; deposits find their limit in Flow, which they read anyway
        IStakingVault.Modules modules;
        mapping(address holder => uint256 shares) sharesOf;
        /// @dev Frames are counted from the origin; a frame ends with its reference slot (REP-2).
        mapping(uint256 number => Frame frame) frames;
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
        address bonds;
        uint256 frameOrigin;
        uint256 frameSeconds;
        uint256 streamCapRayPerDay;
        uint256 maxFeeRayPerDay;
        uint256 lossLimitBps;
        uint256 lossPeriodSeconds;
    }

    /// @notice S and V.
    function sharesAndVisible(Stored storage books) internal view returns (uint256 shares, uint256 visibleWei) {
        return (books.ledger.shares, books.ledger.assetsWei - unvestedWei(books));
    }

    /// @notice U.
    function unvestedWei(Stored storage books) internal view returns (uint256) {
        return Stream.remainingUp(books.flow.unvestedWei, books.flow.streamStart, books.flow.streamEnd);
    }

    /// @notice C + P.
    function stakedWei(Stored storage books) internal view returns (uint256) {
        return books.consensus.balanceWei + uint256(books.consensus.pendingGwei) * 1 gwei;
    }

    /// @notice REP-2: what was staked after a reference slot, as far as no sweep took it from P (STA-5). Staking closes
    /// 3 frames after the last one, so there is nothing beyond and at most 3 reads, usually one.
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
            Frame memory brought = books.frames[frame];
            amountWei += uint256(brought.stakedGwei) * 1 gwei;
            validators += brought.validators;
        }
        amountWei = Math.min(amountWei, uint256(books.consensus.pendingGwei) * 1 gwei);
    }

    /// @notice STA-7: balances of validators that are proven slashed in the frames after `fromTime`, up to the one of
    /// `toTime`; at most the last 14 of these.
    function slashedWei(
        Stored storage books,
        uint256 fromTime,
        uint256 toTime,
        uint256 frameOrigin,
        uint256 frameSeconds
    ) internal view returns (uint256 amountWei) {
        uint256 last = frameOf(toTime, frameOrigin, frameSeconds);
        uint256 first = frameOf(fromTime, frameOrigin, frameSeconds) + 1;
        for (uint256 frame = Math.max(first, Math.saturatingSub(last + 1, DEAD_FRAMES)); frame <= last; ++frame) {
            amountWei += uint256(books.frames[frame].slashedGwei) * 1 gwei;
        }
    }

    /// @notice The frame that a moment belongs to: the one whose reference slot is the next, or is now.
    function frameOf(uint256 time, uint256 frameOrigin, uint256 frameSeconds) internal pure returns (uint256) {
        return Math.ceilDiv(time - frameOrigin, frameSeconds);
    }
}
