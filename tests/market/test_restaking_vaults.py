"""Which vaults of Symbiotic rkETH is created over: each refused one is a real vault (RST-4)."""

from typing import Any

import pytest

from keel.chain.contract import Contract, deploy
from keel.market.symbiotic import (
    NOBODY,
    SYMBIOTIC,
    Symbiotic,
    artifact,
    configuration,
    vault_parameters,
)
from keel.market.system import Site
from tests.causes import fails

EPOCH_SECONDS = 3_600


@pytest.fixture
def at(site: Site) -> Symbiotic:
    return SYMBIOTIC.found(site)


@pytest.fixture
def factory(site: Site, at: Symbiotic) -> Contract:
    return site.bind(artifact("VaultFactory"), at.vault_factory)


def construct(site: Site, vault: str, factory: str) -> Contract:
    """Create another rkETH."""
    own = site.own("RestakedEther")
    arguments = (site.contracts.wrapped.address, vault, factory)
    sender = site.deployer.account
    return deploy(site.rpc, own.abi, own.creation_code, *arguments, sender=sender)[0]


def another_vault(site: Site, at: Symbiotic, collateral: str | None = None, **terms: Any) -> str:
    """Have a further vault created, with its delegator and its slasher."""
    curator = site.deployer.account
    configurator = site.bind(artifact("VaultConfigurator"), at.configurator)
    token = collateral or site.contracts.wrapped.address
    told = configuration(curator, vault_parameters(token, curator, EPOCH_SECONDS), **terms)
    created = configurator.function("create")(told, sender=curator)
    configurator.function("create").send(told, sender=curator)
    return str(created[0])


def test_is_created_over_any_vault_that_keeps_the_rule(site: Site, at: Symbiotic) -> None:
    vault = another_vault(site, at)
    restaked = construct(site, vault, at.vault_factory)
    assert restaked.function("VAULT")() == vault != at.vault


def test_refuses_what_the_factory_did_not_create(site: Site, at: Symbiotic) -> None:
    refused = {"vault": at.delegator, "factory": at.vault_factory}
    with fails("NotSymbioticVault", **refused):
        construct(site, at.delegator, at.vault_factory)


def test_refuses_another_version(site: Site, at: Symbiotic, factory: Contract) -> None:
    code, curator = artifact("Vault"), site.deployer.account
    factories = (at.delegator_factory, at.slasher_factory, at.vault_factory)
    newer, _ = deploy(site.rpc, code.abi, code.creation_code, *factories, sender=curator)
    factory.function("whitelist").send(newer.address, sender=curator)
    vault = another_vault(site, at, version=2)
    with fails("VersionNotSupported", version=2, supported=1):
        construct(site, vault, at.vault_factory)


def test_refuses_a_vault_that_its_owner_could_replace(site: Site, at: Symbiotic) -> None:
    owner = site.actors["stranger"]
    vault = another_vault(site, at, owner=owner)
    with fails("VaultOwned", owner=owner):
        construct(site, vault, at.vault_factory)


def test_refuses_a_vault_whose_slasher_anybody_could_choose(
    site: Site, at: Symbiotic, factory: Contract
) -> None:
    curator = site.deployer.account
    told = vault_parameters(site.contracts.wrapped.address, curator, EPOCH_SECONDS)
    vault = factory.function("create")(1, NOBODY, told, sender=curator)
    factory.function("create").send(1, NOBODY, told, sender=curator)
    with fails("VaultUninitialised", vault=vault):
        construct(site, vault, at.vault_factory)


def test_refuses_another_collateral(site: Site, at: Symbiotic) -> None:
    keeth, wrapped = site.contracts.vault.address, site.contracts.wrapped.address
    vault = another_vault(site, at, keeth)
    with fails("WrongCollateral", collateral=keeth, wrapped=wrapped):
        construct(site, vault, at.vault_factory)
