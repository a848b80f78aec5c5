// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    AccessManagedUpgradeable
} from "@openzeppelin/contracts-upgradeable/access/manager/AccessManagedUpgradeable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IWithdrawalVault} from "../interfaces/IWithdrawalVault.sol";
import {
    BPS,
    CONSOLIDATION_LIMIT_BPS,
    CONSOLIDATION_LIMIT_LEAST,
    EXIT_LIMIT_BPS,
    EXIT_LIMIT_LEAST,
    LIMIT_PERIOD,
    PUBKEY_BYTES,
    VALIDATOR_WEI
} from "../rules/Constants.sol";
import {NamedCode} from "../rules/NamedCode.sol";
import {TokenBucket} from "../rules/TokenBucket.sol";
import {EtherSource} from "./EtherSource.sol";

/// @title WithdrawalVault
/// @notice See IWithdrawalVault. This is the implementation; the proxy in front of it holds the ether.
contract WithdrawalVault is EtherSource, IWithdrawalVault, AccessManagedUpgradeable, UUPSUpgradeable {
    // ---- constants

    address internal constant WITHDRAWAL_REQUESTS = 0x00000961Ef480Eb55e80D19ad83579A64c007002; // EIP-7002
    address internal constant CONSOLIDATION_REQUESTS = 0x0000BBdDc7CE488642fb579F8B00f3a590007251; // EIP-7251

    // ---- storage

    /// @dev LIM-3, TokenBucket ticks.
    uint48 private _exitsFullAt;
    uint48 private _consolidationsFullAt;

    // ---- constructor

    constructor(address vault) EtherSource(vault) {
        _disableInitializers();
    }

    // ---- external

    /// @inheritdoc IWithdrawalVault
    function initialize(address initialAuthority) external initializer {
        if (initialAuthority == address(0)) revert ZeroAddress("initialAuthority");
        __AccessManaged_init(initialAuthority);
    }

    /// @inheritdoc IWithdrawalVault
    function requestExit(bytes[] calldata pubkeys) external payable restricted {
        _takeExits(pubkeys.length);
        bytes[] memory requests = new bytes[](pubkeys.length);
        for (uint256 i = 0; i < pubkeys.length; ++i) {
            requests[i] = abi.encodePacked(_checkedPubkey(pubkeys[i]), uint64(0));
            emit ExitRequested(pubkeys[i]);
        }
        _send(WITHDRAWAL_REQUESTS, requests);
    }

    /// @inheritdoc IWithdrawalVault
    function requestPartialWithdrawal(
        bytes[] calldata pubkeys,
        uint64[] calldata amountsGwei
    ) external payable restricted {
        if (pubkeys.length != amountsGwei.length) {
            revert LengthsDiffer(pubkeys.length, amountsGwei.length);
        }
        _takeExits(pubkeys.length);
        bytes[] memory requests = new bytes[](pubkeys.length);
        for (uint256 i = 0; i < pubkeys.length; ++i) {
            if (amountsGwei[i] == 0) revert ZeroAmount(i); // EIP-7002 would take it for a full exit
            requests[i] = abi.encodePacked(_checkedPubkey(pubkeys[i]), amountsGwei[i]);
            emit PartialWithdrawalRequested(pubkeys[i], amountsGwei[i]);
        }
        _send(WITHDRAWAL_REQUESTS, requests);
    }

    /// @inheritdoc IWithdrawalVault
    function requestConsolidation(bytes[] calldata sources, bytes[] calldata targets) external payable restricted {
        if (sources.length != targets.length) revert LengthsDiffer(sources.length, targets.length);
        _consolidationsFullAt =
            uint48(TokenBucket.take(_consolidationsFullAt, sources.length, _consolidationLimit(), LIMIT_PERIOD));
        bytes[] memory requests = new bytes[](sources.length);
        for (uint256 i = 0; i < sources.length; ++i) {
            requests[i] = abi.encodePacked(_checkedPubkey(sources[i]), _checkedPubkey(targets[i]));
            emit ConsolidationRequested(sources[i], targets[i]);
        }
        _send(CONSOLIDATION_REQUESTS, requests);
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

    /// @inheritdoc IWithdrawalVault
    function exitsAvailable() external view returns (uint256) {
        return TokenBucket.available(_exitsFullAt, _exitLimit(), LIMIT_PERIOD);
    }

    /// @inheritdoc IWithdrawalVault
    function consolidationsAvailable() external view returns (uint256) {
        return TokenBucket.available(_consolidationsFullAt, _consolidationLimit(), LIMIT_PERIOD);
    }

    // ---- internal

    function _takeExits(uint256 count) private {
        _exitsFullAt = uint48(TokenBucket.take(_exitsFullAt, count, _exitLimit(), LIMIT_PERIOD));
    }

    function _exitLimit() private view returns (uint256) {
        return Math.max(EXIT_LIMIT_LEAST, _validators() * EXIT_LIMIT_BPS / BPS);
    }

    function _consolidationLimit() private view returns (uint256) {
        return Math.max(CONSOLIDATION_LIMIT_LEAST, _validators() * CONSOLIDATION_LIMIT_BPS / BPS);
    }

    /// @dev How many validators of 32 ETH the books' C + P would make.
    function _validators() private view returns (uint256) {
        (uint256 balanceWei, uint256 pendingWei,,) = VAULT.consensus();
        return (balanceWei + pendingWei) / VALIDATOR_WEI;
    }

    /// @dev Pays the fee of each request from `msg.value` and returns the rest, so the balance before stays untouched.
    function _send(address system, bytes[] memory requests) internal {
        if (requests.length == 0) revert NothingRequested();
        uint256 feeWei = _feeWei(system); // does not change before the end of the block
        uint256 neededWei = feeWei * requests.length;
        if (msg.value < neededWei) revert FeeTooLow(msg.value, neededWei);
        for (uint256 i = 0; i < requests.length; ++i) {
            (bool isAccepted,) = system.call{value: feeWei}(requests[i]);
            if (!isAccepted) revert SystemCallFailed(system);
        }
        if (msg.value == neededWei) return;
        (bool isRefunded,) = msg.sender.call{value: msg.value - neededWei}("");
        if (!isRefunded) revert RefundFailed(msg.sender, msg.value - neededWei);
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

    function _checkedPubkey(bytes calldata pubkey) internal pure returns (bytes calldata) {
        if (pubkey.length != PUBKEY_BYTES) revert PubkeyLength(pubkey.length, PUBKEY_BYTES);
        return pubkey;
    }
}
