// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IDepositContract} from "../interfaces/IDepositContract.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {Solvency} from "../rules/Solvency.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";
import {VaultAccounts} from "./VaultAccounts.sol";
import {VaultReports} from "./VaultReports.sol";
import {VaultTerms} from "./VaultTerms.sol";

/// @title StakingVault, which is kETH: ether in, shares out, validators funded
/// @notice What people do; reports are in VaultReports, roles in VaultTerms, what is stored in VaultAccounts.
contract StakingVault is VaultReports {
    using SafeCast for uint256;

    /// @dev Execution-address credentials, 0x01 (consensus specs, Capella).
    uint256 private constant CREDENTIALS_PREFIX = 0x01 << 248;
    uint256 private constant LIMIT_PERIOD = 1 days;
    /// @dev Public key (48), signature (96), deposit data root (32).
    uint256 private constant DEPOSIT_BYTES = 176;
    uint256 private constant PUBKEY_BYTES = 48;
    uint256 private constant ROOT_AT = 144;

    IDepositContract public immutable DEPOSIT_CONTRACT;
    address public immutable INSTANT_REDEMPTION;

    /// @dev SHR-7: 1 ETH comes with the construction; the vault holds its shares and has no way to move them.
    constructor(Init memory init)
        payable
        VaultAccounts(init.frameOrigin, init.frameSeconds, init.queue)
        VaultTerms(init)
        VaultReports(init)
    {
        if (msg.value != 1 ether) {
            revert ParameterOutOfBounds("first deposit", msg.value, 1 ether);
        }
        if (init.wrapped == address(0)) revert ZeroAddress("wrapped");
        if (init.queue == address(0)) revert ZeroAddress("queue");
        if (init.instantRedemption == address(0)) revert ZeroAddress("instantRedemption");
        if (init.withdrawalVault == address(0)) revert ZeroAddress("withdrawalVault");
        if (init.rewardsVault == address(0)) revert ZeroAddress("rewardsVault");
        if (init.depositContract == address(0)) revert ZeroAddress("depositContract");
        DEPOSIT_CONTRACT = IDepositContract(init.depositContract);
        INSTANT_REDEMPTION = init.instantRedemption;
        sharesOf[address(this)] = _ledger.shares;
        emit Transfer(address(0), address(this), msg.value);
        emit Deposited(msg.sender, address(this), msg.value, _ledger.shares, address(0));
    }

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
        sharesOf[address(WRAPPED)] += shares;
        emit Transfer(address(0), address(WRAPPED), msg.value);
        emit Deposited(msg.sender, receiver, msg.value, shares, referral);
        WRAPPED.mintFor(receiver, units);
    }

    /// @inheritdoc IStakingVault
    function fundValidators(bytes calldata deposits, bytes32 depositRoot) external nonReentrant {
        _requireCaller(_modules.registry);
        if (block.timestamp >= _flow.depositsOpenUntil) revert ActionClosed(Action.Staking, state());
        if (block.timestamp < _carry.stakingPausedUntil) {
            revert ActionPaused(Action.Staking, _carry.stakingPausedUntil);
        }
        uint256 count = deposits.length / DEPOSIT_BYTES;
        uint256 amountWei = count * VALIDATOR_WEI;
        if (amountWei > freeWei()) revert InsufficientLiquidity(amountWei, freeWei());
        bytes32 actualRoot = DEPOSIT_CONTRACT.get_deposit_root();
        if (actualRoot != depositRoot) revert DepositRootChanged(depositRoot, actualRoot);

        _consensus.pendingValidators += count.toUint32();
        _consensus.stakedValidators += count.toUint32();
        _stakedIn[_frameOf(block.timestamp)] += count;
        emit Staked(count, amountWei);

        bytes memory credentials = bytes.concat(withdrawalCredentials());
        for (uint256 i; i < count; ++i) {
            bytes calldata key = deposits[i * DEPOSIT_BYTES:(i + 1) * DEPOSIT_BYTES];
            DEPOSIT_CONTRACT.deposit{value: VALIDATOR_WEI}(
                key[:PUBKEY_BYTES], credentials, key[PUBKEY_BYTES:ROOT_AT], bytes32(key[ROOT_AT:])
            );
        }
    }

    /// @inheritdoc IStakingVault
    function burnForTicket(address holder, uint256 assetsWei) external returns (uint256 shares) {
        _requireCaller(address(QUEUE));
        (uint256 total, uint256 visibleWei) = _sharesAndVisible();
        _requireSolvent(total, visibleWei);
        shares = Math.ceilDiv(assetsWei * total, visibleWei);
        _debit(holder, shares);
        _ledger.shares = (total - shares).toUint120();
        _ledger.assetsWei = (_ledger.assetsWei - assetsWei).toUint88();
        emit Transfer(holder, address(0), assetsWei);
    }

    /// @inheritdoc IStakingVault
    function redeemFor(address holder, uint256 shares, uint256 paidWei, address receiver) external nonReentrant {
        _requireCaller(INSTANT_REDEMPTION);
        State s = state();
        if (s != State.Normal) revert StateNotNormal(s);
        if (paidWei > freeWei()) revert InsufficientLiquidity(paidWei, freeWei());
        (uint256 total, uint256 visibleWei) = _sharesAndVisible();
        _requireSolvent(total, visibleWei);
        uint256 neededShares = Math.ceilDiv(paidWei * total, visibleWei);
        if (neededShares > shares) revert InsufficientShares(holder, shares, neededShares);
        uint256 units = (shares - neededShares) / SHARES_PER_UNIT;
        uint256 burned = shares - units * SHARES_PER_UNIT;

        _debit(holder, shares);
        sharesOf[address(WRAPPED)] += units * SHARES_PER_UNIT;
        _ledger.shares = (total - burned).toUint120();
        _ledger.assetsWei = (_ledger.assetsWei - paidWei).toUint88();

        emit Transfer(holder, address(0), paidWei);
        emit RedeemedInstantly(holder, receiver, paidWei, burned, units * SHARES_PER_UNIT);
        if (units > 0) {
            emit Transfer(holder, address(WRAPPED), units * SHARES_PER_UNIT * visibleWei / total);
            WRAPPED.mintFor(_modules.fund, units);
        }
        // solhint-disable-next-line avoid-low-level-calls
        (bool paid,) = receiver.call{value: paidWei}("");
        if (!paid) revert EtherTransferFailed(receiver, paidWei);
    }

    /// @inheritdoc IStakingVault
    function wrap(address holder, uint256 assetsWei) external returns (uint256 units) {
        _requireCaller(address(WRAPPED));
        units = toSharesDown(assetsWei) / SHARES_PER_UNIT;
        if (units == 0) revert ZeroShares(assetsWei);
        _move(holder, msg.sender, units * SHARES_PER_UNIT);
        emit Transfer(holder, msg.sender, assetsWei);
    }

    /// @inheritdoc IStakingVault
    function wrapUnits(address holder, uint256 units) external returns (uint256 assetsWei) {
        _requireCaller(address(WRAPPED));
        assetsWei = toAssetsUp(units * SHARES_PER_UNIT);
        _move(holder, msg.sender, units * SHARES_PER_UNIT);
        emit Transfer(holder, msg.sender, assetsWei);
    }

    /// @inheritdoc IStakingVault
    function unwrap(address receiver, uint256 units) external returns (uint256 assetsWei) {
        _requireCaller(address(WRAPPED));
        _requireReceiver(receiver);
        assetsWei = toAssetsDown(units * SHARES_PER_UNIT);
        _move(msg.sender, receiver, units * SHARES_PER_UNIT);
        emit Transfer(msg.sender, receiver, assetsWei);
    }

    function _deposit(address receiver, address referral) private returns (uint256 shares) {
        _requireReceiver(receiver);
        shares = _takeIn(1);
        sharesOf[receiver] += shares;
        emit Transfer(address(0), receiver, msg.value);
        emit Deposited(msg.sender, receiver, msg.value, shares, referral);
    }

    /// @dev Checks and accounts of a deposit of `msg.value`.
    /// @param multiple what the shares are rounded down to
    function _takeIn(uint256 multiple) private returns (uint256 shares) {
        if (block.timestamp >= _flow.depositsOpenUntil) revert ActionClosed(Action.Deposit, state());
        if (block.timestamp < _flow.depositsPausedUntil) {
            revert ActionPaused(Action.Deposit, _flow.depositsPausedUntil);
        }
        (uint256 total, uint256 visibleWei) = _sharesAndVisible();
        _requireSolvent(total, visibleWei);
        shares = msg.value * total / visibleWei;
        shares -= shares % multiple;
        if (shares == 0) revert ZeroShares(msg.value);
        uint256 limitWei = uint256(_flow.depositLimitGwei) * 1 gwei;
        uint256 fullAt = TokenBucket.take(_ledger.depositsFullAt, msg.value, limitWei, LIMIT_PERIOD);
        uint256 assetsWei = _ledger.assetsWei + msg.value;
        _ledger.shares = (total + shares).toUint120();
        _ledger.assetsWei = assetsWei.toUint88();
        _ledger.depositsFullAt = fullAt.toUint48();
    }

    function _requireReceiver(address to) internal view override {
        if (to == address(0) || to == address(this) || to == address(WRAPPED)) revert ERC20InvalidReceiver(to);
    }

    /// @inheritdoc IStakingVault
    function depositableWei() external view returns (uint256) {
        Flow memory flow = _flow;
        if (block.timestamp >= flow.depositsOpenUntil || block.timestamp < flow.depositsPausedUntil) return 0;
        (uint256 shares, uint256 visibleWei) = _sharesAndVisible();
        if (Solvency.isInsolvent(shares, visibleWei)) return 0;
        return TokenBucket.available(_ledger.depositsFullAt, uint256(flow.depositLimitGwei) * 1 gwei, LIMIT_PERIOD);
    }

    /// @inheritdoc IStakingVault
    function stakeableWei() external view returns (uint256) {
        if (block.timestamp >= _flow.depositsOpenUntil || block.timestamp < _carry.stakingPausedUntil) return 0;
        return freeWei() / VALIDATOR_WEI * VALIDATOR_WEI;
    }

    /// @inheritdoc IStakingVault
    function withdrawalCredentials() public view returns (bytes32) {
        return bytes32(CREDENTIALS_PREFIX | uint160(address(WITHDRAWAL_VAULT)));
    }
}
