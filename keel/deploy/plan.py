"""The plan of a deployment as data: contracts in order, their arguments, roles.

All addresses are known beforehand (CREATE3), so arguments simply name them, in circles too. The
order only respects constructors that call another contract.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from eth_utils.crypto import keccak

from keel.deploy.addresses import (
    CREATE2_DEPLOYER,
    LIBRARY_SALT,
    create2_address,
    create3_address,
    library_address,
    salt_of,
)
from keel.deploy.artifacts import Artifact, Artifacts, artifact_named
from keel.deploy.config import Configuration
from keel.deploy.errors import ArtifactMissingError, ConfigurationError
from keel.deploy.roles import CANCELLED_BY_GUARDIAN, GRANTED_LATE, GUARDIAN, LABELLED, ROLES
from keel.model.constants import ETHER, FIRST_DEPOSIT_WEI, GWEI

FACTORY = "Create3Factory"
MANAGER = "AccessManager"
IMPLEMENTATION = "WithdrawalVaultImplementation"
PROXY = "WithdrawalVault"
ORACLE = "AccountingOracle"
FUND = "InsuranceFund"
PROOFS = "ValidatorProofs"

FACTORY_SALT = salt_of(FACTORY, "1")

ARTIFACTS = {
    MANAGER: "KeelAccessManager",
    "StakingVault": "StakingVault",
    "WrappedKeelEther": "WrappedKeelEther",
    "WithdrawalQueue": "WithdrawalQueue",
    "InstantRedemption": "InstantRedemption",
    IMPLEMENTATION: "WithdrawalVault",
    PROXY: "WithdrawalVaultProxy",
    "RewardsVault": "RewardsVault",
    "AccountingOracle": "AccountingOracle",
    "OperatorRegistry": "OperatorRegistry",
    "OperatorBonds": "OperatorBonds",
    "Exits": "Exits",
    PROOFS: "ValidatorProofs",
    FUND: "InsuranceFund",
}
"""Contracts in the order of deployment, and the compiled contract each is made from."""

LIBRARIES = ("Reports",)
"""External libraries; each contract that uses one comes out of the compiler linked to it."""

INTERFACES = {PROXY: "WithdrawalVault"}
"""Whose ABI to call where it is not the compiled contract's own."""


@dataclass(frozen=True, slots=True)
class Step:
    """One contract; `arguments` are its constructor's, by name, structs as mappings."""

    name: str
    artifact: Artifact
    salt: bytes
    address: str
    creator: str
    arguments: Mapping[str, Any]
    value_wei: int = 0

    @property
    def creation_code(self) -> bytes:
        """Creation code with the encoded arguments."""
        constructor = self.artifact.abi.constructor
        values = [self.arguments[name] for name in constructor.names]
        return self.artifact.creation_code + constructor.encode(values)


@dataclass(frozen=True, slots=True)
class Grant:
    """A role for an account, with the delay of its calls in seconds."""

    role_id: int
    account: str
    delay_seconds: int


@dataclass(frozen=True, slots=True)
class AccessPlan:
    """What the AccessManager must hold, and nothing else.

    `functions` maps (target, selector) to a role id, `guardians` a role id to the one that cancels
    for it, `grant_delays` a role id to the seconds after which a new holder can use it.
    """

    labels: Mapping[int, str]
    functions: Mapping[tuple[str, bytes], int]
    guardians: Mapping[int, int]
    grant_delays: Mapping[int, int]
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a deployment will do: the factory, libraries, then what uses them.

    `replaced` are the modules that are not the first ones any more, each with its label.
    """

    configuration: Configuration
    deployer: str
    steps: tuple[Step, ...]
    access: AccessPlan
    replaced: Mapping[str, str] = field(default_factory=dict)

    @property
    def addresses(self) -> Mapping[str, str]:
        """Address of each contract by name."""
        return {step.name: step.address for step in self.steps}

    def step(self, name: str) -> Step:
        """Find a step by the contract's name."""
        return next(step for step in self.steps if step.name == name)


def make_plan(
    config: Configuration,
    deployer: str,
    artifacts: Artifacts,
    replaced: Mapping[str, str] | None = None,
) -> Plan:
    """Plan a deployment; raises ConfigurationError or ArtifactMissingError.

    A module in `replaced` is not at the deployer's address of the first one, but where anybody's
    CREATE2 puts exactly this init code, which is what governance votes on (MOD-1).
    """
    replaced = replaced or {}
    if deployer in config.accounts.values():
        raise ConfigurationError(
            f"the deployer {deployer} is listed in accounts, but must keep no power"
        )
    factory = _factory_step(artifacts)
    salts = {name: salt_of(name, config.release) for name in ARTIFACTS}
    places = {name: create3_address(factory.address, deployer, salts[name]) for name in ARTIFACTS}
    arguments = _arguments(config, deployer, places, artifacts)
    steps = [
        Step(
            name=name,
            artifact=artifact_named(artifacts, compiled),
            salt=salts[name],
            address=places[name],
            creator=factory.address,
            arguments=arguments[name],
            value_wei=FIRST_DEPOSIT_WEI if name == "StakingVault" else 0,
        )
        for name, compiled in ARTIFACTS.items()
    ]
    steps = [_replacement(each, replaced.get(each.name)) for each in steps]
    access = _access_plan(config, {each.name: each.address for each in steps}, artifacts)
    libraries = _library_steps(steps, artifacts)
    return Plan(config, deployer, (factory, *libraries, *steps), access, replaced)


def abi_artifact(artifacts: Artifacts, name: str) -> Artifact:
    """Find whose ABI a contract of the plan speaks."""
    return artifact_named(artifacts, INTERFACES.get(name) or ARTIFACTS.get(name, name))


def selector_of(artifacts: Artifacts, contract: str, function: str) -> bytes:
    """Selector of a function that is not overloaded; raises ConfigurationError otherwise."""
    found = list(abi_artifact(artifacts, contract).abi.functions.get(function, {}).values())
    if len(found) != 1:
        raise ConfigurationError(f"{contract} has {len(found)} functions {function}, 1 expected")
    return found[0].inputs.selector


def _factory_step(artifacts: Artifacts) -> Step:
    artifact = artifact_named(artifacts, FACTORY)
    address = create2_address(CREATE2_DEPLOYER, FACTORY_SALT, keccak(artifact.creation_code))
    return Step(FACTORY, artifact, FACTORY_SALT, address, CREATE2_DEPLOYER, {})


def _replacement(step: Step, label: str | None) -> Step:
    if label is None:
        return step
    salt = salt_of(step.name, label)
    address = create2_address(CREATE2_DEPLOYER, salt, keccak(step.creation_code))
    return replace(step, salt=salt, address=address, creator=CREATE2_DEPLOYER)


def _library_steps(steps: Sequence[Step], artifacts: Artifacts) -> Iterator[Step]:
    codes = [step.artifact.creation_code for step in steps]
    for name in LIBRARIES:
        artifact = artifact_named(artifacts, name)
        address = library_address(artifact.creation_code)
        if not any(bytes.fromhex(address[2:]) in code for code in codes):
            raise ArtifactMissingError(
                f"{name} was compiled apart from what uses it: run `ape compile --force`"
            )
        yield Step(name, artifact, LIBRARY_SALT, address, CREATE2_DEPLOYER, {})


def _arguments(
    config: Configuration, deployer: str, places: Mapping[str, str], artifacts: Artifacts
) -> Mapping[str, Mapping[str, Any]]:
    profile, vault, manager = config.parameters, places["StakingVault"], places[MANAGER]
    initialize = abi_artifact(artifacts, PROXY).abi.function("initialize", 1)
    return {
        MANAGER: {"initialAdmin": deployer},
        "StakingVault": {"init": _vault_init(config, places)},
        "WrappedKeelEther": {"vault": vault},
        "WithdrawalQueue": {
            "vault": vault,
            "minTicketWei": profile.min_ticket_wei,
            "maxTicketWei": profile.max_ticket_wei,
            "exitSeconds": profile.exit_seconds,
        },
        "InstantRedemption": {
            "authority": manager,
            "vault": vault,
            "maxPauseSeconds": profile.max_pause_seconds,
            "terms_": {
                "minFeeBps": profile.instant_min_fee_bps,
                "maxFeeBps": profile.instant_max_fee_bps,
                "targetGwei": profile.instant_target_wei // GWEI,
                "limitGwei": profile.instant_limit_wei // GWEI,
            },
        },
        IMPLEMENTATION: {"vault": vault, "exits": places["Exits"]},
        PROXY: {
            "implementation": places[IMPLEMENTATION],
            "data": initialize.encode_call([manager]),
        },
        "RewardsVault": {"vault": vault},
        "AccountingOracle": {"init": _oracle_init(config, places)},
        "OperatorRegistry": {"authority": manager, "vault": vault, "exits": places["Exits"]},
        "OperatorBonds": {
            "vault": vault,
            "registry": places["OperatorRegistry"],
            "wrapped": places["WrappedKeelEther"],
            "cooldownSeconds": profile.bond_cooldown_seconds,
        },
        "Exits": {
            "vault": vault,
            "registry": places["OperatorRegistry"],
            "withdrawalVault": places[PROXY],
            "rewardsVault": places["RewardsVault"],
            "absenceGweiPerDay": profile.absence_gwei_per_day,
        },
        PROOFS: {
            "chain": {
                "genesisTime": config.genesis_time,
                "secondsPerSlot": profile.seconds_per_slot,
                "slotsPerEpoch": profile.slots_per_epoch,
                "slotsPerHistoricalRoot": profile.block_roots,
                "epochsPerSlashingsVector": profile.slashings_epochs,
                "shardCommitteePeriod": profile.committee_epochs,
            }
        },
        "InsuranceFund": {
            "vault": vault,
            "wrapped": places["WrappedKeelEther"],
            "cooldownSeconds": profile.cooldown_seconds,
            "windowSeconds": profile.window_seconds,
        },
    }


def _vault_init(config: Configuration, places: Mapping[str, str]) -> Mapping[str, Any]:
    profile = config.parameters
    return {
        "authority": places[MANAGER],
        "wrapped": places["WrappedKeelEther"],
        "queue": places["WithdrawalQueue"],
        "instantRedemption": places["InstantRedemption"],
        "registry": places["OperatorRegistry"],
        "bonds": places["OperatorBonds"],
        "withdrawalVault": places[PROXY],
        "rewardsVault": places["RewardsVault"],
        "depositContract": config.deposit_contract,
        "frameOrigin": config.frame_origin,
        "frameSeconds": profile.frame_seconds,
        "streamCapRayPerDay": profile.stream_cap_ray_per_day,
        "maxFeeRayPerDay": profile.max_fee_ray_per_day,
        "lossLimitBps": profile.loss_limit_bps,
        "lossPeriodSeconds": profile.loss_period_seconds,
        "stakeLimitBps": profile.stake_limit_bps,
        "stakeFloorWei": profile.stake_floor_wei,
        "maxPauseSeconds": profile.max_pause_seconds,
        "modules": {
            "oracle": places["AccountingOracle"],
            "fund": places["InsuranceFund"],
            "proofs": places[PROOFS],
        },
        "terms": {
            "feeBps": profile.fee_bps,
            "insuranceBps": profile.insurance_bps,
            "treasury": config.address(config.treasury),
            "depositLimitEther": profile.deposit_limit_wei // ETHER,
        },
    }


def _oracle_init(config: Configuration, places: Mapping[str, str]) -> Mapping[str, Any]:
    profile = config.parameters
    return {
        "authority": places[MANAGER],
        "vault": places["StakingVault"],
        "withdrawalVault": places[PROXY],
        "rewardsVault": places["RewardsVault"],
        "genesisTime": config.genesis_time,
        "secondsPerSlot": profile.seconds_per_slot,
        "finalitySeconds": profile.finality_seconds,
        "members": [config.address(member) for member in config.members],
        "quorum": config.quorum,
    }


def _access_plan(
    config: Configuration, places: Mapping[str, str], artifacts: Artifacts
) -> AccessPlan:
    functions = {
        (places[contract], selector_of(artifacts, contract, function)): role.id
        for role in ROLES
        for contract, names in role.functions
        for function in names
    }
    grants = tuple(
        Grant(role.id, config.address(holder), config.delay_seconds(role.name))
        for role in ROLES
        for holder in config.holders[role.name]
    )
    return AccessPlan(
        labels={role.id: role.name for role in LABELLED},
        functions=functions,
        guardians={role.id: GUARDIAN.id for role in CANCELLED_BY_GUARDIAN},
        grant_delays={role.id: config.delay_seconds(role.name) for role in GRANTED_LATE},
        grants=grants,
    )
