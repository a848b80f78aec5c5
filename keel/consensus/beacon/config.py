"""How a chain is made: fork, preset, genesis and every value that differs from the preset's own.

docs/consensus.md lists the overrides and says why each of them is there.
"""

from dataclasses import dataclass
from typing import Literal

from keel.chain.anvil import AnvilOptions
from keel.chain.system_contracts import DEPOSIT_CONTRACT
from keel.consensus.beacon.errors import ConfigError
from keel.consensus.networks import network_named

type Fork = Literal["electra", "fulu"]
type Preset = Literal["minimal", "mainnet"]

FORKS: tuple[Fork, ...] = ("electra", "fulu")
"""Forks that can be chosen, in the order of their activation."""

PRESETS: tuple[Preset, ...] = ("minimal", "mainnet")
"""Sizes of the specification's lists and epochs."""

HARDFORKS: dict[Fork, str] = {"electra": "prague", "fulu": "osaka"}
"""The execution layer's fork that goes with each of ours."""

GWEI_PER_ETHER = 10**9

_FORK_NAMES = ("GENESIS", "ALTAIR", "BELLATRIX", "CAPELLA", "DENEB", "ELECTRA", "FULU")


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """Everything that decides the chain before its first slot.

    `compounding_validators` of the genesis validators, the last ones, have 0x02 credentials.
    `genesis_time` None takes the time of Anvil's latest block. Without `verify_own_signatures`
    (fast mode) the signatures that the chain itself made are not verified again.
    """

    fork: Fork = "fulu"
    preset: Preset = "minimal"
    validators: int = 64
    compounding_validators: int = 0
    slot_seconds: int = 12
    genesis_time: int | None = None
    chain_id: int = 31337
    verify_own_signatures: bool = True
    shard_committee_period_epochs: int = 1
    withdrawability_delay_epochs: int = 1
    min_churn_gwei: int = 192 * GWEI_PER_ETHER

    def __post_init__(self) -> None:
        if self.fork not in FORKS:
            raise ConfigError(f"fork {self.fork!r}, one of {', '.join(FORKS)} expected")
        if self.preset not in PRESETS:
            raise ConfigError(f"preset {self.preset!r}, minimal or mainnet expected")
        if self.validators < 1 or not 0 <= self.compounding_validators <= self.validators:
            raise ConfigError(
                f"{self.validators} validators, {self.compounding_validators} of them compounding"
            )
        if self.slot_seconds < 1:
            raise ConfigError(f"slots of {self.slot_seconds} seconds, at least 1 expected")


def overrides(config: ChainConfig) -> dict[str, int | bytes]:
    """Return what replaces values of the preset's configuration, by their names in it."""
    values: dict[str, int | bytes] = {
        "MIN_GENESIS_ACTIVE_VALIDATOR_COUNT": config.validators,
        "GENESIS_DELAY": 0,
        "SLOT_DURATION_MS": config.slot_seconds * 1000,
        "SHARD_COMMITTEE_PERIOD": config.shard_committee_period_epochs,
        "MIN_VALIDATOR_WITHDRAWABILITY_DELAY": config.withdrawability_delay_epochs,
        "MIN_PER_EPOCH_CHURN_LIMIT_ELECTRA": config.min_churn_gwei,
        "DEPOSIT_CHAIN_ID": config.chain_id,
        "DEPOSIT_NETWORK_ID": config.chain_id,
        "DEPOSIT_CONTRACT_ADDRESS": bytes.fromhex(DEPOSIT_CONTRACT[2:]),
    }
    for number, name in enumerate(_FORK_NAMES[: _FORK_NAMES.index(config.fork.upper()) + 1]):
        values[f"{name}_FORK_VERSION"] = fork_version(number)
        if name != "GENESIS":
            values[f"{name}_FORK_EPOCH"] = 0
    return values


def fork_version(number: int) -> bytes:
    """Return the version of a fork counted from phase 0; deposits are signed for number 0."""
    genesis = network_named("local").genesis_fork_version
    return bytes([number]) + genesis[1:]


def anvil_options(config: ChainConfig, port: int = 0, accounts: int = 10) -> AnvilOptions:
    """How to start the Anvil that goes with a chain: its fork, and blocks only on request."""
    return AnvilOptions(
        port=port,
        chain_id=config.chain_id,
        hardfork=HARDFORKS[config.fork],
        accounts=accounts,
        genesis_timestamp=config.genesis_time,
        mining=False,
        transaction_gas_cap=config.fork == "fulu",
    )
