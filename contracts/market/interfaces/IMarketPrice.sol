// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The mean price of a market over a time that one block cannot move
interface IMarketPrice {
    /// @notice Wei of ether a whole token (1e18 units). Reverts with the reason and the values while there is none.
    function price() external view returns (uint256 priceWei);
}
