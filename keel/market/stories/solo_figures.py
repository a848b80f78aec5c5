"""What direct staking and Keel are compared by."""

from dataclasses import dataclass

from keel.deploy.profiles import MAINNET
from keel.model.constants import ETHER, GWEI, VALIDATOR_DEPOSIT_WEI

STAKE_WEI = 320 * ETHER
SOLO_VALIDATORS = STAKE_WEI // VALIDATOR_DEPOSIT_WEI
POOL_SIDE_WEI = 150 * ETHER
INSURED_WEI = 20 * ETHER
SMALL_WEI = 32 * ETHER
AT_ONCE_WEI = 16 * ETHER
"""What is redeemed at once, which what is buffered must allow."""

FRAMES = 365
LOOK_FRAMES = 73
"""After so many frames of the year the holder's worth is looked at."""

OFFLINE_DAYS = 7
EXIT_DAYS = 5
CORRELATED_PART = 10
"""One part of so many of the whole chain is slashed in the same weeks."""

ABSENCE_WEI = MAINNET.absence_gwei_per_day * GWEI
"""What a validator loses by a day without duties."""

_SLASHING_QUOTIENT = 4_096
"""MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA of the consensus specs."""

_SLASHED_DAYS = 36
"""EPOCHS_PER_SLASHINGS_VECTOR in days: so long a slashed validator stays without duties."""

ALONE_WEI = VALIDATOR_DEPOSIT_WEI // _SLASHING_QUOTIENT // GWEI * GWEI + _SLASHED_DAYS * ABSENCE_WEI
"""What a validator loses that is slashed alone."""

CORRELATED_WEI = ALONE_WEI + 3 * VALIDATOR_DEPOSIT_WEI // CORRELATED_PART
"""What each loses with a tenth of the chain: three times that part of its balance besides."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A way out: what is asked for, what comes, and after how many days."""

    way: str
    amount_wei: int
    paid_wei: int
    days: int


@dataclass(frozen=True, slots=True)
class Risk:
    """What befalls, and what the same 320 ETH lose alone and through Keel, in wei."""

    what: str
    solo_wei: int
    keel_wei: int


@dataclass(frozen=True, slots=True)
class Solo:
    """All of it. Earned in a year, in wei; `staked_wei` of `backing_wei` work in Keel.

    `redeemable_wei` is what instant redemption could pay at most; `worths_wei` what the holder
    has at first and after each `LOOK_FRAMES`.
    """

    solo_earned_wei: int
    worths_wei: tuple[int, ...]
    staked_wei: int
    backing_wei: int
    fee_bps: int
    redeemable_wei: int
    leavings: tuple[Leaving, ...]
    risks: tuple[Risk, ...]

    @property
    def keel_earned_wei(self) -> int:
        """What the holder has more after the year."""
        return self.worths_wei[-1] - self.worths_wei[0]
