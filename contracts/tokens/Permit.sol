// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IPermit} from "../interfaces/IPermit.sol";

/// @title Allowances and their permits, the same for both tokens
/// @notice ERC-20 allowances, ERC-2612 with ERC-1271, ERC-5267, ERC-6093. The inheriting contract keeps balances.
abstract contract Permit is IPermit, IERC20Errors, EIP712 {
    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    mapping(address owner => uint256 nonce) public nonces;
    mapping(address owner => mapping(address spender => uint256 value)) private _allowances;

    function approve(address spender, uint256 value) external returns (bool) {
        _approve(msg.sender, spender, value);
        return true;
    }

    /// @notice ERC-2612.
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        _permit(owner, spender, value, deadline, abi.encodePacked(r, s, v));
    }

    /// @inheritdoc IPermit
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes calldata signature
    ) external {
        _permit(owner, spender, value, deadline, signature);
    }

    /// @dev An allowance of the largest value is never spent down, as in OpenZeppelin's ERC-20. Nothing leaves the zero
    /// address, not even nothing: its log would read as a mint.
    function _spendAllowance(address owner, address spender, uint256 value) internal {
        if (owner == address(0)) revert ERC20InvalidSender(owner);
        uint256 allowed = _allowances[owner][spender];
        if (allowed == type(uint256).max) return;
        if (allowed < value) revert ERC20InsufficientAllowance(spender, allowed, value);
        _allowances[owner][spender] = allowed - value;
    }

    function _permit(address owner, address spender, uint256 value, uint256 deadline, bytes memory signature) private {
        if (block.timestamp > deadline) revert PermitExpired(deadline, block.timestamp);
        bytes32 digest =
            _hashTypedDataV4(keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, nonces[owner]++, deadline)));
        if (!_hasSigned(owner, digest, signature)) revert PermitSignatureInvalid(owner);
        _approve(owner, spender, value);
    }

    /// @dev The account's own signature comes first: an account with code by EIP-7702 still signs with its key.
    function _hasSigned(address owner, bytes32 digest, bytes memory signature) private view returns (bool) {
        (address recovered,,) = ECDSA.tryRecover(digest, signature);
        if (recovered == owner && owner != address(0)) return true;
        return SignatureChecker.isValidERC1271SignatureNow(owner, digest, signature);
    }

    function _approve(address owner, address spender, uint256 value) private {
        if (owner == address(0)) revert ERC20InvalidApprover(owner);
        if (spender == address(0)) revert ERC20InvalidSpender(spender);
        _allowances[owner][spender] = value;
        emit Approval(owner, spender, value);
    }

    function allowance(address owner, address spender) external view returns (uint256) {
        return _allowances[owner][spender];
    }

    // solhint-disable-next-line func-name-mixedcase -- the name is ERC-2612's
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}
