"""Both layers of the network, read from nodes that agree, and Keel's contracts on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from keel.deploy.bindings import Bindings
from keel.deploy.errors import ManifestError
from keel.deploy.manifest import Manifest, require_same_chain
from keel.deploy.recorded import bind_recorded
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.agreed_rpc import AgreedRpc
from keel.nodes.panel import OnDisagreement
from keel.service.sections import ServiceSettings


@dataclass(frozen=True, slots=True)
class Layers:
    """The nodes of both layers, and the contracts of a manifest, which are read through `rpc`."""

    manifest: Manifest
    bindings: Bindings
    rpc: AgreedRpc
    beacon: AgreedBeacon

    def require_agreement(self) -> None:
        """Raise ManifestError when nodes are not those of the manifest's network.

        Raises NodeError and RpcError when they cannot be asked.
        """
        require_same_chain(self.rpc, self.manifest)
        network, config = self.beacon.network, self.manifest.configuration
        for what, written, actual in (
            ("genesis time", config.genesis_time, network.genesis_time),
            ("length of a slot", config.parameters.seconds_per_slot, network.slot_seconds),
        ):
            if written != actual:
                raise ManifestError(
                    f"the manifest belongs to another network: its {what} is {written}, "
                    f"the beacon nodes have {actual}"
                )


@contextmanager
def open_layers(settings: ServiceSettings, on_disagreement: OnDisagreement) -> Iterator[Layers]:
    """Name the nodes and bind the contracts, asking nobody; raises ManifestError."""
    network, seconds = settings.network, settings.network.timeout_seconds
    manifest = Manifest.read(settings.deployment)
    with (
        AgreedRpc(network.execution, network.execution_agree, seconds, on_disagreement) as rpc,
        AgreedBeacon(network.beacon, network.beacon_agree, seconds, on_disagreement) as beacon,
    ):
        yield Layers(manifest, bind_recorded(rpc, settings.deployment), rpc, beacon)
