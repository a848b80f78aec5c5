"""Ape on a chain whose blocks come with slots."""

import ape
from ape_foundry import FoundryProvider

_NAME = "foundry"


class SlotProvider(FoundryProvider):  # type: ignore[misc]  # it has no types
    """Ape's Foundry provider, which waits for receipts although Anvil mines on request alone."""

    @property
    def auto_mine(self) -> bool:
        """Whether a transaction is in a block soon after it was sent: `including` sees to it."""
        return True

    @auto_mine.setter
    def auto_mine(self, value: bool) -> None:
        raise NotImplementedError("the beacon chain decides when a block is mined")


def connected_provider(url: str) -> SlotProvider:
    """Connect to the Anvil at `url`."""
    network = ape.networks.ethereum.local
    provider = SlotProvider(
        name=_NAME,
        network=network,
        provider_settings={"host": url},
        data_folder=network.data_folder / _NAME,
    )
    provider.connect()
    return provider
