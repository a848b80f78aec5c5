from collections.abc import Iterator

import pytest

from keel.chain.anvil import Anvil, AnvilOptions, start_anvil
from keel.chain.clock import reverting
from keel.chain.rpc import RpcClient
from keel.chain.system_contracts import install_system_contracts


@pytest.fixture(scope="session")
def own_anvil() -> Iterator[Anvil]:
    """A chain of the harness's own, beside the one that Ape runs."""
    with start_anvil(AnvilOptions(genesis_timestamp=1_800_000_000)) as anvil:
        install_system_contracts(anvil.rpc)
        yield anvil


@pytest.fixture
def rpc(own_anvil: Anvil) -> Iterator[RpcClient]:
    with reverting(own_anvil.rpc):
        yield own_anvil.rpc
