// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IWithdrawalVault} from "../interfaces/IWithdrawalVault.sol";
import {NamedCode} from "../rules/NamedCode.sol";
import {EtherSource} from "./EtherSource.sol";

/// @title WithdrawalVault
/// @notice See IWithdrawalVault. This is the implementation; the proxy in front of it holds the ether.
contract WithdrawalVault is EtherSource, IWithdrawalVault, AccessManagedUpgradeable, UUPSUpgradeable {
    // ---- constants

    address internal constant WITHDRAWAL_REQUESTS = 0x00000961Ef480Eb55e80D19ad83579A64c007002; // EIP-7002
    address internal constant CONSOLIDATION_REQUESTS = 0x0000BBdDc7CE488642fb579F8B00f3a590007251; // EIP-7251

    address public immutable EXITS;

    // ---- constructor

    constructor(address vault, address exits) EtherSource(vault) {
        if (exits == address(0)) revert ZeroAddress("exits");
        EXITS = exits;
        _disableInitializers();
    }

    // ---- external

    /// @inheritdoc IWithdrawalVault
    function initialize(address initialAuthority) external initializer {
        if (initialAuthority == address(0)) revert ZeroAddress("initialAuthority");
        __AccessManaged_init(initialAuthority);
    }

    /// @inheritdoc IWithdrawalVault
    function requestWithdrawals(bytes[] calldata requests, address payer) external payable {
        _send(WITHDRAWAL_REQUESTS, requests, payer);
    }

    /// @inheritdoc IWithdrawalVault
    function requestConsolidations(bytes[] calldata requests, address payer) external payable {
        _send(CONSOLIDATION_REQUESTS, requests, payer);
    }

    /// @inheritdoc IWithdrawalVault
    function upgradeToCode(address implementation, bytes32 codeHash, bytes calldata data) external payable restricted {
        NamedCode.check(implementation, codeHash);
        upgradeToAndCall(implementation, data);
    }

    // ---- views

    /// @inheritdoc IWithdrawalVault
    function withdrawalRequestFeeWei() external view returns (uint256) {
        return _feeWei(WITHDRAWAL_REQUESTS);
    }

    /// @inheritdoc IWithdrawalVault
    function consolidationRequestFeeWei() external view returns (uint256) {
        return _feeWei(CONSOLIDATION_REQUESTS);
    }

    // ---- internal

    /// @dev Pays the fee of each request from `msg.value` and returns the rest, so the balance before stays untouched.
    function _send(address system, bytes[] calldata requests, address payer) internal {
        if (msg.sender != EXITS) revert OnlyExits(msg.sender);
        uint256 feeWei = _feeWei(system); // does not change before the end of the block
        uint256 neededWei = feeWei * requests.length;
        if (msg.value < neededWei) revert FeeTooLow(msg.value, neededWei);
        for (uint256 i = 0; i < requests.length; ++i) {
            (bool isAccepted,) = system.call{value: feeWei}(requests[i]);
            if (!isAccepted) revert SystemCallFailed(system);
        }
        if (msg.value == neededWei) return;
        (bool isRefunded,) = payer.call{value: msg.value - neededWei}("");
        if (!isRefunded) revert RefundFailed(payer, msg.value - neededWei);
    }

    function _enterVault(uint256 amountWei) internal override {
        VAULT.receiveWithdrawals{value: amountWei}();
    }

    /// @dev MOD-1: nobody calls `upgradeToAndCall` from outside. `upgradeToCode` has checked the caller and the code.
    function _authorizeUpgrade(address) internal pure override {
        if (msg.sig != IWithdrawalVault.upgradeToCode.selector) revert CodeHashNotNamed();
    }

    function _feeWei(address system) internal view returns (uint256) {
        (bool isAnswered, bytes memory answer) = system.staticcall("");
        if (!isAnswered || answer.length != 32) revert SystemCallFailed(system);
        return abi.decode(answer, (uint256));
    }
}
