// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CREATE3} from "solady/utils/CREATE3.sol";

/// @title Create3Factory: addresses that are known before the code that lives there
/// @notice Keel's contracts hold each other's addresses as immutables, in circles, so no address may depend on code.
/// An address depends on this factory, the caller and the salt: nobody else can take it, and a deployment that
/// broke off goes on where it stopped.
contract Create3Factory {
    event Deployed(address indexed deployer, bytes32 indexed salt, address deployed);

    /// @notice Create a contract and hand it the ether sent. Reverts `DeploymentFailed` of Solady's CREATE3 when the
    /// caller used the salt before or the constructor reverts.
    /// @param initCode creation code and the encoded arguments of the constructor
    function deploy(bytes32 salt, bytes calldata initCode) external payable returns (address deployed) {
        deployed = CREATE3.deployDeterministic(msg.value, initCode, _ownSalt(msg.sender, salt));
        emit Deployed(msg.sender, salt, deployed);
    }

    /// @notice Where `deploy(salt, ...)` by `deployer` creates its contract.
    function addressOf(address deployer, bytes32 salt) external view returns (address) {
        return CREATE3.predictDeterministicAddress(_ownSalt(deployer, salt));
    }

    function _ownSalt(address deployer, bytes32 salt) private pure returns (bytes32) {
        return keccak256(abi.encode(deployer, salt));
    }
}
