"""The one table of parameters: unit, value, bounds, who may change it, where the chain shows it.

docs/parameters.md is generated from it, configurations are checked against its bounds, and
`verify` reads every getter. What no role may change is an immutable, so it is part of the code
that `verify` compares byte by byte, too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from keel.deploy.profiles import Profile
from keel.deploy.roles import TERMS, Role
from keel.model.constants import (
    BPS,
    DAY,
    ETHER,
    GWEI,
    MOST_FEE_BPS,
    RAY,
    VALIDATOR_DEPOSIT_WEI,
)

_VAULT = "StakingVault"
_ORACLE = "AccountingOracle"
_QUEUE = "WithdrawalQueue"
_FUND = "InsuranceFund"
_BONDS = "OperatorBonds"
_EXITS = "Exits"
_INSTANT = "InstantRedemption"
_PROOFS = "ValidatorProofs"
_UINT48_GWEI = (2**48 - 1) * GWEI
_UINT24_ETHER = (2**24 - 1) * ETHER


@dataclass(frozen=True, slots=True)
class Parameter:
    """`name` is also the name in Profile.

    `getter` is read on `contract`; `.field` of it where it returns a struct, times `scale` to
    get from the chain's unit to ours. `changed_by` None: it never changes.
    """

    name: str
    unit: str
    contract: str
    getter: str
    least: int
    most: int
    meaning: str
    changed_by: Role | None = None
    scale: int = 1

    def value(self, profile: Profile) -> int:
        """Value in a profile, in `unit`."""
        return int(getattr(profile, self.name))

    def read(self, answer: object) -> int:
        """Turn the getter's answer into `unit`."""
        _, _, field = self.getter.partition(".")
        raw = getattr(answer, field) if field else answer
        if not isinstance(raw, int):
            raise TypeError(f"{self.contract}.{self.getter} answered {raw!r}, a number expected")
        return raw * self.scale

    @property
    def function(self) -> str:
        """Name of the getter without the field."""
        return self.getter.partition(".")[0]


PARAMETERS = (
    Parameter("seconds_per_slot", "s", _ORACLE, "SECONDS_PER_SLOT", 1, 60, "STA-1: a slot"),
    Parameter(
        "block_roots",
        "slots",
        _PROOFS,
        "BLOCK_ROOTS",
        64,
        8_192,
        "PRF-2: how far back a state names blocks, of the network's preset",
    ),
    Parameter(
        "slashings_epochs",
        "epochs",
        _PROOFS,
        "EPOCHS_PER_SLASHINGS_VECTOR",
        64,
        8_192,
        "PRF-8: how long a slashed validator waits, of the network's preset",
    ),
    Parameter(
        "committee_epochs",
        "epochs",
        _PROOFS,
        "SHARD_COMMITTEE_PERIOD",
        1,
        256,
        "PRF-8: how long a validator must be active before it leaves, of the network's preset",
    ),
    Parameter("frame_seconds", "s", _VAULT, "FRAME_SECONDS", 8, 14 * DAY, "STA-1: a frame"),
    Parameter(
        "finality_seconds",
        "s",
        _ORACLE,
        "FINALITY_SECONDS",
        1,
        7 * DAY,
        "REP-1: age of final slots",
    ),
    Parameter(
        "loss_limit_bps",
        "bps",
        _VAULT,
        "LOSS_LIMIT_BPS",
        1,
        BPS,
        "LIM-3: losses beyond it are announced first, part of V + Q",
    ),
    Parameter(
        "loss_period_seconds",
        "s",
        _VAULT,
        "LOSS_PERIOD_SECONDS",
        1,
        365 * DAY,
        "LIM-3: time in which that limit refills",
    ),
    Parameter(
        "stake_limit_bps",
        "bps",
        _VAULT,
        "STAKE_LIMIT_BPS",
        1,
        BPS,
        "LIM-3: what can be staked in a frame, part of K + P",
    ),
    Parameter(
        "stake_floor_wei",
        "wei",
        _VAULT,
        "STAKE_FLOOR_WEI",
        VALIDATOR_DEPOSIT_WEI,
        100_000 * ETHER,
        "LIM-3: what can be staked in a frame at least",
    ),
    Parameter(
        "stream_cap_ray_per_day",
        "ray a day",
        _VAULT,
        "STREAM_CAP_RAY_PER_DAY",
        1,
        RAY,
        "STR-3: what vests in a day at most, part of the smaller of V and K + P",
    ),
    Parameter(
        "max_fee_ray_per_day",
        "ray a day",
        _VAULT,
        "MAX_FEE_RAY_PER_DAY",
        1,
        RAY,
        "REP-5: the fee at most, part of the smaller of V and K + P for each day covered",
    ),
    Parameter(
        "fee_bps",
        "bps",
        _VAULT,
        "terms.feeBps",
        0,
        MOST_FEE_BPS,
        "REP-5: the protocol's fee, part of the profit",
        TERMS,
    ),
    Parameter(
        "insurance_bps",
        "bps",
        _VAULT,
        "terms.insuranceBps",
        0,
        BPS,
        "REP-5: insurance's part of that fee; the treasury gets what is left",
        TERMS,
    ),
    Parameter(
        "deposit_limit_wei",
        "wei a day",
        _VAULT,
        "terms.depositLimitEther",
        0,
        _UINT24_ETHER,
        "LIM-3: deposits",
        TERMS,
        ETHER,
    ),
    Parameter(
        "instant_min_fee_bps",
        "bps",
        _INSTANT,
        "terms.minFeeBps",
        0,
        1_000,
        "INS-1: marginal fee with liquidity at the target or above",
        TERMS,
    ),
    Parameter(
        "instant_max_fee_bps",
        "bps",
        _INSTANT,
        "terms.maxFeeBps",
        0,
        1_000,
        "INS-1: marginal fee for the last liquidity",
        TERMS,
    ),
    Parameter(
        "instant_target_wei",
        "wei",
        _INSTANT,
        "terms.targetGwei",
        GWEI,
        _UINT48_GWEI,
        "INS-1: liquidity from which the fee is smallest",
        TERMS,
        GWEI,
    ),
    Parameter(
        "instant_limit_wei",
        "wei a day",
        _INSTANT,
        "terms.limitGwei",
        0,
        _UINT48_GWEI,
        "LIM-3: ether paid out by instant redemption",
        TERMS,
        GWEI,
    ),
    Parameter(
        "min_ticket_wei", "wei", _QUEUE, "MIN_TICKET_WEI", 1, ETHER, "QUE-4: the smallest ticket"
    ),
    Parameter(
        "max_ticket_wei",
        "wei",
        _QUEUE,
        "MAX_TICKET_WEI",
        ETHER,
        10_000 * ETHER,
        "QUE-4: the largest ticket",
    ),
    Parameter(
        "exit_seconds",
        "s",
        _QUEUE,
        "EXIT_SECONDS",
        1,
        60 * DAY,
        "time a validator's exit takes, for the estimate of a ticket's payment",
    ),
    Parameter(
        "cooldown_seconds",
        "s",
        _FUND,
        "COOLDOWN_SECONDS",
        1,
        90 * DAY,
        "FND-1: notice that underwriters give",
    ),
    Parameter(
        "bond_cooldown_seconds",
        "s",
        _BONDS,
        "COOLDOWN_SECONDS",
        1,
        90 * DAY,
        "BND-2: how long an exited validator's bond still stays",
    ),
    Parameter(
        "absence_gwei_per_day",
        "gwei a day",
        _EXITS,
        "ABSENCE_GWEI_PER_DAY",
        1,
        32 * GWEI,
        "REQ-5: what a validator of 32 ETH loses by full absence",
    ),
    Parameter(
        "window_seconds",
        "s",
        _FUND,
        "WINDOW_SECONDS",
        1,
        30 * DAY,
        "FND-1: time in which they can then leave",
    ),
    Parameter(
        "max_pause_seconds", "s", _VAULT, "MAX_PAUSE_SECONDS", 1, 14 * DAY, "STA-4: longest pause"
    ),
)


def out_of_bounds(profile: Profile) -> list[str]:
    """Every value of a profile beyond a bound, named with the bound."""
    found = []
    for parameter in PARAMETERS:
        value = parameter.value(profile)
        if value < parameter.least:
            found.append(f"{parameter.name} is {value}, at least {parameter.least} expected")
        elif value > parameter.most:
            found.append(f"{parameter.name} is {value}, at most {parameter.most} expected")
    return found + [text for rule in _RELATIONS if (text := rule(profile)) is not None]


def _instant_fees(profile: Profile) -> str | None:
    least, most = profile.instant_min_fee_bps, profile.instant_max_fee_bps
    if least <= most:
        return None
    return f"instant_min_fee_bps is {least}, at most instant_max_fee_bps ({most}) expected"


def _whole_units(profile: Profile) -> str | None:
    for parameter in PARAMETERS:
        value = parameter.value(profile)
        if value % parameter.scale:
            return f"{parameter.name} is {value}, a multiple of {parameter.scale} expected"
    return None


def _final_within_frame(profile: Profile) -> str | None:
    if profile.finality_seconds < profile.frame_seconds:
        return None
    return (
        f"finality_epochs is {profile.finality_epochs}, "
        f"less than frame_epochs ({profile.frame_epochs}) expected"
    )


_RELATIONS: tuple[Callable[[Profile], str | None], ...] = (
    _instant_fees,
    _whole_units,
    _final_within_frame,
)
