import pytest
from ape.contracts import ContractInstance
from ape.managers.project import Project

from keel.testing.protocol import KeelProtocol


@pytest.fixture(scope="session")
def keel_validators() -> int:
    return 3  # of Keel work before the first test, so that there are rewards to report


@pytest.fixture
def price(project: Project, keel_protocol: KeelProtocol, stranger: object) -> ContractInstance:
    contracts = keel_protocol.wrapped, keel_protocol.vault
    return project.WrappedKeelPrice.deploy(*contracts, sender=stranger)
