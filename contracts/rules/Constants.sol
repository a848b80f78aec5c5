// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

uint256 constant BPS = 10_000;
uint256 constant RAY = 1e27;

uint256 constant SHARES_PER_WEI = 1e9; // at par
uint256 constant SHARES_PER_UNIT = 1e9; // SHR-5

uint256 constant VALIDATOR_WEI = 32 ether;
uint256 constant PREDEPOSIT_WEI = 1 ether; // KEY-2, of the operator
uint256 constant TOP_UP_WEI = VALIDATOR_WEI - PREDEPOSIT_WEI; // KEY-6, of the pool
uint256 constant PUBKEY_BYTES = 48;
uint256 constant SIGNATURE_BYTES = 96;
/// @dev A key to deposit: public key, signature, deposit data root.
uint256 constant DEPOSIT_BYTES = PUBKEY_BYTES + SIGNATURE_BYTES + 32;

uint256 constant LIMIT_PERIOD = 1 days; // LIM-3, of deposits and instant redemptions
uint256 constant UNVESTED_LIMIT_BPS = 100; // LIM-4
uint256 constant UNVESTED_FLOOR_WEI = 32 ether; // LIM-4
uint256 constant EXIT_LIMIT_LEAST = 100; // LIM-3
uint256 constant EXIT_LIMIT_BPS = 1000; // LIM-3, of what C + P would make validators of
uint256 constant MAX_COVERED_FRAMES = 7; // REP-1
uint256 constant MOST_REPORTED_WEI = 2 ** 87; // REP-4: more ether than there is
uint256 constant ANNOUNCEMENT_FRAMES = 3; // REP-8
uint256 constant REOPENING_FRAMES = 7; // STA-3
uint256 constant STREAM_FRAMES = 30; // STR-3
uint256 constant LONGEST_STREAM_SECONDS = 2 ** 47; // STR-3: its end has 48 bits
uint256 constant UNPROVEN_COVER_BPS = 500; // LOS-2
uint256 constant SLASHED_LIMIT_BPS = 10; // STA-7, of A + Q
uint256 constant MOST_OPERATORS_BPS = 1400; // COM-1, COM-2: of profit
uint256 constant STALE_FRAMES = 3; // STA-2
uint256 constant DEAD_FRAMES = 14; // STA-2
/// @dev STA-5: between two sweeps lies a reference slot with a frame of time to report it.
uint256 constant SWEEP_FRAMES = 2;
/// @dev STA-8, since the last reference slot: for 3 frames staking was open, the longest deposit queue so far took 71
/// days, and the beacon chain's sweep of all validators takes 9.
uint256 constant WIND_DOWN_FRAMES = 90;
uint256 constant LAST_PAYOUT_FRAMES = 10; // STA-8, since the last proof of one: a sweep

/// @title Whole units of wkETH
/// @notice Rule SHR-5 of docs/design.md.
library Units {
    function up(uint256 shares) internal pure returns (uint256 units) {
        return Math.ceilDiv(shares, SHARES_PER_UNIT);
    }
}
