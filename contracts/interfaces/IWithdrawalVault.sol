// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEtherSource} from "./IEtherSource.sol";

/// @title WithdrawalVault: the address in the validators' withdrawal credentials
/// @notice Swept ether arrives without a call. The only proxy of the core (ERC-1967, UUPS), because validators carry
/// this address for life. Requests go to the system contracts of EIP-7002 and EIP-7251, whose fees are paid from
/// `msg.value`; what is left goes back to the caller. A scheduled call is sent to this contract itself, or through
/// the AccessManager with the exact fee, since that takes no refund.
interface IWithdrawalVault is IEtherSource {
    event ExitRequested(bytes pubkey);
    event PartialWithdrawalRequested(bytes pubkey, uint64 amountGwei);
    event ConsolidationRequested(bytes source, bytes target);

    error CodeHashNotNamed();
    error NothingRequested();
    error LengthsDiffer(uint256 left, uint256 right);
    error PubkeyLength(uint256 length, uint256 expected);
    error ZeroAmount(uint256 position);
    error FeeTooLow(uint256 sentWei, uint256 neededWei);
    error SystemCallFailed(address system);
    error RefundFailed(address receiver, uint256 amountWei);

    /// @notice Once, through the proxy: the AccessManager whose roles the restricted functions and upgrades obey.
    function initialize(address initialAuthority) external;

    /// @notice Puts other code behind this address, then calls it with `data` unless that is empty (MOD-1). Restricted.
    /// `upgradeToAndCall` of OpenZeppelin, which names an address alone, reverts `CodeHashNotNamed` for everybody.
    /// @param codeHash of the implementation's code
    function upgradeToCode(address implementation, bytes32 codeHash, bytes calldata data) external payable;

    /// @notice Full exits by EIP-7002 (amount 0). The consensus layer may ignore a request silently (too early after
    /// activation, already exiting); whoever asks watches and asks again. Restricted.
    function requestExit(bytes[] calldata pubkeys) external payable;

    /// @notice Partial withdrawals by EIP-7002, for validators with 0x02 credentials. Restricted.
    /// @param amountsGwei above 0, one a key
    function requestPartialWithdrawal(bytes[] calldata pubkeys, uint64[] calldata amountsGwei) external payable;

    /// @notice Consolidations by EIP-7251; source equal to target switches to 0x02 credentials. Restricted.
    function requestConsolidation(bytes[] calldata sources, bytes[] calldata targets) external payable;

    /// @notice How many requests by EIP-7002 (exits, partial withdrawals) may be made now (LIM-3).
    function exitsAvailable() external view returns (uint256);

    /// @notice How many requests by EIP-7251 may be made now (LIM-3).
    function consolidationsAvailable() external view returns (uint256);

    /// @notice Fee of the next EIP-7002 request, wei.
    function withdrawalRequestFeeWei() external view returns (uint256);

    /// @notice Fee of the next EIP-7251 request, wei.
    function consolidationRequestFeeWei() external view returns (uint256);
}
