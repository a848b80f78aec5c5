"""Numbers that no deployment may choose, named where docs/design.md uses them.

ACC-3 names the ratios that mean insolvency, SHR-5 the shares in a unit of wkETH, QUE-1 the scale of
normalised claims, LIM-1 the tick, STA-2 the frames until stale and dead, LOS-2 the covering part.
"""

RAY = 10**27
BPS = 10_000
GWEI = 10**9
ETHER = 10**18
DAY = 86_400
YEAR = 365 * DAY

SHARES_PER_WEI = 10**9
"""Shares minted for a wei at par (SHR-7)."""
MOST_SHARES = 2**120 - 1
"""S has 120 bits: no fee mints more (REP-5)."""
SHARES_PER_UNIT = 10**9
"""Shares in the smallest unit of wkETH (SHR-5)."""
INSOLVENT_SHARES_PER_WEI = 10**15
"""A share worth less than this part of a wei means insolvent (ACC-3)."""
INSOLVENT_INDEX = RAY // 10**6
"""Below this index a normalised claim would grow without bound (ACC-3)."""
CLAIM_SCALE = 10**36
"""Normalised claim times index, for one wei (QUE-1)."""

TICKS_PER_SECOND = 2**16
DEPOSIT_PERIOD_SECONDS = DAY
INSTANT_PERIOD_SECONDS = DAY

STALE_FRAMES = 3
DEAD_FRAMES = 14
SWEEP_FRAMES = 2
WIND_DOWN_FRAMES = 90
"""So long after the last reference slot a wind-down books no loss (STA-8)."""
LAST_PAYOUT_FRAMES = 10
"""Nor so long after the last proof that a validator was paid out (STA-8)."""
MAX_COVERED_FRAMES = 7

LEAST_COMMISSION_BPS = 500
MOST_OPERATORS_BPS = 1_400
"""Of profit: an operator's commission at most (COM-1), and what a report may give them (COM-2)."""
COMMISSION_RISE_FRAMES = 14
MOST_FEE_BPS = 600
"""The protocol's part of profit at most, without operators' (REP-5)."""

UNPROVEN_COVER_BPS = 500
"""What a report takes of the fund, whatever is proven slashed (LOS-2)."""
MOST_COVER_BPS = 9_500
"""What the fund pays of itself at most (LOS-2)."""
SLASHED_LIMIT_BPS = 10
"""Doors close when more of A + Q is proven slashed (STA-7)."""
VALIDATOR_DEPOSIT_WEI = 32 * ETHER
PREDEPOSIT_WEI = ETHER
"""What an operator sends for a key before it is proven (KEY-2)."""
TOP_UP_WEI = VALIDATOR_DEPOSIT_WEI - PREDEPOSIT_WEI
"""What the pool sends for a key that is proven (KEY-6)."""
FIRST_DEPOSIT_WEI = ETHER
"""What the constructor deposits permanently (SHR-7)."""

FUND_SEED_WEI = ETHER
"""What a deployment deposits in the insurance fund for ever."""

ZERO_ADDRESS = "0x0000000000000000000000000000000000000000"

FUND_VIRTUAL_SHARES = 10**6
"""Ten to the decimals offset of the fund's ERC-4626 shares (FND-2)."""

STREAM_FRAMES = 30
"""The longest time left that the mean of times counts (STR-3); an insolvent vault's stream."""
LONGEST_STREAM_SECONDS = 2**47
"""So that its end has 48 bits (STR-3)."""
UNVESTED_LIMIT_BPS = 100
UNVESTED_FLOOR_WEI = 32 * ETHER
"""Deposits wait while U is above the larger of this part of V and this amount (LIM-4)."""
LARGEST_REPORT_WEI = 2**87
"""More ether than there is: no report can be true beyond it (REP-4)."""
ANNOUNCEMENT_FRAMES = 3
"""So long after it was made an announcement ends (REP-8)."""
REOPENING_FRAMES = 7
"""Deposits stay closed so long after a loss beyond the bucket (STA-3)."""
