// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title When shares are worth too little to go on
/// @notice Rule ACC-3 of docs/design.md.
library Solvency {
    /// @dev Shares a wei at a millionth of par.
    uint256 private constant MOST_SHARES_PER_WEI = 1e15;

    function isInsolvent(uint256 shares, uint256 visibleWei) internal pure returns (bool) {
        return visibleWei * MOST_SHARES_PER_WEI < shares;
    }
}
