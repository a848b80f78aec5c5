"""Profiles: the protocol's parameters for Ethereum itself, and for a small local beacon chain.

The local profile is derived, so that no limit is switched off and each stays in proportion. Its
validators earn hundreds of times more, since a base reward falls with the square root of the stake
and epochs are short. Hence a rate per day is that of mainnet times `yield ratio`, at most
LOCAL_RATE_CAP_RAY_PER_DAY, and a duration is as many local frames as it is frames on mainnet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt
from typing import Any

from keel.model.constants import DAY, ETHER, GWEI, RAY, YEAR

BASE_REWARD_FACTOR = 64  # consensus specs, phase 0 and both presets
TIMELY_SOURCE_WEIGHT = 14  # Altair
TIMELY_TARGET_WEIGHT = 26
WEIGHT_DENOMINATOR = 64
MAINNET_VALIDATORS = 1_000_000
LOCAL_VALIDATORS = 64
LOCAL_RATE_CAP_RAY_PER_DAY = RAY  # all of it in a day
USUAL_COMMISSION_BPS = 600
"""What operators ask for where nothing else is said: with `fee_bps`, a tenth of the profit."""


@dataclass(frozen=True)
class Profile:
    """Times are seconds, ratios bps or ray, amounts wei. docs/parameters.md describes each."""

    name: str
    seconds_per_slot: int
    slots_per_epoch: int
    block_roots: int
    slashings_epochs: int
    committee_epochs: int
    frame_epochs: int
    finality_epochs: int

    loss_limit_bps: int
    loss_period_seconds: int
    stake_limit_bps: int
    stake_floor_wei: int

    stream_cap_ray_per_day: int
    max_fee_ray_per_day: int
    fee_bps: int
    insurance_bps: int

    deposit_limit_wei: int
    instant_min_fee_bps: int
    instant_max_fee_bps: int
    instant_target_wei: int
    instant_limit_wei: int

    min_ticket_wei: int
    max_ticket_wei: int
    exit_seconds: int
    cooldown_seconds: int
    bond_cooldown_seconds: int
    window_seconds: int
    max_pause_seconds: int

    absence_gwei_per_day: int

    @property
    def epoch_seconds(self) -> int:
        """Length of an epoch."""
        return self.seconds_per_slot * self.slots_per_epoch

    @property
    def frame_slots(self) -> int:
        """Slots between two reference slots."""
        return self.slots_per_epoch * self.frame_epochs

    @property
    def frame_seconds(self) -> int:
        """Length of a frame."""
        return self.epoch_seconds * self.frame_epochs

    @property
    def finality_seconds(self) -> int:
        """Age from which a slot is taken as final (REP-1)."""
        return self.epoch_seconds * self.finality_epochs


def absence_gwei_per_day(validators: int, epoch_seconds: int) -> int:
    """What full absence costs one of so many validators of 32 ETH: missed source and target.

    Source: get_flag_index_deltas of the consensus specs (Altair); a missed head costs nothing.
    """
    weights = (TIMELY_SOURCE_WEIGHT, TIMELY_TARGET_WEIGHT)
    base_gwei = 32 * base_reward_per_increment(validators)
    epoch_gwei = sum(base_gwei * weight // WEIGHT_DENOMINATOR for weight in weights)
    return epoch_gwei * DAY // epoch_seconds


def base_reward_per_increment(validators: int) -> int:
    """Gwei that each ETH of so many validators of 32 ETH can earn in an epoch.

    Source: get_base_reward_per_increment of the consensus specs.
    """
    return GWEI * BASE_REWARD_FACTOR // isqrt(validators * 32 * GWEI)


MAINNET = Profile(
    name="mainnet",
    seconds_per_slot=12,
    slots_per_epoch=32,
    block_roots=8_192,
    slashings_epochs=8_192,
    committee_epochs=256,
    frame_epochs=225,
    finality_epochs=2,
    loss_limit_bps=25,
    loss_period_seconds=36 * DAY,
    stake_limit_bps=100,
    stake_floor_wei=1_024 * ETHER,
    stream_cap_ray_per_day=75 * RAY // 100_000,
    max_fee_ray_per_day=5 * RAY // 100_000,
    fee_bps=400,
    insurance_bps=5_000,
    deposit_limit_wei=150_000 * ETHER,
    instant_min_fee_bps=10,
    instant_max_fee_bps=300,
    instant_target_wei=2_000 * ETHER,
    instant_limit_wei=5_000 * ETHER,
    min_ticket_wei=ETHER // 1_000,
    max_ticket_wei=1_000 * ETHER,
    exit_seconds=5 * DAY,
    cooldown_seconds=37 * DAY,
    bond_cooldown_seconds=37 * DAY,
    window_seconds=2 * DAY,
    max_pause_seconds=7 * DAY,
    absence_gwei_per_day=absence_gwei_per_day(MAINNET_VALIDATORS, epoch_seconds=32 * 12),
)

_RATES = ("stream_cap_ray_per_day", "max_fee_ray_per_day")
_DURATIONS = (
    "loss_period_seconds",
    "exit_seconds",
    "cooldown_seconds",
    "bond_cooldown_seconds",
    "window_seconds",
    "max_pause_seconds",
)


def yearly_yield(validators: int, epoch_seconds: int) -> Fraction:
    """What validators of 32 ETH earn a year by doing all duties, as a part of their stake."""
    epochs_per_year = Fraction(YEAR, epoch_seconds)
    return Fraction(base_reward_per_increment(validators), GWEI) * epochs_per_year


def yield_ratio(validators: int, epoch_seconds: int) -> Fraction:
    """How many times more validators earn than on mainnet with 1,000,000 of them."""
    mainnet = yearly_yield(MAINNET_VALIDATORS, MAINNET.epoch_seconds)
    return yearly_yield(validators, epoch_seconds) / mainnet


def local_profile(
    validators: int = LOCAL_VALIDATORS,
    *,
    slots_per_epoch: int = 8,
    block_roots: int = 64,
    slashings_epochs: int = 64,
    committee_epochs: int = 1,
    seconds_per_slot: int = 12,
    frame_epochs: int = 4,
) -> Profile:
    """Derive the profile of a local beacon chain; the defaults are the minimal preset's."""
    shape = replace(
        MAINNET,
        name="local",
        slots_per_epoch=slots_per_epoch,
        block_roots=block_roots,
        slashings_epochs=slashings_epochs,
        committee_epochs=committee_epochs,
        seconds_per_slot=seconds_per_slot,
        frame_epochs=frame_epochs,
    )
    ratio = yield_ratio(validators, shape.epoch_seconds)
    rates = {
        name: min(int(getattr(MAINNET, name) * ratio), LOCAL_RATE_CAP_RAY_PER_DAY)
        for name in _RATES
    }
    durations = {
        name: getattr(MAINNET, name) // MAINNET.frame_seconds * shape.frame_seconds
        for name in _DURATIONS
    }
    absence = {"absence_gwei_per_day": absence_gwei_per_day(validators, shape.epoch_seconds)}
    return with_values(shape, rates | durations | absence)


def with_values(profile: Profile, values: Mapping[str, int]) -> Profile:
    """Replace numbers of a profile by name; raises TypeError for an unknown name."""
    changes: dict[str, Any] = dict(values)
    return replace(profile, **changes)


LOCAL = local_profile()

PROFILES = {profile.name: profile for profile in (MAINNET, LOCAL)}
