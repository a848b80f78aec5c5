// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDepositContract} from "../interfaces/IDepositContract.sol";
import {SIGNATURE_BYTES} from "../rules/Constants.sol";

/// @title Deposits for validators that exist already
/// @notice Rule KEY-6 of docs/design.md. The beacon chain checks no signature of a deposit for a known public key
/// (consensus specs, Electra, `apply_pending_deposit`), so none is sent.
library TopUps {
    /// @param pubkey 48 bytes
    function send(IDepositContract target, bytes calldata pubkey, bytes32 credentials, uint256 amountWei) internal {
        bytes memory signature = new bytes(SIGNATURE_BYTES);
        bytes32 root = _dataRoot(pubkey, credentials, amountWei / 1 gwei);
        target.deposit{value: amountWei}(pubkey, bytes.concat(credentials), signature, root);
    }

    /// @dev SSZ root of `DepositData` with an empty signature, which the deposit contract computes as well.
    function _dataRoot(bytes calldata pubkey, bytes32 credentials, uint256 amountGwei) private pure returns (bytes32) {
        bytes32 zeroPair = sha256(bytes.concat(bytes32(0), bytes32(0)));
        bytes32 signatureRoot = sha256(bytes.concat(zeroPair, zeroPair));
        bytes32 pubkeyRoot = sha256(bytes.concat(pubkey, bytes16(0)));
        bytes32 keyAndCredentials = sha256(bytes.concat(pubkeyRoot, credentials));
        bytes32 amountAndSignature = sha256(bytes.concat(_littleEndian(amountGwei), signatureRoot));
        return sha256(bytes.concat(keyAndCredentials, amountAndSignature));
    }

    /// @dev SSZ's chunk of a uint64.
    function _littleEndian(uint256 value) private pure returns (bytes32 chunk) {
        for (uint256 i; i < 8; ++i) {
            chunk |= bytes32((value >> (8 * i) & 0xff) << (248 - 8 * i));
        }
    }
}
