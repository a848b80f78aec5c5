// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IDepositContract} from "../interfaces/IDepositContract.sol";
import {IEtherSource} from "../interfaces/IEtherSource.sol";
import {IKeelEther} from "../interfaces/IKeelEther.sol";
import {IOperatorBonds} from "../interfaces/IOperatorBonds.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IValidatorProofs} from "../interfaces/IValidatorProofs.sol";
import {IWithdrawalQueue} from "../interfaces/IWithdrawalQueue.sol";
import {IWrappedKeelEther} from "../interfaces/IWrappedKeelEther.sol";
import {Reports} from "../report/Reports.sol";
import {
    BPS,
    DEAD_FRAMES,
    LIMIT_PERIOD,
    RAY,
    STALE_FRAMES,
    TOP_UP_WEI,
    UNVESTED_FLOOR_WEI,
    UNVESTED_LIMIT_BPS,
    VALIDATOR_WEI
} from "../rules/Constants.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";
import {Permit} from "../tokens/Permit.sol";
import {Books} from "./Books.sol";

/// @title What StakingVault holds and what it answers; nothing here writes after construction
/// @notice Rules ACC, SHR, LIM-2 and STA of docs/design.md.
abstract contract VaultViews is IStakingVault, Permit {
    using Books for Books.Stored;

    string public constant name = "Keel Ether";
    string public constant symbol = "kETH";
    uint8 public constant decimals = 18;

    /// @dev Execution-address credentials, 0x01 (consensus specs, Capella).
    uint256 private constant CREDENTIALS_PREFIX = 0x01 << 248;

    IWrappedKeelEther public immutable WRAPPED;
    IWithdrawalQueue public immutable QUEUE;
    IEtherSource public immutable WITHDRAWAL_VAULT;
    IEtherSource public immutable REWARDS_VAULT;
    /// @inheritdoc IStakingVault
    IDepositContract public immutable DEPOSIT_CONTRACT;
    address public immutable INSTANT_REDEMPTION;
    /// @inheritdoc IStakingVault
    IOperatorBonds public immutable BONDS;
    /// @inheritdoc IStakingVault
    address public immutable REGISTRY;
    /// @inheritdoc IStakingVault
    uint256 public immutable FRAME_ORIGIN;
    /// @inheritdoc IStakingVault
    uint256 public immutable FRAME_SECONDS;
    uint256 public immutable STREAM_CAP_RAY_PER_DAY;
    uint256 public immutable MAX_FEE_RAY_PER_DAY;
    uint256 public immutable LOSS_LIMIT_BPS;
    uint256 public immutable LOSS_PERIOD_SECONDS;
    uint256 public immutable STAKE_LIMIT_BPS;
    uint256 public immutable STAKE_FLOOR_WEI;
    uint256 public immutable MAX_PAUSE_SECONDS;

    Books.Stored internal _books;

    constructor(Init memory init) EIP712("Keel Ether", "1") {
        _requireAddresses(init);
        if (init.frameOrigin > block.timestamp) revert RefTimeInFuture(init.frameOrigin, block.timestamp);
        _requireWithin("frameSeconds", init.frameSeconds, 365 days);
        _requireWithin("streamCapRayPerDay", init.streamCapRayPerDay, RAY);
        _requireWithin("maxFeeRayPerDay", init.maxFeeRayPerDay, RAY);
        _requireWithin("lossLimitBps", init.lossLimitBps, BPS);
        _requireWithin("lossPeriodSeconds", init.lossPeriodSeconds, 365 days);
        _requireWithin("stakeLimitBps", init.stakeLimitBps, BPS);
        _requireWithin("stakeFloorWei", init.stakeFloorWei, type(uint88).max);
        WRAPPED = IWrappedKeelEther(init.wrapped);
        QUEUE = IWithdrawalQueue(init.queue);
        WITHDRAWAL_VAULT = IEtherSource(init.withdrawalVault);
        REWARDS_VAULT = IEtherSource(init.rewardsVault);
        DEPOSIT_CONTRACT = IDepositContract(init.depositContract);
        INSTANT_REDEMPTION = init.instantRedemption;
        BONDS = IOperatorBonds(init.bonds);
        REGISTRY = init.registry;
        FRAME_ORIGIN = init.frameOrigin;
        FRAME_SECONDS = init.frameSeconds;
        STREAM_CAP_RAY_PER_DAY = init.streamCapRayPerDay;
        MAX_FEE_RAY_PER_DAY = init.maxFeeRayPerDay;
        LOSS_LIMIT_BPS = init.lossLimitBps;
        LOSS_PERIOD_SECONDS = init.lossPeriodSeconds;
        STAKE_LIMIT_BPS = init.stakeLimitBps;
        STAKE_FLOOR_WEI = init.stakeFloorWei;
        MAX_PAUSE_SECONDS = init.maxPauseSeconds;
    }

    // ---- kETH

    /// @inheritdoc IKeelEther
    function sharesOf(address holder) external view returns (uint256) {
        return _books.sharesOf[holder];
    }

    function balanceOf(address holder) external view returns (uint256) {
        return toAssetsDown(_books.sharesOf[holder]);
    }

    /// @notice V: all shares together, rounded as no single balance is.
    function totalSupply() external view returns (uint256 visibleWei) {
        (, visibleWei) = _books.sharesAndVisible();
    }

    /// @inheritdoc IKeelEther
    function totalShares() external view returns (uint256) {
        return _books.ledger.shares;
    }

    /// @inheritdoc IKeelEther
    function toSharesDown(uint256 assetsWei) public view returns (uint256) {
        (uint256 total, uint256 visibleWei) = _books.sharesAndVisible();
        return visibleWei == 0 ? 0 : assetsWei * total / visibleWei;
    }

    /// @inheritdoc IKeelEther
    function toSharesUp(uint256 assetsWei) public view returns (uint256) {
        (uint256 total, uint256 visibleWei) = _books.sharesAndVisible();
        if (assetsWei == 0) return 0;
        if (visibleWei == 0) revert Insolvent(visibleWei, total);
        return Math.ceilDiv(assetsWei * total, visibleWei);
    }

    /// @inheritdoc IKeelEther
    function toAssetsDown(uint256 shares) public view returns (uint256) {
        (uint256 total, uint256 visibleWei) = _books.sharesAndVisible();
        return shares * visibleWei / total;
    }

    /// @inheritdoc IKeelEther
    function toAssetsUp(uint256 shares) public view returns (uint256) {
        (uint256 total, uint256 visibleWei) = _books.sharesAndVisible();
        return Math.ceilDiv(shares * visibleWei, total);
    }

    // ---- accounts

    /// @inheritdoc IStakingVault
    function totals() external view returns (uint256 shares, uint256 assetsWei, uint256 unvestedWei) {
        return (_books.ledger.shares, _books.ledger.assetsWei, _books.unvestedWei());
    }

    /// @inheritdoc IStakingVault
    function consensus()
        external
        view
        returns (uint256 balanceWei, uint256 pendingWei, uint256 lastRefTime, uint256 announcedAt)
    {
        Books.Consensus memory c = _books.consensus;
        return (c.balanceWei, uint256(c.pendingGwei) * 1 gwei, c.lastRefTime, _books.carry.announcedAt);
    }

    /// @inheritdoc IStakingVault
    function stream() external view returns (uint256 unvestedAtStartWei, uint256 streamEnd, uint256 streamSeconds) {
        Books.Flow memory flow = _books.flow;
        return (flow.unvestedWei, flow.streamEnd, flow.streamEnd - flow.streamStart);
    }

    /// @inheritdoc IStakingVault
    function lossCarryWei() external view returns (int256) {
        return _books.carry.lossCarryWei;
    }

    /// @inheritdoc IStakingVault
    function recordWei() external view returns (uint256) {
        return _books.carry.recordWei;
    }

    /// @inheritdoc IStakingVault
    function isInsolvent() external view returns (bool) {
        return _books.consensus.isInsolvent;
    }

    /// @inheritdoc IStakingVault
    function bufferedWei() external view returns (uint256) {
        return _books.ledger.assetsWei + QUEUE.owedWei() - _books.stakedWei();
    }

    /// @inheritdoc IStakingVault
    /// @dev By ACC-1 it is `A - C - P`, so the queue need not be asked.
    function freeWei() public view returns (uint256) {
        return Math.saturatingSub(_books.ledger.assetsWei, _books.stakedWei());
    }

    // ---- what is open

    /// @inheritdoc IStakingVault
    function state() public view returns (State) {
        Books.Consensus memory c = _books.consensus;
        uint256 age = block.timestamp - c.lastRefTime;
        if (age >= DEAD_FRAMES * FRAME_SECONDS) return State.Dead;
        if (age >= STALE_FRAMES * FRAME_SECONDS) return State.Stale;
        if (c.isAnnounced) return State.Announced;
        if (c.isSlashed) return State.Slashed;
        return newestRefTime() > c.lastRefTime ? State.Awaiting : State.Normal;
    }

    /// @inheritdoc IStakingVault
    function depositableWei() external view returns (uint256) {
        Books.Flow memory flow = _books.flow;
        if (block.timestamp >= flow.depositsOpenUntil || block.timestamp < flow.depositsOpenFrom) return 0;
        (, uint256 visibleWei) = _books.sharesAndVisible();
        if (_books.ledger.assetsWei - visibleWei > _unvestedLimitWei(visibleWei)) return 0;
        uint256 limitWei = uint256(flow.depositLimitEther) * 1 ether;
        return TokenBucket.available(_books.ledger.depositsFullAt, limitWei, LIMIT_PERIOD);
    }

    /// @inheritdoc IStakingVault
    function stakeableValidators() external view returns (uint256) {
        bool isClosed = block.timestamp >= _books.flow.depositsOpenUntil;
        uint256 openFrom = Math.max(_books.limits.stakingPausedUntil, _books.limits.depositsReopenAt);
        if (isClosed || block.timestamp < openFrom) return 0;
        uint256 roomWei = TokenBucket.available(_books.limits.stakesFullAt, _stakeCapacityWei(), FRAME_SECONDS);
        return Math.min(freeWei() / TOP_UP_WEI, roomWei / VALIDATOR_WEI);
    }

    /// @inheritdoc IStakingVault
    function pausedUntil(Action action) external view returns (uint256) {
        return action == Action.Deposit ? _books.flow.depositsOpenFrom : _books.limits.stakingPausedUntil;
    }

    /// @inheritdoc IStakingVault
    function depositsReopenAt() external view returns (uint256) {
        return _books.limits.depositsReopenAt;
    }

    /// @inheritdoc IStakingVault
    function lossAllowanceWei() external view returns (uint256) {
        return Reports.lossAllowanceWei(_books, _core());
    }

    // ---- reports

    /// @inheritdoc IStakingVault
    function reportBase(uint256 refTime) external view returns (ReportBase memory base) {
        (uint256 laterWei, uint256 laterValidators) = _books.stakedAfter(refTime, FRAME_ORIGIN, FRAME_SECONDS);
        Books.Consensus memory c = _books.consensus;
        base.expectedWei = _books.stakedWei() - laterWei;
        base.mostConsensusWei = c.isInsolvent ? base.expectedWei : type(uint256).max;
        base.unvestedWei = _books.unvestedWei();
        base.lastRefTime = c.lastRefTime;
        base.stakedValidators = c.stakedValidators - laterValidators;
        if (!c.isAnnounced) return base;
        base.announcedAt = _books.carry.announcedAt;
        base.announcedWei = _books.limits.announcedWei;
    }

    /// @inheritdoc IStakingVault
    function previewReport(ReportInput calldata input) external view returns (ReportOutcome memory) {
        return Reports.preview(_books, _core(), input);
    }

    /// @inheritdoc IStakingVault
    function newestRefTime() public view returns (uint256) {
        return block.timestamp - (block.timestamp - FRAME_ORIGIN) % FRAME_SECONDS;
    }

    // ---- settings

    /// @inheritdoc IStakingVault
    function modules() external view returns (Modules memory) {
        return _books.modules;
    }

    /// @inheritdoc IStakingVault
    function verifier() external view returns (IValidatorProofs, bytes32) {
        return (IValidatorProofs(_books.modules.proofs), withdrawalCredentials());
    }

    /// @inheritdoc IStakingVault
    function slashedWei() public view returns (uint256) {
        return _books.slashedWei(_books.consensus.lastRefTime, block.timestamp, FRAME_ORIGIN, FRAME_SECONDS);
    }

    /// @inheritdoc IStakingVault
    function terms() external view returns (Terms memory t) {
        t = _books.terms;
        t.depositLimitEther = _books.flow.depositLimitEther; // the one that deposits obey
    }

    /// @inheritdoc IStakingVault
    function withdrawalCredentials() public view returns (bytes32) {
        return bytes32(CREDENTIALS_PREFIX | uint160(address(WITHDRAWAL_VAULT)));
    }

    function _requireAddresses(Init memory init) private pure {
        if (init.wrapped == address(0)) revert ZeroAddress("wrapped");
        if (init.queue == address(0)) revert ZeroAddress("queue");
        if (init.instantRedemption == address(0)) revert ZeroAddress("instantRedemption");
        if (init.registry == address(0)) revert ZeroAddress("registry");
        if (init.bonds == address(0)) revert ZeroAddress("bonds");
        if (init.withdrawalVault == address(0)) revert ZeroAddress("withdrawalVault");
        if (init.rewardsVault == address(0)) revert ZeroAddress("rewardsVault");
        if (init.depositContract == address(0)) revert ZeroAddress("depositContract");
    }

    function _requireWithin(string memory what, uint256 value, uint256 most) private pure {
        if (value == 0 || value > most) revert ParameterOutOfBounds(what, value, most);
    }

    /// @dev LIM-4.
    function _unvestedLimitWei(uint256 visibleWei) internal pure returns (uint256) {
        return Math.max(visibleWei * UNVESTED_LIMIT_BPS / BPS, UNVESTED_FLOOR_WEI);
    }

    /// @dev LIM-3: by what is staked on record, so that no newcomer lifts it.
    function _stakeCapacityWei() internal view returns (uint256) {
        uint256 onRecordWei = _books.carry.recordWei + uint256(_books.consensus.pendingGwei) * 1 gwei;
        return Math.max(onRecordWei * STAKE_LIMIT_BPS / BPS, STAKE_FLOOR_WEI);
    }

    /// @dev For the library of the reports, which cannot read immutables.
    function _core() internal view returns (Books.Core memory) {
        return Books.Core({
            registry: REGISTRY,
            queue: QUEUE,
            wrapped: WRAPPED,
            withdrawalVault: WITHDRAWAL_VAULT,
            rewardsVault: REWARDS_VAULT,
            bonds: address(BONDS),
            frameOrigin: FRAME_ORIGIN,
            frameSeconds: FRAME_SECONDS,
            streamCapRayPerDay: STREAM_CAP_RAY_PER_DAY,
            maxFeeRayPerDay: MAX_FEE_RAY_PER_DAY,
            lossLimitBps: LOSS_LIMIT_BPS,
            lossPeriodSeconds: LOSS_PERIOD_SECONDS
        });
    }
}
