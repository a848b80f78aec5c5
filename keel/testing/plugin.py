"""Fixtures for any pytest suite on Ape: `keel_protocol`, `keel_chain`, `beacon`, `depositor`, ...

A test that asks for none of them costs nothing: whatever is large is imported inside.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ape.api.accounts import AccountAPI

    from keel.consensus.beacon.chain import BeaconChain
    from keel.deploy.artifacts import Artifacts
    from keel.scenarios.beacon_world import BeaconWorld
    from keel.testing.protocol import KeelProtocol
    from keel.testing.provider import SlotProvider

_GENESIS_TIME = 1_800_000_000


@pytest.fixture(scope="session")
def keel_validators() -> int:
    """How many validators work before the first test; a project overrides it."""
    return 0


@pytest.fixture(scope="session")
def keel_artifacts() -> "Artifacts":
    """ABI and creation code of each of Keel's contracts, by name."""
    from rich.console import Console

    from keel.deploy.command import compiled

    return compiled(Console(quiet=True))


@pytest.fixture(scope="session")
def _keel_founded(
    keel_artifacts: "Artifacts",
    keel_validators: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator["BeaconWorld"]:
    from keel.chain.anvil import start_anvil
    from keel.consensus.beacon.chain import start_chain
    from keel.consensus.beacon.config import ChainConfig
    from keel.scenarios.beacon_world import found_beacon_world, options_for_keel
    from keel.testing.protocol import activate_validators

    config = ChainConfig(genesis_time=_GENESIS_TIME, verify_own_signatures=False)
    # Ape gives a transaction the whole block's gas unless a project says otherwise.
    options = replace(options_for_keel(config), transaction_gas_cap=False)
    with start_anvil(options) as anvil:
        world = found_beacon_world(start_chain(anvil.rpc, config), keel_artifacts)
        if keel_validators:
            activate_validators(world, keel_validators, tmp_path_factory.mktemp("keel-keys"))
        yield world


@pytest.fixture(scope="session")
def _keel_provider(_keel_founded: "BeaconWorld") -> "SlotProvider":
    from keel.testing.provider import connected_provider

    return connected_provider(_keel_founded.rpc.url)


@pytest.fixture
def keel_chain(
    _keel_founded: "BeaconWorld", _keel_provider: "SlotProvider"
) -> Iterator["BeaconWorld"]:
    """Both layers with Keel on them, Ape connected to them, put back after the test.

    A transaction gets its slot as soon as it is sent.
    """
    import ape

    from keel.scenarios.beacon_world import put_back
    from keel.testing.inclusion import including

    with (
        ape.networks.ethereum.local.use_provider(_keel_provider),
        put_back(_keel_founded) as world,
        including(world.beacon.chain),
    ):
        yield world


@pytest.fixture
def keel_protocol(keel_chain: "BeaconWorld", keel_artifacts: "Artifacts") -> "KeelProtocol":
    """Keel's contracts as Ape's instances, and what its committee does."""
    from keel.testing.protocol import protocol_of

    return protocol_of(keel_chain, keel_artifacts)


@pytest.fixture
def beacon(keel_chain: "BeaconWorld") -> "BeaconChain":
    """The consensus layer: slots, offences, exits, finality."""
    return keel_chain.beacon.chain


@pytest.fixture
def keel_accounts(keel_chain: "BeaconWorld") -> Mapping[str, "AccountAPI"]:
    """Everybody with a part in Keel, by the part: governance, council, keeper, holder, ..."""
    import ape

    return {name: ape.accounts[address] for name, address in keel_chain.actors.items()}


def _account(name: str) -> Callable[..., "AccountAPI"]:
    @pytest.fixture(name=name)
    def account(keel_accounts: Mapping[str, "AccountAPI"]) -> "AccountAPI":
        return keel_accounts[name]

    account.__doc__ = f"A funded account that plays the {name} and holds no role."
    return account


depositor = _account("depositor")
holder = _account("holder")
underwriter = _account("underwriter")
redeemer = _account("redeemer")
stranger = _account("stranger")
