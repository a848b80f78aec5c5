"""The tables of a configuration that services share, with the bounds of every key."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from keel.chain.endpoint import endpoint, shown_address
from keel.files.documents import DocumentError, parse_json

GWEI = 10**9
_ENDPOINTS_MOST = 16

ADDRESS_FAULT = "address"
"""Type of an error whose message shows as much of its value as may be shown."""


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where a server of this process listens; port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _listen_address(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    host, colon, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("must be host:port with a port from 0 to 65535")
    return ListenAddress(host, int(port))


def divided_by_commas(value: Any) -> Any:
    """Read a list of the environment, by commas or as JSON; what is no text is left as it is."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return parse_json(value)
        except DocumentError as error:
            raise ValueError(f"is not a list: {error}") from None
    return [part.strip() for part in value.split(",") if part.strip()]


def _endpoint(value: str) -> str:
    try:
        endpoint(value)
    except ValueError:
        raise _address_fault(value, "must be an http or https address") from None
    return value.rstrip("/")


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if values.count(value) > 1:
            raise _address_fault(value, "must not be named twice")
    return values


def _address_fault(value: str, problem: str) -> PydanticCustomError:
    """What is wrong with an address, of which only the public part is shown."""
    shown = {"shown": shown_address(value)[:60], "problem": problem}
    return PydanticCustomError(ADDRESS_FAULT, "{shown}: {problem}", shown)


Listen = Annotated[
    ListenAddress,
    NoDecode,
    BeforeValidator(_listen_address),
    PlainSerializer(str, return_type=str),
]
"""An address such as 127.0.0.1:9401 or [::1]:0."""

Endpoint = Annotated[str, AfterValidator(_endpoint)]
"""Address of an HTTP service, without a slash at its end."""

Endpoints = Annotated[
    tuple[Endpoint, ...],
    NoDecode,
    BeforeValidator(divided_by_commas),
    AfterValidator(_distinct),
    Field(max_length=_ENDPOINTS_MOST),
]
"""Several; in the environment divided by commas."""


class Section(BaseModel):
    """A table of the configuration; unknown keys are refused."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )


class NetworkSettings(Section):
    """The nodes, how many must agree, and how they are asked."""

    execution: Annotated[Endpoints, Field(min_length=1)]
    """JSON-RPC addresses of execution nodes."""
    execution_agree: int = Field(default=0, ge=0)
    """How many execution nodes must give the same answer; by default more than half."""
    beacon: Annotated[Endpoints, Field(min_length=1)]
    """Beacon API addresses of consensus nodes."""
    beacon_agree: int = Field(default=0, ge=0)
    """How many consensus nodes must give the same answer; by default more than half."""
    timeout_seconds: float = Field(default=10.0, ge=0.1, le=300)
    """How long to wait for a node's answer."""
    poll_seconds: float = Field(default=2.0, ge=0.01, le=60)
    """How often the nodes are asked for a new head."""
    stale_seconds: float = Field(default=120.0, ge=1, le=86_400)
    """After how long without a readable head `/health` says so with status 503."""

    @model_validator(mode="before")
    @classmethod
    def _default_to_more_than_half(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        defaults = {}
        for layer in ("execution", "beacon"):
            nodes = divided_by_commas(values.get(layer))
            if f"{layer}_agree" not in values and isinstance(nodes, list | tuple):
                defaults[f"{layer}_agree"] = len(nodes) // 2 + 1
        return values | defaults

    @model_validator(mode="after")
    def _agreement_is_possible(self) -> Self:
        for layer, agree, nodes in (
            ("execution", self.execution_agree, self.execution),
            ("beacon", self.beacon_agree, self.beacon),
        ):
            if not 1 <= agree <= len(nodes):
                raise ValueError(f"{layer}_agree = {agree}: must be from 1 to {len(nodes)}")
        return self


class KeySettings(Section):
    """Where the key is: a keystore file or an account of Ape. Its password is never in the file."""

    keystore: Path | None = None
    """A keystore of version 3, as Geth and Ape write it; or `ape_account`."""
    password_file: Path | None = None
    """The file with the keystore's password in one line."""
    ape_account: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]+$")
    """Alias of an account that `ape accounts` made or imported; or `keystore`."""
    passphrase_file: Path | None = None
    """Another name of `password_file`, in Ape's words."""
    passphrase: SecretStr | None = None
    """The password itself, in the environment only."""

    @model_validator(mode="after")
    def _one_key_and_one_password(self) -> Self:
        if (self.keystore is None) == (self.ape_account is None):
            raise ValueError("names either keystore or ape_account")
        if self.password_file is not None and self.passphrase_file is not None:
            raise ValueError("names either password_file or passphrase_file")
        if self.secret_file is None and self.passphrase is None:
            raise ValueError("needs password_file or passphrase_file")
        return self

    @property
    def secret_file(self) -> Path | None:
        """The file that holds the password of either kind of key."""
        return self.password_file or self.passphrase_file


class FeeSettings(Section):
    """What a transaction may cost for one gas, and how long to wait before offering more."""

    max_fee_gwei: Decimal = Field(default=Decimal(200), gt=0, le=100_000, decimal_places=9)
    """The most to pay for one gas, base fee and tip together; nothing is sent above it."""
    priority_fee_gwei: Decimal = Field(default=Decimal(1), ge=0, le=10_000, decimal_places=9)
    """The first tip for one gas, at most `max_fee_gwei`."""
    patience_slots: int = Field(default=3, ge=1, le=1_000)
    """How many slots a transaction waits before it is sent again with a larger tip."""

    @model_validator(mode="after")
    def _tip_within_maximum(self) -> Self:
        if self.priority_fee_gwei > self.max_fee_gwei:
            raise ValueError(
                f"priority_fee_gwei = {self.priority_fee_gwei}: must be at most "
                f"max_fee_gwei = {self.max_fee_gwei}"
            )
        return self

    @property
    def max_fee_wei(self) -> int:
        """The most for one gas, base fee and tip together."""
        return int(self.max_fee_gwei * GWEI)

    @property
    def priority_fee_wei(self) -> int:
        """The first offer to the block's builder for one gas."""
        return int(self.priority_fee_gwei * GWEI)


class MonitorSettings(Section):
    """Where /health and /metrics are served."""

    listen: Listen = ListenAddress("127.0.0.1", 0)
    """host:port of `/health` and `/metrics`; port 0 takes any free one."""


class ServiceSettings(BaseSettings):
    """What every service needs; each service adds its own section. Read by load_settings."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        env_nested_delimiter="__",
        env_ignore_empty=True,
    )

    dry_run: bool = True
    """Whether to sign and send nothing, and only show what would be done."""
    deployment: Path
    """The manifest that `ape run deploy` wrote."""
    data: Path
    """Folder of the service's own files; one process at a time owns it."""
    log: Literal["json", "console"] = "json"
    """Lines for programs or for people, on standard error."""
    follows_clock: bool = True
    """Whether slots follow the clock; false on chains whose time is moved by hand."""
    network: NetworkSettings
    """The nodes."""
    key: KeySettings | None = None
    """The key that signs; needed with `dry_run = false`."""
    fees: FeeSettings = FeeSettings()
    """What a transaction may cost."""
    monitor: MonitorSettings = MonitorSettings()
    """Health and metrics."""

    def __init__(self, *sources: PydanticBaseSettingsSource) -> None:
        """Read the sources, the first over those behind it; the environment only if it is one."""
        super().__init__(_build_sources=(sources, {}))

    @model_validator(mode="after")
    def _keys_for_signing(self) -> Self:
        if not self.dry_run and self.key is None:
            raise ValueError("key: is needed with dry_run = false")
        return self
