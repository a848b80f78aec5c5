"""Settings of a monitor: those of every service, what is worth an alarm, and whom to tell."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from keel.chain.endpoint import endpoint
from keel.files.text_files import read_password
from keel.model.constants import DAY, MOST_FEE_BPS
from keel.monitor.prices import price_source
from keel.service.errors import SettingsError
from keel.service.sections import Section, ServiceSettings, divided_by_commas

ENVIRONMENT_PREFIX = "KEEL_MONITOR_"

Prices = Annotated[
    tuple[Annotated[str, AfterValidator(price_source)], ...],
    NoDecode,
    BeforeValidator(divided_by_commas),
]
"""Names of sources; in the environment divided by commas."""


class WatchSection(Section):
    """What is worth an alarm. Bps are hundredths of a per cent."""

    queue_wait_frames: int = Field(default=10, ge=1, le=1_000)
    """How many frames the oldest ticket may wait."""
    most_queue_bps: int = Field(default=1_000, ge=0, le=10_000)
    """The largest part of all ether that tickets may wait for."""
    least_spare_signers: int = Field(default=1, ge=0, le=100)
    """How many members more than a quorum must sign each report."""
    most_operator_bps: int = Field(default=3_400, ge=0, le=10_000)
    """The largest part of all validators that one operator may run."""
    most_holder_bps: int = Field(default=2_500, ge=0, le=10_000)
    """The largest part of all kETH that one account may hold, as kETH or wkETH."""
    income_reports: int = Field(default=7, ge=1, le=1_000)
    """Over how many reports income is measured."""
    least_income_bps: int = Field(default=7_000, ge=0, le=10_000)
    """The least that validators must earn, as a part of what the beacon chain pays."""
    most_income_bps: int = Field(default=20_000, ge=10_000, le=1_000_000)
    """The most that they may earn by the reports, as a part of the same."""
    fee_bps: int | None = Field(default=None, ge=0, le=MOST_FEE_BPS)
    """The fee that you expect, without operators' part; by default the deployed one."""
    least_insurance_bps: int = Field(default=50, ge=0, le=10_000)
    """The least that the insurance fund must be worth, as a part of all ether."""
    news_seconds: int = Field(default=DAY, ge=1, le=365 * DAY)
    """How long a change of roles, members, terms or modules stays an alarm."""
    most_discount_bps: int = Field(default=100, ge=0, le=10_000)
    """How far a price of `prices`, or of a pool, may be below the rate."""
    most_premium_bps: int = Field(default=100, ge=0, le=10_000)
    """How far it may be above."""
    most_feed_gap_bps: int = Field(default=200, ge=0, le=10_000)
    """How much more than the best pool a lender may take a wkETH for."""
    most_utilisation_bps: int = Field(default=9_500, ge=0, le=10_000)
    """The largest part of a lender's WETH that may be lent."""
    least_health_bps: int = Field(default=10_200, ge=10_000, le=100_000)
    """The health below which a borrower is weak; 10,000 is where the collateral may be sold."""
    most_weak_bps: int = Field(default=1_000, ge=0, le=10_000)
    """The largest part of a lender's debt that weak borrowers may owe."""
    prices: Prices = ()
    """What prices to compare with the rate, such as `feed:0x...`, an AggregatorV3 feed."""


class WebhookSection(Section):
    """Whom to tell of alarms by HTTP POST; without an address nobody."""

    url_file: Path | None = None
    """The file with the address in one line, readable by nobody else: often it holds a key."""
    url: SecretStr | None = None
    """The address itself, in the environment only."""
    timeout_seconds: float = Field(default=5.0, ge=0.1, le=60)
    """How long to wait for an answer."""
    most_pause_seconds: float = Field(default=300.0, ge=0.1, le=86_400)
    """The longest pause before a failed message is sent again."""

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if self.url_file is not None and self.url is not None:
            raise ValueError("names either url_file or url")
        return self

    def address(self) -> str | None:
        """The address; raises SettingsError without showing it, and FileError."""
        address = None if self.url is None else self.url.get_secret_value()
        if self.url_file is not None:
            address = read_password(self.url_file)
        if address is None:
            return None
        try:
            endpoint(address)
        except ValueError:
            raise SettingsError("webhook: the address must be http or https") from None
        return address


class MonitorServiceSettings(ServiceSettings):
    """A monitor's configuration file. It signs nothing: key, fees and dry_run have no effect."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT_PREFIX)

    watch: WatchSection = WatchSection()
    """Thresholds."""
    webhook: WebhookSection = WebhookSection()
    """Whom to tell."""
