// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IRestakedEther} from "./interfaces/IRestakedEther.sol";
import {ISymbioticVault, ISymbioticVaultFactory} from "./interfaces/ISymbiotic.sol";

/// @title RestakedEther
/// @notice See IRestakedEther.
contract RestakedEther is ERC4626, IRestakedEther {
    using Math for uint256;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    struct Stored {
        address owner;
        uint96 epoch;
        uint256 shares;
    }

    uint256 private constant SUPPORTED_VERSION = 1;
    ISymbioticVault private immutable _VAULT;

    /// @inheritdoc IRestakedEther
    uint256 public lastTicket;
    mapping(uint256 ticketId => Stored ticket) private _tickets;

    constructor(
        IERC20 wrapped,
        ISymbioticVault vault,
        ISymbioticVaultFactory factory
    ) ERC4626(wrapped) ERC20("Restaked Keel Ether", "rkETH") {
        _requireCode(address(wrapped));
        _requireCode(address(vault));
        _requireCode(address(factory));
        if (!factory.isEntity(address(vault))) revert NotSymbioticVault(address(vault), address(factory));
        uint256 version = vault.version();
        if (version != SUPPORTED_VERSION) revert VersionNotSupported(version, SUPPORTED_VERSION);
        address owner = vault.owner();
        if (owner != address(0)) revert VaultOwned(owner);
        if (!vault.isInitialized()) revert VaultUninitialised(address(vault));
        address collateral = vault.collateral();
        if (collateral != address(wrapped)) revert WrongCollateral(collateral, address(wrapped));
        _VAULT = vault;
    }

    /// @inheritdoc IRestakedEther
    function request(uint256 shares, address owner) external returns (uint256 ticketId) {
        if (owner == address(0)) revert ZeroAddress("owner");
        if (convertToAssets(shares) == 0) revert WorthNothing(shares);
        _burn(msg.sender, shares);
        uint256 epoch = _VAULT.currentEpoch() + 1;
        (uint256 units, uint256 withdrawalShares) = _VAULT.redeem(address(this), shares);
        ticketId = ++lastTicket;
        _tickets[ticketId] = Stored({owner: owner, epoch: epoch.toUint96(), shares: withdrawalShares});
        emit TicketRequested(ticketId, owner, epoch, shares, units);
    }

    /// @inheritdoc IRestakedEther
    function claim(uint256 ticketId, address receiver) external returns (uint256 units) {
        Ticket memory found = ticket(ticketId);
        if (found.state == TicketState.None) revert NoSuchTicket(ticketId);
        if (found.state == TicketState.Claimed) revert AlreadyClaimed(ticketId);
        if (msg.sender != found.owner) revert NotTicketOwner(ticketId, found.owner, msg.sender);
        if (found.state == TicketState.Pending) revert NotClaimable(ticketId, found.claimableAt);
        _tickets[ticketId].owner = address(0);
        units = found.units;
        emit TicketClaimed(ticketId, receiver, units);
        if (units == 0) return 0; // Symbiotic has nothing to pay then, and would refuse
        if (!_VAULT.isWithdrawalsClaimed(found.epoch, address(this))) _VAULT.claim(address(this), found.epoch);
        IERC20(asset()).safeTransfer(receiver, units);
    }

    /// @inheritdoc IRestakedEther
    function ticket(uint256 ticketId) public view returns (Ticket memory found) {
        if (ticketId == 0 || ticketId > lastTicket) return found;
        Stored memory stored = _tickets[ticketId];
        found.owner = stored.owner;
        found.epoch = stored.epoch;
        found.shares = stored.shares;
        found.units = _worthDown(stored.shares, stored.epoch);
        found.claimableAt = _VAULT.epochDurationInit() + (found.epoch + 1) * _VAULT.epochDuration();
        if (stored.owner == address(0)) found.state = TicketState.Claimed;
        else found.state = block.timestamp < found.claimableAt ? TicketState.Pending : TicketState.Claimable;
    }

    /// @inheritdoc IRestakedEther
    // solhint-disable-next-line func-name-mixedcase -- an immutable's name
    function VAULT() external view returns (address) {
        return address(_VAULT);
    }

    /// @dev RST-2: only what this contract's own shares are worth; gifts count for nobody.
    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        return convertToAssets(totalSupply());
    }

    /// @notice RST-8: what the vault takes of this contract; 0 where its shares are worth nothing.
    function maxDeposit(address) public view override(ERC4626, IERC4626) returns (uint256) {
        uint256 stake = _VAULT.activeStake();
        if (stake == 0 && _VAULT.activeShares() > 0) return 0;
        if (_VAULT.depositWhitelist() && !_VAULT.isDepositorWhitelisted(address(this))) return 0;
        return _VAULT.isDepositLimit() ? _VAULT.depositLimit().saturatingSub(stake) : type(uint256).max;
    }

    function maxMint(address receiver) public view override(ERC4626, IERC4626) returns (uint256) {
        uint256 assets = maxDeposit(receiver);
        return assets == type(uint256).max ? assets : convertToShares(assets);
    }

    /// @notice 0: RST-5.
    function maxWithdraw(address) public pure override(ERC4626, IERC4626) returns (uint256) {
        return 0;
    }

    /// @notice 0: RST-5.
    function maxRedeem(address) public pure override(ERC4626, IERC4626) returns (uint256) {
        return 0;
    }

    /// @notice Reverts: `request` and `ticket` say what leaving pays.
    function previewWithdraw(uint256) public pure override(ERC4626, IERC4626) returns (uint256) {
        revert OnlyByTicket();
    }

    /// @notice Reverts: `request` and `ticket` say what leaving pays.
    function previewRedeem(uint256) public pure override(ERC4626, IERC4626) returns (uint256) {
        revert OnlyByTicket();
    }

    /// @dev RST-1. The vault credits `shares` or, by `mint`, more: worth less than a unit, and nobody's. No amount but
    /// 0 is worth no share (RST-3).
    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override {
        if (assets == 0) revert ZeroAssets();
        IERC20 wrapped = IERC20(asset());
        wrapped.safeTransferFrom(caller, address(this), assets);
        wrapped.forceApprove(address(_VAULT), assets);
        _VAULT.deposit(address(this), assets);
        _mint(receiver, shares);
        emit Deposit(caller, receiver, assets, shares);
    }

    function _convertToShares(uint256 assets, Math.Rounding rounding) internal view override returns (uint256) {
        return assets.mulDiv(_VAULT.activeShares() + 1, _VAULT.activeStake() + 1, rounding);
    }

    function _convertToAssets(uint256 shares, Math.Rounding rounding) internal view override returns (uint256) {
        return shares.mulDiv(_VAULT.activeStake() + 1, _VAULT.activeShares() + 1, rounding);
    }

    /// @dev RST-6: as the vault pays, so the sum over tickets is never more than the vault pays for all.
    function _worthDown(uint256 shares, uint256 epoch) private view returns (uint256) {
        return shares.mulDiv(_VAULT.withdrawals(epoch) + 1, _VAULT.withdrawalShares(epoch) + 1);
    }

    function _requireCode(address account) private view {
        if (account.code.length == 0) revert NoCode(account);
    }
}
