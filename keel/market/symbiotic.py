"""Symbiotic: factories and registries, one vault of wkETH with a slasher, and rkETH over it.

The deployer is the network whose stake the vault secures, its middleware and the vault's curator;
the first operator of Keel is its operator. What is slashed goes to an address without a key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode

from keel.chain.clock import now
from keel.chain.contract import Contract
from keel.chain.transaction import Receipt
from keel.deploy.artifacts import Artifact
from keel.formatting.amounts import shown_ether
from keel.market.compiled import Source, read_compiled
from keel.market.system import Addresses, Line, Site, System

EPOCH_FRAMES = 7
"""Length of the vault's epochs; a frame is a day on mainnet."""

BURNER = "0x000000000000000000000000000000000000dEaD"
NOBODY = "0x" + "0" * 40

_LIMIT = 2**200
"""More wkETH than there can be."""

_FILES = {
    "VaultFactory": "VaultFactory",
    "DelegatorFactory": "DelegatorFactory",
    "SlasherFactory": "SlasherFactory",
    "NetworkRegistry": "NetworkRegistry",
    "OperatorRegistry": "OperatorRegistry",
    "NetworkMiddlewareService": "service/NetworkMiddlewareService",
    "OptInService": "service/OptInService",
    "VaultConfigurator": "VaultConfigurator",
    "Vault": "vault/Vault",
    "NetworkRestakeDelegator": "delegator/NetworkRestakeDelegator",
    "Slasher": "slasher/Slasher",
}
_SOURCES = {
    name: Source(
        "@symbioticfi/core", f"src/contracts/{path}.sol", "0.8.25", "shanghai", via_ir=True
    )
    for name, path in _FILES.items()
}


@dataclass(frozen=True, slots=True)
class Symbiotic(Addresses):
    """Where its contracts are; `restaked` is rkETH."""

    vault_factory: str
    delegator_factory: str
    slasher_factory: str
    network_registry: str
    operator_registry: str
    middleware_service: str
    operator_vault_opt_in: str
    operator_network_opt_in: str
    configurator: str
    vault: str
    delegator: str
    slasher: str
    restaked: str


def artifact(name: str) -> Artifact:
    """A contract of the package; raises CompileError if it is not compiled."""
    return read_compiled(_SOURCES[name]).linked()


def vault_of(site: Site) -> Contract:
    """Bind the vault; raises MarketError where it is not deployed."""
    return site.bind(artifact("Vault"), SYMBIOTIC.found(site).vault)


def slasher_of(site: Site) -> Contract:
    """Bind the vault's slasher; raises MarketError where it is not deployed."""
    return site.bind(artifact("Slasher"), SYMBIOTIC.found(site).slasher)


def restaked_of(site: Site) -> Contract:
    """Bind rkETH; raises MarketError where it is not deployed."""
    return site.bind(site.own("RestakedEther"), SYMBIOTIC.found(site).restaked)


def operator_of(site: Site) -> str:
    """The operator that secures the network."""
    return site.actors["operator_manager_1"]


def subnetwork_of(site: Site) -> bytes:
    """The network's first and only subnetwork: its address, then number 0."""
    return bytes.fromhex(site.deployer.account.removeprefix("0x")) + bytes(12)


def slash(site: Site, units: int, captured_at: int | None = None) -> Receipt:
    """Slash the operator for what it had at stake at a time, by default now, as the network does.

    Raises Reverted, for a time more than an epoch ago among others.
    """
    captured = now(site.rpc) if captured_at is None else captured_at
    site.deployer.call(
        slasher_of(site), "slash", subnetwork_of(site), operator_of(site), units, captured, b""
    )
    return site.deployer.settle()[-1]


def vault_parameters(collateral: str, curator: str, epoch_seconds: int) -> bytes:
    """What the factory tells a new vault: open to all, without limit; the curator can change it."""
    parameters = (collateral, BURNER, epoch_seconds, False, False, 0, *[curator] * 5)
    return encode(
        ["(address,address,uint48,bool,bool,uint256,address,address,address,address,address)"],
        [parameters],
    )


def configuration(
    curator: str, vault: bytes, *, version: int = 1, owner: str = NOBODY
) -> tuple[Any, ...]:
    """What creates a vault of these parameters with its delegator and its slasher."""
    delegator = encode(
        ["((address,address,address),address[],address[])"],
        [((curator, NOBODY, curator), [curator], [curator])],
    )
    slasher = encode(["((bool))"], [((False,),)])
    return (version, owner, vault, 0, delegator, True, 0, slasher)


@dataclass(frozen=True, slots=True)
class _Core:
    """What all vaults share."""

    vaults: Contract
    delegators: Contract
    slashers: Contract
    networks: Contract
    operators: Contract
    middleware: Contract
    vault_opt_in: Contract
    network_opt_in: Contract
    configurator: Contract
    vault_code: Contract
    delegator_code: Contract
    slasher_code: Contract


def _deploy(site: Site) -> Symbiotic:
    core = _create_core(site)
    site.deployer.settle()
    _open_core(site, core)
    _create_vault(site, core)
    site.deployer.settle()
    vault = site.bind(artifact("Vault"), core.vaults.function("entity")(0))
    delegator = site.bind(artifact("NetworkRestakeDelegator"), vault.function("delegator")())
    _secure(site, core, vault, delegator)
    restaked = site.deployer.create(
        site.own("RestakedEther"),
        site.contracts.wrapped.address,
        vault.address,
        core.vaults.address,
    )
    site.deployer.settle()
    return Symbiotic(
        vault_factory=core.vaults.address,
        delegator_factory=core.delegators.address,
        slasher_factory=core.slashers.address,
        network_registry=core.networks.address,
        operator_registry=core.operators.address,
        middleware_service=core.middleware.address,
        operator_vault_opt_in=core.vault_opt_in.address,
        operator_network_opt_in=core.network_opt_in.address,
        configurator=core.configurator.address,
        vault=vault.address,
        delegator=delegator.address,
        slasher=vault.function("slasher")(),
        restaked=restaked.address,
    )


def _create_core(site: Site) -> _Core:
    deployer = site.deployer
    curator = deployer.account
    vaults = deployer.create(artifact("VaultFactory"), curator)
    delegators = deployer.create(artifact("DelegatorFactory"), curator)
    # Its code is that of the factory of delegators.
    slashers = deployer.create(artifact("SlasherFactory"), curator, salt=(1).to_bytes(32))
    networks = deployer.create(artifact("NetworkRegistry"))
    operators = deployer.create(artifact("OperatorRegistry"))
    middleware = deployer.create(artifact("NetworkMiddlewareService"), networks.address)
    opt_in = artifact("OptInService")
    where = {"OperatorVaultOptInService": vaults, "OperatorNetworkOptInService": networks}
    vault_opt_in, network_opt_in = (
        deployer.create(opt_in, operators.address, registry.address, name)
        for name, registry in where.items()
    )
    factories = (vaults.address, delegators.address, slashers.address)
    return _Core(
        vaults=vaults,
        delegators=delegators,
        slashers=slashers,
        networks=networks,
        operators=operators,
        middleware=middleware,
        vault_opt_in=vault_opt_in,
        network_opt_in=network_opt_in,
        configurator=deployer.create(artifact("VaultConfigurator"), *factories),
        vault_code=deployer.create(
            artifact("Vault"), delegators.address, slashers.address, vaults.address
        ),
        delegator_code=deployer.create(
            artifact("NetworkRestakeDelegator"),
            networks.address,
            vaults.address,
            vault_opt_in.address,
            network_opt_in.address,
            delegators.address,
            0,
        ),
        slasher_code=deployer.create(
            artifact("Slasher"), vaults.address, middleware.address, slashers.address, 0
        ),
    )


def _open_core(site: Site, core: _Core) -> None:
    """Let vaults of this code be created, and register operator and network, where not done."""
    call, network, operator = site.deployer.call, site.deployer.account, operator_of(site)
    if not core.vaults.function("lastVersion")():
        call(core.vaults, "whitelist", core.vault_code.address)
    if not core.delegators.function("totalTypes")():
        call(core.delegators, "whitelist", core.delegator_code.address)
    if not core.slashers.function("totalTypes")():
        call(core.slashers, "whitelist", core.slasher_code.address)
    if not core.operators.function("isEntity")(operator):
        call(core.operators, "registerOperator", sender=operator)
    if not core.networks.function("isEntity")(network):
        call(core.networks, "registerNetwork")
    if int(core.middleware.function("middleware")(network), 16) == 0:
        call(core.middleware, "setMiddleware", network)


def _create_vault(site: Site, core: _Core) -> None:
    """Have the first vault created, which nobody can move to another version."""
    if core.vaults.function("totalEntities")():
        return
    curator = site.deployer.account
    epoch_seconds = EPOCH_FRAMES * site.contracts.vault.FRAME_SECONDS()
    vault = vault_parameters(site.contracts.wrapped.address, curator, epoch_seconds)
    site.deployer.call(core.configurator, "create", configuration(curator, vault))


def _secure(site: Site, core: _Core, vault: Contract, delegator: Contract) -> None:
    """Put all that the vault has at stake for the network, by its operator."""
    call, network, operator = site.deployer.call, site.deployer.account, operator_of(site)
    subnetwork = subnetwork_of(site)
    if not core.vault_opt_in.function("isOptedIn")(operator, vault.address):
        call(core.vault_opt_in, "optIn(address)", vault.address, sender=operator)
    if not core.network_opt_in.function("isOptedIn")(operator, network):
        call(core.network_opt_in, "optIn(address)", network, sender=operator)
    if not delegator.function("maxNetworkLimit")(subnetwork):
        call(delegator, "setMaxNetworkLimit", 0, _LIMIT)
    if not delegator.function("networkLimit")(subnetwork):
        call(delegator, "setNetworkLimit", subnetwork, _LIMIT)
    if not delegator.function("operatorNetworkShares")(subnetwork, operator):
        call(delegator, "setOperatorNetworkShares", subnetwork, operator, 1)


def _status(site: Site, at: Symbiotic) -> Iterator[Line]:
    vault = site.bind(artifact("Vault"), at.vault)
    stake, epoch = vault.function("activeStake")(), vault.function("currentEpoch")()
    yield Line("vault", at.vault, f"{shown_ether(stake)} wkETH at stake, epoch {epoch}")
    slasher = site.bind(artifact("Slasher"), at.slasher)
    slashed = slasher.function("cumulativeSlash")(subnetwork_of(site), operator_of(site))
    yield Line("slasher", at.slasher, f"{shown_ether(slashed)} wkETH slashed")
    restaked = site.bind(site.own("RestakedEther"), at.restaked)
    supply, worth = restaked.function("totalSupply")(), restaked.function("totalAssets")()
    yield Line("rkETH", at.restaked, f"{shown_ether(supply)}, worth {shown_ether(worth)} wkETH")


SYMBIOTIC = System(
    "symbiotic", "Symbiotic", Symbiotic, _deploy, _status, sources=tuple(_SOURCES.values())
)
