// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEtherSource} from "./IEtherSource.sol";

/// @title WithdrawalVault: the address in the validators' withdrawal credentials
/// @notice Swept ether arrives without a call. The only proxy of the core (ERC-1967, UUPS), because validators carry
/// this address for life. Exits alone makes it ask the system contracts of EIP-7002 and EIP-7251, whose fees are paid
/// from `msg.value`; what is left goes back to the payer.
interface IWithdrawalVault is IEtherSource {
    error CodeHashNotNamed();
    error OnlyExits(address caller);
    error FeeTooLow(uint256 sentWei, uint256 neededWei);
    error SystemCallFailed(address system);
    error RefundFailed(address receiver, uint256 amountWei);

    /// @notice Once, through the proxy: the AccessManager whose roles upgrades obey.
    function initialize(address initialAuthority) external;

    /// @notice Puts other code behind this address, then calls it with `data` unless that is empty (MOD-1). Restricted.
    /// `upgradeToAndCall` of OpenZeppelin, which names an address alone, reverts `CodeHashNotNamed` for everybody.
    /// @param codeHash of the implementation's code
    function upgradeToCode(address implementation, bytes32 codeHash, bytes calldata data) external payable;

    /// @notice Exits and partial withdrawals by EIP-7002. Exits only.
    /// @param requests public key and amount in gwei, 56 bytes each
    /// @param payer who gets back what the fees leave of `msg.value`
    function requestWithdrawals(bytes[] calldata requests, address payer) external payable;

    /// @notice Consolidations by EIP-7251. Exits only.
    /// @param requests public keys of source and target, 96 bytes each
    function requestConsolidations(bytes[] calldata requests, address payer) external payable;

    /// @notice Fee of the next EIP-7002 request, wei.
    function withdrawalRequestFeeWei() external view returns (uint256);

    /// @notice Fee of the next EIP-7251 request, wei.
    function consolidationRequestFeeWei() external view returns (uint256);
}
