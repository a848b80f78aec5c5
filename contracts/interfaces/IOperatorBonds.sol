// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "./IErrors.sol";
import {IOperatorRegistry} from "./IOperatorRegistry.sol";

/// @title OperatorBonds: wkETH that operators left with Keel, 1 ETH worth for each validator when it was staked
/// @notice Rules BND of docs/design.md. It earns like any wkETH. Its own operator cannot take it while the validator is
/// there.
interface IOperatorBonds is IErrors {
    /// @notice One slot; written by stakes, releases and payments.
    struct Bond {
        uint96 units; // of validators that have not been released
        uint96 leavingUnits;
        uint32 released; // validators, of those that the operator ever had
        uint32 payableAt;
    }

    event BondReleased(uint256 indexed operatorId, uint256 validators, uint256 units, uint256 payableAt);
    event BondPaid(uint256 indexed operatorId, address indexed to, uint256 units);

    error OnlyRegistry(address caller);
    error NothingToRelease(uint256 operatorId, uint256 exited, uint256 released);
    error NothingToPay(uint256 operatorId);
    error BondLeaving(uint256 operatorId, uint256 payableAt, uint256 nowTime);
    error LeafNotReported(uint256 operatorId);

    /// @notice Registry only, once the vault has minted the units here (KEY-6); `KeyStaked` and `Staked` tell of it.
    /// @param operatorIds the first `count` have one validator more each, an operator as often as it has them
    function add(uint256[] calldata operatorIds, uint256 count, uint256 unitsEach) external;

    /// @notice BND-2: start the cooldown for the part of an operator's bond whose validators have exited by the newest
    /// report. Anyone. What is cooling down already joins it; the time left is the mean of both, weighted by units.
    function release(IOperatorRegistry.RewardLeaf calldata leaf, bytes32[] calldata proof) external;

    /// @notice BND-3: pay what has cooled down to the operator's reward address, while the vault's state is normal.
    /// Anyone.
    /// @return units of wkETH
    function pay(uint256 operatorId) external returns (uint256 units);

    function bondOf(uint256 operatorId) external view returns (Bond memory);

    function COOLDOWN_SECONDS() external view returns (uint256);
}
