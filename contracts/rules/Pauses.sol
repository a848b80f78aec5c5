// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IErrors} from "../interfaces/IErrors.sol";

/// @title Pauses that leave at least half of the time open
/// @notice Rule STA-4 of docs/design.md.
library Pauses {
    using SafeCast for uint256;

    /// @notice A pause of `seconds_` from now on; 0 ends the one under way, which then counts as long as it lasted.
    /// @param until end of the last pause
    /// @param lasts its length
    function next(
        uint256 until,
        uint256 lasts,
        uint256 seconds_
    ) internal view returns (uint32 untilNext, uint24 lastsNext) {
        if (seconds_ == 0) {
            uint256 cutShort = Math.saturatingSub(until, block.timestamp);
            return (Math.min(until, block.timestamp).toUint32(), Math.saturatingSub(lasts, cutShort).toUint24());
        }
        if (block.timestamp < until + lasts) revert IErrors.PauseTooSoon(until + lasts, block.timestamp);
        return ((block.timestamp + seconds_).toUint32(), seconds_.toUint24());
    }
}
