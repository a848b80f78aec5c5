// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {WETH} from "solady/tokens/WETH.sol";

/// @title WETH as a library has it
contract TestWrappedEther is WETH {}
