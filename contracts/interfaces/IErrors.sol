// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Errors that several of Keel's contracts share
interface IErrors {
    error ZeroAddress(string what);
    /// @notice A parameter lies beyond its bound: 0 where it must not be, or above the largest.
    error ParameterOutOfBounds(string what, uint256 value, uint256 bound);
    /// @notice A signed field that no rule uses yet (REP-11, OPR-8).
    error ReservedNotZero(string field, uint256 value);
    /// @notice COM-2: more of the profit than operators may have.
    error OperatorsFeeTooHigh(uint256 operatorsBps, uint256 mostBps);
    error OnlyVault(address caller);
    /// @notice MOD-1: the account has no code, or code that stands for another account's.
    error NoCode(address account);
    error CodeChanged(address account, bytes32 expected, bytes32 actual);
    error PauseTooLong(uint256 asked, uint256 max);
    error PauseTooSoon(uint256 possibleAt, uint256 nowTime);
    error InsufficientLiquidity(uint256 neededWei, uint256 availableWei);
}
