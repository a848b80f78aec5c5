"""What a reporter is told: the settings of every service, and its place in the committee."""

from decimal import Decimal

from pydantic import Field

from keel.model.constants import ETHER
from keel.service.sections import Endpoints, Listen, ListenAddress, Section, ServiceSettings

ENVIRONMENT_PREFIX = "KEEL_REPORTER_"


class CommitteeSettings(Section):
    """How the members meet.

    `turn_slots` is how long a member leaves to the one before it in the posting order.
    `late_slots` is after how many slots a missing report is an alarm, by default half a frame.
    `hold_beyond_limit` keeps a report beyond a limit from being signed until a person says so.
    `rebuild_leaves_at` names the one reference slot for which operators' leaves begin anew from
    what they claimed; the committee decides on it together.
    """

    listen: Listen = ListenAddress("127.0.0.1", 9301)
    peers: Endpoints = ()
    turn_slots: int = Field(default=2, ge=1, le=1_000)
    peer_timeout_seconds: float = Field(default=2.0, ge=0.05, le=30)
    late_slots: int | None = Field(default=None, ge=1)
    hold_beyond_limit: bool = False
    rebuild_leaves_at: int | None = Field(default=None, ge=0)
    least_balance_eth: Decimal = Field(default=Decimal("0.1"), ge=0, decimal_places=18)
    clock_skew_seconds: int = Field(default=60, ge=1)

    @property
    def least_balance_wei(self) -> int:
        """Below which the account may not pay for the reports of some days."""
        return int(self.least_balance_eth * ETHER)


class ReporterSettings(ServiceSettings):
    """A reporter's configuration file."""

    committee: CommitteeSettings = CommitteeSettings()
