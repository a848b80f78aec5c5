// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IErrors} from "../interfaces/IErrors.sol";

/// @title Pauses that leave at least half of the time open
/// @notice Rule STA-4 of docs/design.md.
library Pauses {
    using SafeCast for uint256;

    struct Pause {
        uint32 from;
        uint32 until;
    }

    /// @notice Pauses for `seconds_` from now on; 0 ends the pause under way, which then counts as long as it lasted.
    /// @return until the new end; now when a pause is ended, and when there is none
    function next(Pause storage last, uint256 seconds_) internal returns (uint32 until) {
        until = (block.timestamp + seconds_).toUint32();
        if (seconds_ == 0) {
            if (block.timestamp < last.until) last.until = until;
        } else {
            uint256 possibleAt = 2 * uint256(last.until) - last.from;
            if (block.timestamp < possibleAt) revert IErrors.PauseTooSoon(possibleAt, block.timestamp);
            (last.from, last.until) = (block.timestamp.toUint32(), until);
        }
    }
}
