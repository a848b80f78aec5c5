// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IKeelEther} from "../interfaces/IKeelEther.sol";
import {IOperatorRegistry} from "../interfaces/IOperatorRegistry.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {Reports} from "../report/Reports.sol";
import {
    BPS,
    LIMIT_PERIOD,
    PREDEPOSIT_WEI,
    PUBKEY_BYTES,
    SHARES_PER_UNIT,
    SHARES_PER_WEI,
    SLASHED_LIMIT_BPS,
    STALE_FRAMES,
    TOP_UP_WEI,
    UNVESTED_FLOOR_WEI,
    VALIDATOR_WEI
} from "../rules/Constants.sol";
import {NamedCode} from "../rules/NamedCode.sol";
import {Pauses} from "../rules/Pauses.sol";
import {Solvency} from "../rules/Solvency.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";
import {TopUps} from "./TopUps.sol";
import {Books} from "./Books.sol";
import {VaultViews} from "./VaultViews.sol";

/// @title StakingVault, which is kETH: ether in, shares out, validators funded
/// @notice What is stored stands in Books, what is answered in VaultViews, and what a report does in Reports.
contract StakingVault is VaultViews, AccessManaged, ReentrancyGuardTransient {
    using Books for Books.Stored;
    using Pauses for Pauses.Pause;
    using SafeCast for uint256;

    uint256 private constant MAX_FEE_BPS = 600; // REP-5
    uint32 private constant NOT_HANDED_OVER = type(uint32).max; // ROL-5: the hand-over ends this pause

    /// @dev SHR-7: 1 ETH comes with the construction; the vault holds its shares and has no way to move them.
    constructor(Init memory init) payable VaultViews(init) AccessManaged(init.authority) {
        if (msg.value != 1 ether) revert ParameterOutOfBounds("first deposit", msg.value, 1 ether);
        _setModules(init.modules);
        _setTerms(init.terms);
        uint256 shares = msg.value * SHARES_PER_WEI;
        _books.ledger.shares = shares.toUint120();
        _books.ledger.assetsWei = msg.value.toUint88();
        _books.sharesOf[address(this)] = shares;
        _books.consensus.lastRefTime = newestRefTime().toUint32();
        _books.flow.depositsOpenFrom = NOT_HANDED_OVER;
        _books.flow.depositsOpenUntil = (newestRefTime() + STALE_FRAMES * FRAME_SECONDS).toUint32();
        emit Transfer(address(0), address(this), msg.value);
        emit Deposited(msg.sender, address(this), msg.value, shares, address(0));
    }

    // ---- deposits

    /// @notice Plain ether is a deposit for its sender; from the protocol's own contracts it is a mistake.
    receive() external payable {
        bool isOwn = msg.sender == address(WITHDRAWAL_VAULT) || msg.sender == address(REWARDS_VAULT);
        if (isOwn || msg.sender == address(QUEUE)) revert DirectEther(msg.sender);
        _deposit(msg.sender, address(0));
    }

    /// @inheritdoc IStakingVault
    function deposit(address receiver, address referral) external payable returns (uint256 shares) {
        return _deposit(receiver, referral);
    }

    /// @inheritdoc IStakingVault
    function depositWrapped(address receiver, address referral) external payable returns (uint256 units) {
        uint256 shares = _takeIn(SHARES_PER_UNIT);
        units = shares / SHARES_PER_UNIT;
        _credit(address(WRAPPED), shares);
        emit Transfer(address(0), address(WRAPPED), msg.value);
        emit Deposited(msg.sender, receiver, msg.value, shares, referral);
        WRAPPED.mintBacked(receiver, units);
    }

    function _deposit(address receiver, address referral) private returns (uint256 shares) {
        _requireReceiver(receiver);
        shares = _takeIn(1);
        _credit(receiver, shares);
        emit Transfer(address(0), receiver, msg.value);
        emit Deposited(msg.sender, receiver, msg.value, shares, referral);
    }

    /// @dev Checks and accounts of a deposit of `msg.value`; the caller credits the shares.
    /// @param multiple what the shares are rounded down to
    function _takeIn(uint256 multiple) private returns (uint256 shares) {
        if (block.timestamp >= _books.flow.depositsOpenUntil) _revertClosed(Action.Deposit);
        if (block.timestamp < _books.flow.depositsOpenFrom) _requireSeed();
        uint256 total = _books.ledger.shares;
        uint256 assetsWei = _books.ledger.assetsWei;
        uint256 unvestedWei = _books.unvestedWei();
        uint256 visibleWei = assetsWei - unvestedWei;
        if (unvestedWei > UNVESTED_FLOOR_WEI && unvestedWei > _unvestedLimitWei(visibleWei)) {
            revert UnvestedAboveLimit(unvestedWei, _unvestedLimitWei(visibleWei));
        }
        unchecked {
            shares = msg.value * total / visibleWei; // ether has 88 bits, shares 120
            shares -= shares % multiple;
        }
        if (shares == 0) revert ZeroShares(msg.value);
        uint256 limitWei = uint256(_books.flow.depositLimitEther) * 1 ether;
        uint256 fullAt = TokenBucket.take(_books.ledger.depositsFullAt, msg.value, limitWei, LIMIT_PERIOD);

        _books.ledger.shares = (total + shares).toUint120();
        _books.ledger.assetsWei = (assetsWei + msg.value).toUint88();
        _books.ledger.depositsFullAt = fullAt.toUint48();
    }

    // ---- kETH

    function transfer(address to, uint256 assetsWei) external returns (bool) {
        _transfer(msg.sender, to, assetsWei);
        return true;
    }

    function transferFrom(address from, address to, uint256 assetsWei) external returns (bool) {
        _spendAllowance(from, msg.sender, assetsWei);
        _transfer(from, to, assetsWei);
        return true;
    }

    /// @inheritdoc IKeelEther
    function transferShares(address to, uint256 shares) external returns (uint256 assetsWei) {
        return _transferShares(msg.sender, to, shares);
    }

    /// @inheritdoc IKeelEther
    function transferSharesFrom(address from, address to, uint256 shares) external returns (uint256 assetsWei) {
        // Not even shares that a loss has made worthless move without an allowance: profits may give them worth again.
        _spendAllowance(from, msg.sender, Math.max(toAssetsUp(shares), Math.min(shares, 1)));
        return _transferShares(from, to, shares);
    }

    function _transfer(address from, address to, uint256 assetsWei) private {
        _requireReceiver(to);
        uint256 shares = toSharesUp(assetsWei);
        uint256 held = _books.sharesOf[from];
        if (shares > held) revert ERC20InsufficientBalance(from, toAssetsDown(held), assetsWei);
        _books.sharesOf[from] = held - shares;
        _credit(to, shares);
        emit Transfer(from, to, assetsWei);
    }

    function _transferShares(address from, address to, uint256 shares) private returns (uint256 assetsWei) {
        _requireReceiver(to);
        assetsWei = toAssetsDown(shares);
        _debit(from, shares);
        _credit(to, shares);
        emit Transfer(from, to, assetsWei);
        emit TransferShares(from, to, shares);
    }

    // ---- wkETH

    /// @inheritdoc IStakingVault
    function wrapAmount(address holder, uint256 assetsWei) external returns (uint256 units) {
        _requireCaller(address(WRAPPED));
        units = toSharesDown(assetsWei) / SHARES_PER_UNIT;
        if (units == 0) revert ZeroShares(assetsWei);
        uint256 shares = units * SHARES_PER_UNIT;
        _debit(holder, shares);
        _credit(msg.sender, shares);
        emit Transfer(holder, msg.sender, assetsWei);
    }

    /// @inheritdoc IStakingVault
    function wrapUnits(address holder, uint256 units) external returns (uint256 assetsWei) {
        _requireCaller(address(WRAPPED));
        uint256 shares = units * SHARES_PER_UNIT;
        assetsWei = toAssetsUp(shares);
        _debit(holder, shares);
        _credit(msg.sender, shares);
        emit Transfer(holder, msg.sender, assetsWei);
    }

    /// @inheritdoc IStakingVault
    function unwrapWholeUnits(address receiver, uint256 units) external returns (uint256 assetsWei) {
        _requireCaller(address(WRAPPED));
        _requireReceiver(receiver);
        uint256 shares = units * SHARES_PER_UNIT;
        assetsWei = toAssetsDown(shares);
        _debit(msg.sender, shares);
        _credit(receiver, shares);
        emit Transfer(msg.sender, receiver, assetsWei);
    }

    // ---- ways out

    /// @inheritdoc IStakingVault
    function burnForTicket(address holder, uint256 assetsWei) external returns (uint256 shares) {
        _requireCaller(address(QUEUE));
        (uint256 total, uint256 visibleWei) = _solventBooks();
        shares = Math.ceilDiv(assetsWei * total, visibleWei);
        _debit(holder, shares);
        _takeOut(shares, assetsWei);
        emit Transfer(holder, address(0), assetsWei);
    }

    /// @inheritdoc IStakingVault
    function redeemFor(address holder, uint256 shares, uint256 paidWei, address receiver) external nonReentrant {
        _requireCaller(INSTANT_REDEMPTION);
        State s = state();
        if (s != State.Normal) revert StateNotNormal(s);
        if (paidWei > freeWei()) revert InsufficientLiquidity(paidWei, freeWei());
        (uint256 total, uint256 visibleWei) = _solventBooks();
        uint256 neededShares = Math.ceilDiv(paidWei * total, visibleWei);
        if (neededShares > shares) revert InsufficientShares(holder, shares, neededShares);
        uint256 units = (shares - neededShares) / SHARES_PER_UNIT;
        uint256 feeShares = units * SHARES_PER_UNIT;

        _debit(holder, shares);
        _credit(address(WRAPPED), feeShares);
        _takeOut(shares - feeShares, paidWei);

        emit Transfer(holder, address(0), paidWei);
        emit RedeemedInstantly(holder, receiver, paidWei, shares - feeShares, feeShares);
        if (units > 0) {
            emit Transfer(holder, address(WRAPPED), feeShares * visibleWei / total);
            WRAPPED.mintBacked(_books.modules.fund, units);
        }
        // solhint-disable-next-line avoid-low-level-calls
        (bool paid,) = receiver.call{value: paidWei}("");
        if (!paid) revert EtherTransferFailed(receiver, paidWei);
    }

    /// @dev The accounts of shares that are burned for ether; the caller has debited them.
    function _takeOut(uint256 shares, uint256 assetsWei) private {
        _books.ledger.shares = (_books.ledger.shares - shares).toUint120();
        _books.ledger.assetsWei = (_books.ledger.assetsWei - assetsWei).toUint88();
    }

    // ---- staking

    /// @inheritdoc IStakingVault
    function fundValidators(bytes calldata pubkeys) external nonReentrant returns (uint256 bondUnitsEach) {
        bondUnitsEach = _stake(pubkeys.length / PUBKEY_BYTES);
        TopUps.send(DEPOSIT_CONTRACT, pubkeys, withdrawalCredentials(), TOP_UP_WEI);
    }

    /// @inheritdoc IStakingVault
    function fundMore(
        bytes calldata pubkey,
        uint256 parts
    ) external payable nonReentrant returns (uint256 bondUnitsEach) {
        bondUnitsEach = _stake(parts);
        TopUps.send(DEPOSIT_CONTRACT, pubkey, withdrawalCredentials(), parts * VALIDATOR_WEI);
    }

    /// @dev KEY-6, KEY-10: checks and accounts of so many times 32 ETH, 1 ETH of each the operators' own.
    function _stake(uint256 count) private returns (uint256 bondUnitsEach) {
        _requireCaller(REGISTRY);
        if (block.timestamp >= _books.flow.depositsOpenUntil) _revertClosed(Action.Staking);
        Books.Limits memory limits = _books.limits;
        if (block.timestamp < limits.stakingPausedUntil) {
            revert ActionPaused(Action.Staking, limits.stakingPausedUntil);
        }
        if (block.timestamp < limits.depositsReopenAt) revert DepositsClosed(limits.depositsReopenAt);
        uint256 sentWei = count * TOP_UP_WEI;
        if (sentWei > freeWei()) revert InsufficientLiquidity(sentWei, freeWei());
        uint256 stakedWei = count * VALIDATOR_WEI;
        uint256 fullAt = TokenBucket.take(limits.stakesFullAt, stakedWei, _stakeCapacityWei(), FRAME_SECONDS);

        _books.limits.stakesFullAt = fullAt.toUint48();
        uint64 amountGwei = (stakedWei / 1 gwei).toUint64();
        _books.consensus.pendingGwei += amountGwei;
        _books.consensus.stakedValidators += count.toUint32();
        Books.Frame storage frame = _books.frames[Books.frameOf(block.timestamp, FRAME_ORIGIN, FRAME_SECONDS)];
        frame.stakedGwei += amountGwei;
        frame.validators += count.toUint32();
        return _bond(count);
    }

    /// @dev KEY-6: the operators' ether, which their validators hold, becomes wkETH of their bonds at the rate of a
    /// deposit. While a loss comes back, when LIM-4 keeps deposits out, unvested ether counts as well, up to par; no
    /// more than that, since a report may say that there is as much as it likes.
    function _bond(uint256 count) private returns (uint256 unitsEach) {
        (uint256 total, uint256 visibleWei) = _books.sharesAndVisible();
        uint256 worthWei = Math.max(visibleWei, Math.min(_books.ledger.assetsWei, total / SHARES_PER_WEI));
        unitsEach = PREDEPOSIT_WEI * total / worthWei / SHARES_PER_UNIT;
        uint256 shares = unitsEach * count * SHARES_PER_UNIT;
        uint256 bondWei = count * PREDEPOSIT_WEI;
        _books.ledger.shares = (total + shares).toUint120();
        _books.ledger.assetsWei = (_books.ledger.assetsWei + bondWei).toUint88();
        _credit(address(WRAPPED), shares);
        emit Transfer(address(0), address(WRAPPED), bondWei);
        emit Staked(count, count * VALIDATOR_WEI, bondWei, shares);
        WRAPPED.mintBacked(address(BONDS), unitsEach * count);
    }

    /// @inheritdoc IStakingVault
    function noteSlashing(uint256 balanceGwei, uint256 slashedBy) external {
        _requireCaller(REGISTRY);
        uint256 slashedAt = Math.min(slashedBy, block.timestamp); // its epoch may end later, and so in this frame
        if (slashedAt <= _books.consensus.lastRefTime) return;
        _books.frames[Books.frameOf(slashedAt, FRAME_ORIGIN, FRAME_SECONDS)].slashedGwei += balanceGwei.toUint64();
        emit SlashingNoted(slashedAt, balanceGwei * 1 gwei);
        uint256 bearingWei = _books.ledger.assetsWei + QUEUE.owedWei();
        if (_books.consensus.isSlashed || slashedWei() * BPS <= bearingWei * SLASHED_LIMIT_BPS) return;
        _books.consensus.isSlashed = true;
        _books.flow.depositsOpenUntil = 0;
    }

    // ---- reports, and what anyone may do when none comes

    /// @inheritdoc IStakingVault
    function applyReport(ReportInput calldata input) external nonReentrant {
        _requireCaller(_books.modules.oracle);
        Reports.applyReport(_books, _core(), input);
    }

    /// @inheritdoc IStakingVault
    function announceLoss(uint256 refTime, uint256 lossWei) external {
        _requireCaller(_books.modules.oracle);
        Reports.announce(_books, _core(), refTime, lossWei);
    }

    /// @inheritdoc IStakingVault
    function finaliseWithoutReport(uint256 lastTicketHint) external nonReentrant {
        _requireDead();
        Reports.finalise(_books, _core(), lastTicketHint);
    }

    /// @inheritdoc IStakingVault
    function sweepWithdrawals() external nonReentrant {
        _requireDead();
        Reports.sweep(_books, _core());
    }

    /// @inheritdoc IStakingVault
    function windDown(uint256 lastTicketHint) external nonReentrant {
        _requireDead();
        IOperatorRegistry.Totals memory keys = IOperatorRegistry(REGISTRY).totals();
        if (keys.liveKeys != 0) revert KeysLive(keys.liveKeys);
        uint256 withdrawalsWei = address(WITHDRAWAL_VAULT).balance;
        uint256 rewardsWei = address(REWARDS_VAULT).balance;
        ReportInput memory input = ReportInput(block.timestamp, 0, withdrawalsWei, rewardsWei, lastTicketHint, 0);
        Reports.windDown(_books, _core(), input, keys.lastWithdrawnAt);
    }

    /// @inheritdoc IStakingVault
    function receiveWithdrawals() external payable {
        _requireCaller(address(WITHDRAWAL_VAULT));
    }

    /// @inheritdoc IStakingVault
    function receiveRewards() external payable {
        _requireCaller(address(REWARDS_VAULT));
    }

    // ---- roles of the AccessManager

    /// @inheritdoc IStakingVault
    function pause(Action action, uint256 seconds_) external restricted {
        if (seconds_ > MAX_PAUSE_SECONDS) revert PauseTooLong(seconds_, MAX_PAUSE_SECONDS);
        uint32 until = _books.pauses[action].next(seconds_);
        if (action == Action.Staking) _books.limits.stakingPausedUntil = until;
        else _books.flow.depositsOpenFrom = Math.max(until, _books.limits.depositsReopenAt).toUint32();
        emit Paused(action, until);
    }

    /// @inheritdoc IStakingVault
    function setModules(Modules calldata modules_, bytes32[3] calldata codeHashes) external restricted {
        NamedCode.check(modules_.oracle, codeHashes[0]);
        NamedCode.check(modules_.fund, codeHashes[1]);
        NamedCode.check(modules_.proofs, codeHashes[2]);
        _setModules(modules_);
    }

    /// @inheritdoc IStakingVault
    function setTerms(Terms calldata terms_) external restricted {
        _setTerms(terms_);
    }

    function _setModules(Modules memory m) private {
        if (m.oracle == address(0) || m.fund == address(0) || m.proofs == address(0)) revert ModuleMissing(m);
        _requireReceiver(m.fund); // else wkETH refused to mint its part of a fee, and so every report with a fee
        _books.modules = m;
        emit ModulesSet(m);
    }

    function _setTerms(Terms memory t) private {
        _requireReceiver(t.treasury);
        if (t.feeBps > MAX_FEE_BPS) revert FeeTooHigh(t.feeBps, MAX_FEE_BPS);
        if (t.insuranceBps > BPS) revert ParameterOutOfBounds("insuranceBps", t.insuranceBps, BPS);
        _books.terms = t;
        _books.flow.depositLimitEther = t.depositLimitEther;
        emit TermsSet(t);
    }

    // ---- shares

    function _debit(address from, uint256 shares) private {
        uint256 held = _books.sharesOf[from];
        if (shares > held) revert InsufficientShares(from, held, shares);
        unchecked {
            _books.sharesOf[from] = held - shares;
        }
    }

    function _credit(address to, uint256 shares) private {
        unchecked {
            _books.sharesOf[to] += shares; // all together are S, 120 bits
        }
    }

    // ---- checks

    /// @dev SHR-6.
    function _requireReceiver(address to) private view {
        if (to == address(0) || to == address(this) || to == address(WRAPPED)) revert ERC20InvalidReceiver(to);
    }

    function _requireCaller(address expected) private view {
        if (msg.sender != expected) revert OnlyProtocol(msg.sender, expected);
    }

    /// @dev STA-3 and ACC-4: why nothing is taken in or staked.
    function _revertClosed(Action action) private view {
        State s = state();
        if (s == State.Normal || s == State.Awaiting) {
            (uint256 shares, uint256 visibleWei) = _books.sharesAndVisible();
            revert Insolvent(visibleWei, shares);
        }
        revert ActionClosed(action, s);
    }

    /// @dev STA-3 and STA-4: the later of the wait after a loss and of a pause. Only the fund's seed comes before the
    /// hand-over (ROL-5).
    function _requireSeed() private view {
        uint256 openFrom = _books.flow.depositsOpenFrom;
        if (openFrom == NOT_HANDED_OVER && msg.sender == authority()) return;
        if (openFrom == _books.limits.depositsReopenAt) revert DepositsClosed(openFrom);
        revert ActionPaused(Action.Deposit, openFrom);
    }

    function _requireDead() private view {
        State s = state();
        if (s != State.Dead) revert StateNotDead(s);
    }

    /// @dev S and V; ACC-3.
    function _solventBooks() private view returns (uint256 shares, uint256 visibleWei) {
        (shares, visibleWei) = _books.sharesAndVisible();
        if (Solvency.isInsolvent(shares, visibleWei)) revert Insolvent(visibleWei, shares);
    }
}
