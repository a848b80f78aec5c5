// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICover} from "./ICover.sol";
import {IErrors} from "./IErrors.sol";

/// @title OperatorBonds: wkETH that operators left with Keel, 1 ETH worth for each 32 ETH when these were staked
/// @notice Rules BND of docs/design.md. It earns like any wkETH. Its own operator cannot take it while the validator is
/// there. What is forfeit by slashings covers losses before anybody else does.
interface IOperatorBonds is ICover, IErrors {
    /// @notice One slot; written by stakes, slashings and withdrawals.
    struct Bond {
        uint96 units;
        uint32 parts; // of 32 ETH, among which the units are divided equally
    }

    /// @notice What one paid out validator leaves behind; one slot.
    struct Leaving {
        uint96 units;
        uint32 operatorId;
        uint40 payableAt;
    }

    event BondForfeited(uint256 indexed operatorId, uint256 units);
    event BondReleased(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, uint256 units, uint256 payableAt);
    event BondPaid(uint256 indexed operatorId, bytes32 indexed pubkeyRoot, address indexed to, uint256 units);

    error OnlyRegistry(address caller);
    error NothingToPay(bytes32 pubkeyRoot);
    error BondLeaving(bytes32 pubkeyRoot, uint256 payableAt, uint256 nowTime);

    /// @notice Registry only, once the vault has minted the units here (KEY-6); `KeyStaked` and `Staked` tell of it.
    /// @param operatorIds the first `count` have one part more each, an operator as often as it has them
    function add(uint256[] calldata operatorIds, uint256 count, uint256 unitsEach) external;

    /// @notice Registry only, for a slashed validator (BND-4).
    function forfeit(uint256 operatorId, uint256 parts) external;

    /// @notice Registry only, for a validator that has been paid out (BND-2): starts the cooldown.
    function release(uint256 operatorId, bytes32 pubkeyRoot, uint256 parts) external;

    /// @notice BND-3: pay what has cooled down to the operator's reward address, while the vault's state is normal or
    /// dead. Anyone. Reverts `NothingToPay`, `BondLeaving`, `StateNotNormal`.
    /// @return units of wkETH
    function pay(bytes32 pubkeyRoot) external returns (uint256 units);

    function bondOf(uint256 operatorId) external view returns (Bond memory);

    function leavingOf(bytes32 pubkeyRoot) external view returns (Leaving memory);

    /// @notice Units that wait for a loss.
    function forfeitUnits() external view returns (uint256);

    function COOLDOWN_SECONDS() external view returns (uint256);
}
