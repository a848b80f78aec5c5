// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

/// @title WithdrawalVaultProxy: the address that validators carry for life
/// @notice OpenZeppelin's ERC1967Proxy as it is, in front of WithdrawalVault (UUPS).
contract WithdrawalVaultProxy is ERC1967Proxy {
    constructor(address implementation, bytes memory data) ERC1967Proxy(implementation, data) {}
}
