"""What a deployment is asked for, and what is refused before anything is sent.

A public network's configuration is a TOML file; a local chain's follows from its accounts. Every
account with any power has a name in `accounts`, and roles, members and treasury are given by name,
so that nobody has power whom the configuration does not list.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from keel.chain.abi import real_address
from keel.chain.system_contracts import DEPOSIT_CONTRACT
from keel.deploy.errors import ConfigurationError
from keel.deploy.parameters import out_of_bounds
from keel.deploy.profiles import PROFILES, Profile, with_values
from keel.deploy.roles import ROLE_BY_NAME, ROLES
from keel.files.documents import read_toml
from keel.files.errors import FileError
from keel.model.constants import DAY
from keel.model.frames import FrameGeometry
from keel.model.parameters import Parameters

MIN_MEMBERS = 3
MAX_DELAY_SECONDS = 365 * DAY

Address = Annotated[str, AfterValidator(real_address)]


class Configuration(BaseModel):
    """Who may do what, and with which parameters. Times are Unix seconds, delays seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    profile: str
    """The parameters to begin with: `mainnet` or `local`."""
    overrides: Mapping[str, int] = Field(default_factory=dict)
    """Parameters that differ from the profile's, by name."""
    release: str = Field(default="1", min_length=1)
    """Distinguishes deployments by one deployer on one chain."""
    genesis_time: int = Field(ge=0, lt=2**63)
    """Genesis of the beacon chain in Unix seconds."""
    deposit_contract: Address = DEPOSIT_CONTRACT
    """Address of Ethereum's deposit contract."""
    accounts: Mapping[str, Address]
    """Every account that gets any power, by a name that you choose."""
    members: tuple[str, ...]
    """Names of the committee's members."""
    quorum: int
    """How many members must sign a report: more than half."""
    treasury: str
    """Name of the account that receives the treasury's share of rewards."""
    holders: Mapping[str, tuple[str, ...]]
    """Names of each role's holders, by the role's name; no role may be without one."""
    delays: Mapping[str, int]
    """Seconds that each delayed role waits between scheduling and executing."""

    @model_validator(mode="after")
    def _refuse_what_must_not_be_deployed(self) -> Self:
        found = [*_profile_faults(self)]
        if not found:
            found = [*_account_faults(self), *_committee_faults(self), *_role_faults(self)]
        if found:
            raise ValueError("; ".join(found))
        return self

    @property
    def parameters(self) -> Profile:
        """The profile with its overrides."""
        return with_values(PROFILES[self.profile], self.overrides)

    @property
    def frame_origin(self) -> int:
        """Timestamp of the beacon chain's first reference slot (STA-1)."""
        return self.geometry.time_of(self.geometry.frame_slots - 1)

    @property
    def geometry(self) -> FrameGeometry:
        """Frames as keel.model sees them."""
        profile = self.parameters
        return FrameGeometry(self.genesis_time, profile.seconds_per_slot, profile.frame_slots)

    @property
    def model(self) -> Parameters:
        """The parameters of keel.model that this configuration means."""
        profile = self.parameters
        own = {"geometry", "members", "quorum", "finality_seconds"}
        shared = {f.name for f in fields(Parameters)} - own
        return Parameters(
            geometry=self.geometry,
            members=len(self.members),
            quorum=self.quorum,
            finality_seconds=profile.finality_seconds,
            **{name: getattr(profile, name) for name in shared},
        )

    def address(self, account: str) -> str:
        """Address of a named account."""
        return self.accounts[account]

    def delay_seconds(self, role: str) -> int:
        """Execution delay of every holder of a role."""
        return self.delays.get(role, 0)


def configuration(**values: Any) -> Configuration:
    """Check and return; raises ConfigurationError with every fault in one line."""
    try:
        return Configuration(**values)
    except ValidationError as error:
        raise ConfigurationError(_one_line(error)) from error


def load_configuration(path: Path) -> Configuration:
    """Read a TOML file; raises ConfigurationError."""
    try:
        return configuration(**read_toml(path))
    except FileError as error:
        raise ConfigurationError(str(error)) from error


def _profile_faults(config: Configuration) -> Iterator[str]:
    if config.profile not in PROFILES:
        yield f"profile is {config.profile!r}, one of {', '.join(PROFILES)} expected"
        return
    known = {f.name for f in fields(Profile)} - {"name"}
    unknown = sorted(set(config.overrides) - known)
    yield from (f"overrides has {name!r}, which is not a parameter" for name in unknown)
    if not unknown:
        yield from out_of_bounds(config.parameters)


def _account_faults(config: Configuration) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for name, address in config.accounts.items():
        names.setdefault(address, []).append(name)
    for address, several in names.items():
        if len(several) > 1:
            yield f"accounts gives {address} to {' and '.join(several)}, one name each expected"
    if config.treasury not in config.accounts:
        yield f"treasury is {config.treasury!r}, which accounts does not list"


def _committee_faults(config: Configuration) -> Iterator[str]:
    members, quorum = config.members, config.quorum
    if len(members) < MIN_MEMBERS:
        yield f"members are {len(members)}, at least {MIN_MEMBERS} expected"
    for name, times in Counter(members).items():
        if times > 1:
            yield f"members names {name!r} {times} times"
        if name not in config.accounts:
            yield f"member {name!r} is not listed in accounts"
    least = len(members) // 2 + 1
    if quorum < least:
        yield f"quorum is {quorum} of {len(members)}, at least {least} expected"
    if quorum > len(members):
        yield f"quorum is {quorum} of {len(members)}, at most {len(members)} expected"


def _role_faults(config: Configuration) -> Iterator[str]:
    for name in sorted((set(config.holders) | set(config.delays)) - set(ROLE_BY_NAME)):
        yield f"role {name!r} is unknown, one of {', '.join(ROLE_BY_NAME)} expected"
    for role in ROLES:
        holders = config.holders.get(role.name, ())
        if not holders:
            yield f"role {role.name} has no holder, at least 1 expected"
        for holder, times in Counter(holders).items():
            if times > 1:
                yield f"role {role.name} names {holder!r} {times} times"
            if holder not in config.accounts:
                yield f"holder {holder!r} of role {role.name} is not listed in accounts"
        yield from _delay_faults(config, role.name)


def _delay_faults(config: Configuration, name: str) -> Iterator[str]:
    role = ROLE_BY_NAME[name]
    least = role.least_delay_frames * config.parameters.frame_seconds
    delay = config.delays.get(name)
    if delay is None:
        if role.is_delayed:
            yield f"delay of role {name} is missing, at least {least} s expected"
    elif delay < least:
        yield f"delay of role {name} is {delay} s, at least {least} s expected"
    elif delay > MAX_DELAY_SECONDS:
        yield f"delay of role {name} is {delay} s, at most {MAX_DELAY_SECONDS} s expected"


def _one_line(error: ValidationError) -> str:
    parts = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        text = fault["msg"].removeprefix("Value error, ")
        parts.append(f"{place}: {text}" if place else text)
    return "; ".join(parts)
