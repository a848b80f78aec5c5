"""Settings of a keeper: those of every service, and how it does its chores."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode, SettingsConfigDict

from keel.chain.abi import real_address
from keel.deploy.profiles import Profile
from keel.keeper.chores import Kind
from keel.keeper.view import Terms
from keel.model.constants import DAY, ETHER, GWEI
from keel.model.exits import INACTIVE_FRAMES
from keel.service.sections import Endpoints, Section, ServiceSettings, divided_by_commas

ENVIRONMENT_PREFIX = "KEEL_KEEPER_"

_RETRY_HORIZONS = 4

Chores = Annotated[
    tuple[Kind, ...], NoDecode, BeforeValidator(divided_by_commas), Field(min_length=1)
]
"""Names of chores; in the environment divided by commas."""
Accounts = Annotated[
    tuple[Annotated[str, AfterValidator(real_address)], ...],
    NoDecode,
    BeforeValidator(divided_by_commas),
]
"""Addresses; in the environment divided by commas."""


class KeeperSection(Section):
    """Which chores, and when."""

    members: Endpoints = ()
    """Addresses of the committee's members, for reports and operators' leaves."""
    member_timeout_seconds: float = Field(default=2.0, ge=0.05, le=30)
    """How long to wait for a member's answer."""
    chores: Chores = tuple(Kind)
    """Which chores are done; by default all."""
    grace_slots: int = Field(default=4, ge=0, le=10_000)
    """How many slots a report that could be posted is left to the members."""
    others: Accounts = ()
    """Accounts of other keepers, with which this one takes turns; without any it never waits."""
    turn_slots: int = Field(default=2, ge=1, le=1_000)
    """How many slots each keeper leaves a chore to the one before it."""
    state_slots: int | None = Field(default=None, ge=1, le=8_000)
    """How old a beacon state may become before a new one is read; by default an epoch.

    An older one proves nothing any more: EIP-4788 keeps the roots of 8,191 blocks.
    """
    exit_horizon_seconds: int | None = Field(default=None, ge=0)
    """The horizon in which the queue should be paid (EXT-1); by default its EXIT_SECONDS."""
    retry_seconds: int | None = Field(default=None, ge=0)
    """For how long a request for an exit is repeated; by default four times the horizon."""
    max_exit_fee_gwei: Decimal = Field(default=Decimal(1_000_000), ge=0, decimal_places=9)
    """The most that one request for an exit (EIP-7002) may cost."""
    exit_fee_margin_bps: int = Field(default=5_000, ge=0, le=100_000)
    """How much is sent above the fee of the head, which may rise before the block.

    At least 1 gwei is sent, and `max_exit_fee_gwei` at most; what is left comes back.
    """
    most_validators: int = Field(default=150, ge=1, le=200)
    """How many validators one transaction stakes."""
    min_reward_wei: int = Field(default=ETHER // 10_000, ge=1)
    """The least rewards that are paid to an operator."""
    least_balance_eth: Decimal = Field(default=Decimal("0.1"), ge=0, decimal_places=18)
    """The account's balance below which there is an alarm."""


class KeeperSettings(ServiceSettings):
    """A keeper's configuration file."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX)

    keeper: KeeperSection = KeeperSection()
    """The chores."""


def terms_of(section: KeeperSection, deployed: Profile, tip_wei: int) -> Terms:
    """Settings with the deployment's values where they were left open, and the first tip."""
    horizon = section.exit_horizon_seconds
    horizon = deployed.exit_seconds if horizon is None else horizon
    retry = section.retry_seconds
    return Terms(
        kinds=frozenset(section.chores),
        grace_slots=section.grace_slots,
        exit_horizon_seconds=horizon,
        retry_seconds=_RETRY_HORIZONS * horizon if retry is None else retry,
        max_exit_fee_wei=int(section.max_exit_fee_gwei * GWEI),
        exit_fee_margin_bps=section.exit_fee_margin_bps,
        most_validators=section.most_validators,
        min_reward_wei=section.min_reward_wei,
        tip_wei=tip_wei,
        low_balance_wei=int(section.least_balance_eth * ETHER),
        least_absence_gwei=deployed.absence_gwei_per_day * deployed.frame_seconds // DAY,
        watch_slots=INACTIVE_FRAMES * deployed.frame_slots,
    )
