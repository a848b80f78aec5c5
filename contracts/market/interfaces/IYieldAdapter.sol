// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IErrors} from "../../interfaces/IErrors.sol";
import {IStandardizedYield} from "./IStandardizedYield.sol";

/// @title SY-wkETH: wkETH as Pendle takes it
/// @notice Rules SYA of docs/market_design.md. One share is one unit of wkETH that this contract holds. Ether, kETH and
/// wkETH come in, wkETH goes out. Every rounding is against the caller. Nobody has a right over this contract.
interface IYieldAdapter is IStandardizedYield, IErrors {
    error TokenNotAccepted(address token);
    error WrongValue(uint256 sentWei, uint256 neededWei);
    error ZeroShares();
    error BelowMinimumOut(uint256 amount, uint256 minAmount);
}
