// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IErrors} from "./IErrors.sol";
import {IPermit} from "./IPermit.sol";

/// @title wkETH: the non-rebasing token, ERC-4626 over kETH
/// @notice One unit (1e-18 wkETH) is 1e9 shares; the supply follows from the shares that wkETH holds (SHR-5).
/// Wrapping takes the caller's own kETH and needs no allowance: the two tokens are one protocol, and the vault moves
/// nothing but `msg.sender`'s shares. An allowance that was given is left as it is.
interface IWrappedKeelEther is IERC4626, IPermit, IErrors {
    /// @notice Vault only: credit units that are backed: their shares the vault has already moved to this contract.
    function mintBacked(address receiver, uint256 units) external;

    /// @notice Vault only: burn units that the vault itself holds (cover handed over by the fund); the vault burns
    /// their shares in the same call.
    function burnCover(uint256 units) external;
}
