// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEtherSource} from "./IEtherSource.sol";

/// @title RewardsVault: fee recipient of the validators (priority fees, MEV)
/// @notice Takes ether from anyone; a report decides how much of it is income, and when.
interface IRewardsVault is IEtherSource {}
