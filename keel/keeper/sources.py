"""Where a keeper reads: nodes that agree, members of the committee, and Keel's contracts."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from keel.deploy.bindings import Bindings
from keel.deploy.errors import ManifestError
from keel.deploy.manifest import Manifest, require_same_chain
from keel.deploy.recorded import bind_recorded
from keel.keeper.settings import KeeperSettings
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.agreed_rpc import AgreedRpc
from keel.nodes.panel import OnDisagreement
from keel.reporter.peers import Peers


@dataclass(frozen=True, slots=True)
class Sources:
    """All of them, open."""

    rpc: AgreedRpc
    beacon: AgreedBeacon
    peers: Peers
    contracts: Bindings
    manifest: Manifest

    def require_agreement(self) -> None:
        """Raise ManifestError when the nodes are not those of the manifest's network."""
        require_same_chain(self.rpc, self.manifest)
        written = self.manifest.configuration.genesis_time
        actual = self.beacon.network.genesis_time
        if written != actual:
            raise ManifestError(
                f"the manifest belongs to another network: its genesis time is {written}, "
                f"the beacon nodes have {actual}"
            )


@contextmanager
def open_sources(settings: KeeperSettings, on_disagreement: OnDisagreement) -> Iterator[Sources]:
    """Name nodes and members and bind the contracts, asking nobody; raises ManifestError."""
    network, section = settings.network, settings.keeper
    manifest = Manifest.read(settings.deployment)
    with ExitStack() as stack:
        rpc = AgreedRpc(
            network.execution, network.execution_agree, network.timeout_seconds, on_disagreement
        )
        beacon = AgreedBeacon(
            network.beacon, network.beacon_agree, network.timeout_seconds, on_disagreement
        )
        stack.enter_context(rpc)
        stack.enter_context(beacon)
        peers = stack.enter_context(Peers(section.members, section.member_timeout_seconds))
        contracts = bind_recorded(rpc, settings.deployment)
        yield Sources(rpc, beacon, peers, contracts, manifest)
