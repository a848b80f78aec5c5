// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ICover} from "./ICover.sol";
import {IErrors} from "./IErrors.sol";

/// @title InsuranceFund: underwriters' wkETH, first in line after the stream for losses
/// @notice ERC-4626 over wkETH. Rules LOS-2 and FND of docs/design.md. Part of every report's fee and the fee of
/// instant redemption arrive as wkETH.
interface IInsuranceFund is IERC4626, ICover, IErrors {
    struct Cooldown {
        uint256 shares; // locked until the window ends
        uint256 windowStart;
        uint256 windowEnd;
    }

    event CooldownStarted(address indexed underwriter, uint256 shares, uint256 windowStart, uint256 windowEnd);
    event CooldownCancelled(address indexed underwriter, uint256 shares);

    error ZeroWindow();
    error ZeroShares();
    error SharesLocked(address underwriter, uint256 locked, uint256 until);
    error CooldownAboveBalance(uint256 asked, uint256 balance);
    error NoCooldown(address underwriter);

    /// @notice Start (or start anew) a cooldown for `shares` of the caller; they are locked until its window ends and
    /// can be redeemed in the window. What a loss takes, it takes from cooling shares too.
    function startCooldown(uint256 shares) external;

    /// @notice Unlock; the caller stays an underwriter.
    function cancelCooldown() external;

    /// @notice The cooldown that runs or is in its window; all zero when there is none.
    function cooldownOf(address underwriter) external view returns (Cooldown memory);

    function COOLDOWN_SECONDS() external view returns (uint256);

    function WINDOW_SECONDS() external view returns (uint256);
}
