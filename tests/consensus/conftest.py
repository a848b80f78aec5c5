"""One real chain for each worker: finalised, with a validator that came by a deposit."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from keel.chain.anvil import start_anvil
from keel.chain.state import unlocked_accounts
from keel.consensus.api.server import serving
from keel.consensus.beacon.branches import branching
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig, anvil_options
from keel.consensus.beacon.requests import deposit
from keel.consensus.deposit_data import FULL_DEPOSIT_GWEI, execution_credentials
from keel.consensus.keys import ValidatorKey, public_key

CONFIG = ChainConfig(
    genesis_time=1_800_000_000, compounding_validators=16, verify_own_signatures=False
)
DEPOSITED_SECRET = 0x4B65656C
DEPOSITED_KEY = ValidatorKey("m", DEPOSITED_SECRET, public_key(DEPOSITED_SECRET))


@dataclass(frozen=True)
class SettledChain:
    """`deposited` is the index of the validator whose deposit went into slot 1."""

    chain: BeaconChain
    deposited: int
    depositor: str
    withdrawal_owner: str


@pytest.fixture(scope="session")
def settled_chain() -> Iterator[SettledChain]:
    with start_anvil(anvil_options(CONFIG)) as anvil:
        chain = start_chain(anvil.rpc, CONFIG)
        depositor, withdrawal_owner = unlocked_accounts(anvil.rpc)[:2]
        credentials = execution_credentials(bytes.fromhex(withdrawal_owner[2:]))
        deposit(chain, DEPOSITED_KEY, credentials, FULL_DEPOSIT_GWEI, depositor)
        chain.to_activation(DEPOSITED_KEY.public_key)
        index = chain.index_of(DEPOSITED_KEY.public_key)
        yield SettledChain(chain, index, depositor, withdrawal_owner)


@pytest.fixture
def settled(settled_chain: SettledChain) -> Iterator[SettledChain]:
    with branching(settled_chain.chain):
        yield settled_chain


@pytest.fixture
def chain(settled: SettledChain) -> BeaconChain:
    return settled.chain


@pytest.fixture(scope="session")
def api_address(settled_chain: SettledChain) -> Iterator[str]:
    """Real HTTP on a real port."""
    with serving(settled_chain.chain) as address:
        yield address


@pytest.fixture
def api(settled: SettledChain, api_address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api_address, timeout=10) as client:
        yield client
