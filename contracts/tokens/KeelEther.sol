// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IKeelEther} from "../interfaces/IKeelEther.sol";
import {Permit} from "./Permit.sol";

/// @title kETH, the token half of StakingVault: shares read as ether
/// @notice Rules SHR of docs/design.md. The inheriting contract keeps S and V; nothing here changes them.
abstract contract KeelEther is IKeelEther, Permit {
    string public constant name = "Keel Ether";
    string public constant symbol = "kETH";
    uint8 public constant decimals = 18;

    /// @inheritdoc IKeelEther
    mapping(address holder => uint256 shares) public sharesOf;

    constructor() EIP712("Keel Ether", "1") {}

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
        _move(from, to, toSharesUp(assetsWei));
        emit Transfer(from, to, assetsWei);
    }

    function _transferShares(address from, address to, uint256 shares) private returns (uint256 assetsWei) {
        _requireReceiver(to);
        assetsWei = toAssetsDown(shares);
        _move(from, to, shares);
        emit Transfer(from, to, assetsWei);
        emit TransferShares(from, to, shares);
    }

    function _move(address from, address to, uint256 shares) internal {
        _debit(from, shares);
        sharesOf[to] += shares;
    }

    function _debit(address from, uint256 shares) internal {
        uint256 held = sharesOf[from];
        if (shares > held) revert InsufficientShares(from, held, shares);
        sharesOf[from] = held - shares;
    }

    /// @dev S and V now.
    function _sharesAndVisible() internal view virtual returns (uint256 shares, uint256 visibleWei);

    /// @dev SHR-6: reverts `ERC20InvalidReceiver` for those that kETH must not be sent to.
    function _requireReceiver(address to) internal view virtual;

    /// @inheritdoc IKeelEther
    function toSharesDown(uint256 assetsWei) public view returns (uint256) {
        (uint256 shares, uint256 visibleWei) = _sharesAndVisible();
        return assetsWei * shares / visibleWei;
    }

    /// @inheritdoc IKeelEther
    function toSharesUp(uint256 assetsWei) public view returns (uint256) {
        (uint256 shares, uint256 visibleWei) = _sharesAndVisible();
        return Math.ceilDiv(assetsWei * shares, visibleWei);
    }

    /// @inheritdoc IKeelEther
    function toAssetsDown(uint256 shares) public view returns (uint256) {
        (uint256 total, uint256 visibleWei) = _sharesAndVisible();
        return shares * visibleWei / total;
    }

    /// @inheritdoc IKeelEther
    function toAssetsUp(uint256 shares) public view returns (uint256) {
        (uint256 total, uint256 visibleWei) = _sharesAndVisible();
        return Math.ceilDiv(shares * visibleWei, total);
    }

    function balanceOf(address holder) external view returns (uint256) {
        return toAssetsDown(sharesOf[holder]);
    }

    /// @notice V: all shares together, rounded as no single balance is.
    function totalSupply() external view returns (uint256 visibleWei) {
        (, visibleWei) = _sharesAndVisible();
    }

    /// @inheritdoc IKeelEther
    function totalShares() public view returns (uint256 shares) {
        (shares,) = _sharesAndVisible();
    }
}
