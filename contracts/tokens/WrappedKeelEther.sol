// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IStakingVault} from "../interfaces/IStakingVault.sol";
import {IWrappedKeelEther} from "../interfaces/IWrappedKeelEther.sol";
import {SHARES_PER_UNIT, Units} from "../rules/Constants.sol";
import {Permit} from "./Permit.sol";

/// @title wkETH: whole units of kETH shares as a token that does not rebase
/// @notice Rule SHR-5 of docs/design.md. No supply is stored: it is what the vault says this contract holds.
contract WrappedKeelEther is IWrappedKeelEther, Permit {
    string public constant name = "Wrapped Keel Ether";
    string public constant symbol = "wkETH";
    uint8 public constant decimals = 18;
    IStakingVault public immutable VAULT;

    mapping(address holder => uint256 units) public balanceOf;

    modifier onlyVault() {
        if (msg.sender != address(VAULT)) revert OnlyVault(msg.sender);
        _;
    }

    constructor(address vault) EIP712("Wrapped Keel Ether", "1") {
        VAULT = IStakingVault(vault);
    }

    function transfer(address to, uint256 units) external returns (bool) {
        _transfer(msg.sender, to, units);
        return true;
    }

    function transferFrom(address from, address to, uint256 units) external returns (bool) {
        _spendAllowance(from, msg.sender, units);
        _transfer(from, to, units);
        return true;
    }

    function deposit(uint256 assetsWei, address receiver) external returns (uint256 units) {
        units = VAULT.wrapAmount(msg.sender, assetsWei);
        _mint(receiver, units);
        emit Deposit(msg.sender, receiver, assetsWei, units);
    }

    function mint(uint256 units, address receiver) external returns (uint256 assetsWei) {
        assetsWei = VAULT.wrapUnits(msg.sender, units);
        _mint(receiver, units);
        emit Deposit(msg.sender, receiver, assetsWei, units);
    }

    function redeem(uint256 units, address receiver, address owner) external returns (uint256 assetsWei) {
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, units);
        _burn(owner, units);
        assetsWei = VAULT.unwrapWholeUnits(receiver, units);
        emit Withdraw(msg.sender, receiver, owner, assetsWei, units);
    }

    /// @dev The receiver gets all shares of the units burned: `assetsWei` or, by rounding, a little more.
    function withdraw(uint256 assetsWei, address receiver, address owner) external returns (uint256 units) {
        units = previewWithdraw(assetsWei);
        if (msg.sender != owner) _spendAllowance(owner, msg.sender, units);
        _burn(owner, units);
        VAULT.unwrapWholeUnits(receiver, units);
        emit Withdraw(msg.sender, receiver, owner, assetsWei, units);
    }

    /// @inheritdoc IWrappedKeelEther
    function mintBacked(address receiver, uint256 units) external onlyVault {
        _mint(receiver, units);
    }

    /// @inheritdoc IWrappedKeelEther
    function burnCover(uint256 units) external onlyVault {
        _burn(msg.sender, units);
    }

    function _transfer(address from, address to, uint256 units) private {
        _debit(from, units);
        _credit(to, units);
        emit Transfer(from, to, units);
    }

    function _mint(address to, uint256 units) private {
        _credit(to, units);
        emit Transfer(address(0), to, units);
    }

    function _burn(address from, uint256 units) private {
        _debit(from, units);
        emit Transfer(from, address(0), units);
    }

    function _credit(address to, uint256 units) private {
        if (to == address(0) || to == address(this) || to == address(VAULT)) _requireCover(to);
        unchecked {
            balanceOf[to] += units; // all together are fewer than S, 120 bits
        }
    }

    /// @dev SHR-6. Cover is burned in the call that hands it over (LOS-2); nothing else would ever leave the vault.
    function _requireCover(address to) private view {
        bool isCover =
            to == address(VAULT) && (msg.sender == address(VAULT.BONDS()) || msg.sender == VAULT.modules().fund);
        if (!isCover) revert ERC20InvalidReceiver(to);
    }

    function _debit(address from, uint256 units) private {
        uint256 held = balanceOf[from];
        if (units > held) revert ERC20InsufficientBalance(from, held, units);
        unchecked {
            balanceOf[from] = held - units;
        }
    }

    function asset() external view returns (address) {
        return address(VAULT);
    }

    function totalSupply() external view returns (uint256 units) {
        return VAULT.sharesOf(address(this)) / SHARES_PER_UNIT;
    }

    function totalAssets() external view returns (uint256 assetsWei) {
        return VAULT.balanceOf(address(this));
    }

    function convertToShares(uint256 assetsWei) public view returns (uint256 units) {
        return VAULT.toSharesDown(assetsWei) / SHARES_PER_UNIT;
    }

    function convertToAssets(uint256 units) public view returns (uint256 assetsWei) {
        return VAULT.toAssetsDown(units * SHARES_PER_UNIT);
    }

    function previewDeposit(uint256 assetsWei) external view returns (uint256 units) {
        return convertToShares(assetsWei);
    }

    function previewMint(uint256 units) external view returns (uint256 assetsWei) {
        return VAULT.toAssetsUp(units * SHARES_PER_UNIT);
    }

    function previewWithdraw(uint256 assetsWei) public view returns (uint256 units) {
        return Units.up(VAULT.toSharesUp(assetsWei));
    }

    function previewRedeem(uint256 units) external view returns (uint256 assetsWei) {
        return convertToAssets(units);
    }

    /// @dev Where kETH is worth nothing, no amount of it is worth a unit.
    function maxDeposit(address) external view returns (uint256) {
        return VAULT.totalSupply() == 0 ? 0 : type(uint256).max;
    }

    function maxMint(address) external pure returns (uint256) {
        return type(uint256).max;
    }

    function maxWithdraw(address owner) external view returns (uint256 assetsWei) {
        return convertToAssets(balanceOf[owner]);
    }

    function maxRedeem(address owner) external view returns (uint256 units) {
        return balanceOf[owner];
    }
}
