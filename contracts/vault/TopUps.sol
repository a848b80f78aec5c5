// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDepositContract} from "../interfaces/IDepositContract.sol";
import {PUBKEY_BYTES, SIGNATURE_BYTES} from "../rules/Constants.sol";

/// @title Deposits for validators that exist already
/// @notice Rule KEY-6 of docs/design.md. The beacon chain checks no signature of a deposit for a known public key
/// (consensus specs, Electra, `apply_pending_deposit`), so none is sent.
library TopUps {
    /// @param pubkeys 48 bytes each
    /// @param amountWei for each
    function send(IDepositContract target, bytes calldata pubkeys, bytes32 credentials, uint256 amountWei) internal {
        bytes memory signature = new bytes(SIGNATURE_BYTES);
        bytes32 amountAndSignature = _amountAndSignature(amountWei / 1 gwei);
        for (uint256 from; from < pubkeys.length; from += PUBKEY_BYTES) {
            bytes calldata pubkey = pubkeys[from:from + PUBKEY_BYTES];
            bytes32 keyAndCredentials = sha256(bytes.concat(sha256(bytes.concat(pubkey, bytes16(0))), credentials));
            bytes32 root = sha256(bytes.concat(keyAndCredentials, amountAndSignature));
            target.deposit{value: amountWei}(pubkey, bytes.concat(credentials), signature, root);
        }
    }

    /// @dev The half of `DepositData`, as SSZ hashes it, that is the same in all of them: amount and empty signature.
    /// The deposit contract computes the whole root as well, and refuses another.
    function _amountAndSignature(uint256 amountGwei) private pure returns (bytes32) {
        bytes32 zeroPair = sha256(bytes.concat(bytes32(0), bytes32(0)));
        bytes32 signatureRoot = sha256(bytes.concat(zeroPair, zeroPair));
        return sha256(bytes.concat(_littleEndian(amountGwei), signatureRoot));
    }

    /// @dev SSZ's chunk of a uint64.
    function _littleEndian(uint256 value) private pure returns (bytes32 chunk) {
        for (uint256 i; i < 8; ++i) {
            chunk |= bytes32((value >> (8 * i) & 0xff) << (248 - 8 * i));
        }
    }
}
