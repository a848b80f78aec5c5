"""Settings of a reporter: those of every service, and its place in the committee."""

from decimal import Decimal

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from keel.model.constants import ETHER
from keel.service.sections import Endpoints, Listen, ListenAddress, Section, ServiceSettings

ENVIRONMENT_PREFIX = "KEEL_REPORTER_"


class CommitteeSettings(Section):
    """How members reach each other."""

    listen: Listen = ListenAddress("127.0.0.1", 9301)
    """host:port where the other members and keepers reach this one."""
    peers: Endpoints = ()
    """Addresses of the other members."""
    turn_slots: int = Field(default=2, ge=1, le=1_000)
    """How many slots a member leaves to the one before it in the posting order."""
    peer_timeout_seconds: float = Field(default=2.0, ge=0.05, le=30)
    """How long to wait for a peer's answer."""
    late_slots: int | None = Field(default=None, ge=1)
    """After how many slots a missing report is an alarm; by default half a frame."""
    hold_beyond_limit: bool = False
    """Whether to sign no loss beyond the bucket until you change this."""
    rebuild_leaves_at: int | None = Field(default=None, ge=0)
    """The one reference slot for which operators' leaves start again from what they claimed.

    The committee decides on it together.
    """
    least_balance_eth: Decimal = Field(default=Decimal("0.1"), ge=0, decimal_places=18)
    """The account's balance below which there is an alarm."""
    clock_skew_seconds: int = Field(default=60, ge=1)
    """How far this machine's clock may be from the head's before there is an alarm."""

    @property
    def least_balance_wei(self) -> int:
        """Below which the account may not pay for the reports of some days."""
        return int(self.least_balance_eth * ETHER)


class ReporterSettings(ServiceSettings):
    """A reporter's configuration file."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX)

    committee: CommitteeSettings = CommitteeSettings()
    """The committee."""
