"""What a system of the market is, and where it is deployed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.chain.state import runtime_code
from keel.deploy.artifacts import Artifact, Artifacts, artifact_named
from keel.deploy.bindings import Bindings
from keel.market.compiled import Source
from keel.market.deployer import Deployer
from keel.market.errors import MarketError


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base of what a system has on a chain: a dataclass whose fields are all addresses."""

    def as_record(self) -> dict[str, str]:
        """Address by field, for the manifest."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_record(cls, record: Mapping[str, str]) -> Self:
        """Read what `as_record` wrote; raises MarketError for a record of another shape."""
        names = {field.name for field in fields(cls)}
        if names != record.keys():
            raise MarketError(f"the manifest has {sorted(record)}, {sorted(names)} expected")
        return cls(**record)


@dataclass(slots=True)
class Site:
    """A local chain with Keel, the accounts of its people, and the systems that stand there.

    `records` has the addresses of each system by its name.
    """

    contracts: Bindings
    artifacts: Artifacts
    actors: Mapping[str, str]
    deployer: Deployer
    records: dict[str, Mapping[str, str]]

    @property
    def rpc(self) -> RpcClient:
        """The client of all contracts."""
        return self.contracts.rpc

    def own(self, name: str) -> Artifact:
        """A contract of contracts/market; raises ArtifactMissingError."""
        return artifact_named(self.artifacts, name)

    def bind(self, artifact: Artifact, address: str) -> Contract:
        """Bind a contract that stands at an address."""
        return Contract(self.rpc, address, artifact.abi)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of `market status`: a part of a system, where it is, and what stands in it."""

    part: str
    address: str
    state: str


@dataclass(frozen=True, slots=True)
class System[A: Addresses]:
    """A system that `market deploy` knows.

    `deploy` does nothing twice: it may run again after it broke off. `needs` are deployed before,
    and `sources` compiled.
    """

    name: str
    title: str
    addresses: type[A]
    deploy: Callable[[Site], A]
    status: Callable[[Site, A], Iterable[Line]]
    needs: tuple["System[Any]", ...] = ()
    sources: tuple[Source, ...] = ()

    def stands(self, site: Site) -> bool:
        """Whether it is recorded and there is code at each of its addresses."""
        record = site.records.get(self.name)
        return record is not None and all(runtime_code(site.rpc, each) for each in record.values())

    def found(self, site: Site) -> A:
        """Its addresses; raises MarketError where it is not deployed."""
        if self.name not in site.records:
            raise MarketError(f"{self.title} is not deployed: `keel market deploy {self.name}`")
        return self.addresses.from_record(site.records[self.name])


def in_order(wanted: Iterable[System[Any]]) -> list[System[Any]]:
    """The systems and all that they need, each after what it needs."""
    ordered: list[System[Any]] = []
    for system in wanted:
        for each in (*in_order(system.needs), system):
            if each not in ordered:
                ordered.append(each)
    return ordered
