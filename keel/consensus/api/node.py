"""What the API says of the node itself."""

import platform
from importlib.metadata import version

from keel.consensus.api.endpoint import Answer, Asked
from keel.consensus.api.errors import bad_request
from keel.consensus.api.view import ChainView

_PEER_STATES = ("disconnected", "connecting", "connected", "disconnecting")
_DIRECTIONS = ("inbound", "outbound")


def node_version(_view: ChainView, _asked: Asked) -> Answer:
    """Keel, and the specification that it runs."""
    rules = f"eth-consensus-specs-{version('eth-consensus-specs')}"
    return Answer({"version": f"Keel/{rules}/{platform.system()}-{platform.machine()}"})


def syncing(view: ChainView, _asked: Asked) -> Answer:
    """The chain is made here, so there is never anything to catch up with."""
    return Answer(
        {
            "head_slot": view.slot_of(view.chain.head_root),
            "sync_distance": 0,
            "is_syncing": False,
            "is_optimistic": False,
            "el_offline": False,
        }
    )


def identity(view: ChainView, _asked: Asked) -> Answer:
    """There is no network: no name in it and no address."""
    metadata: dict[str, object] = {"seq_number": 0, "attnets": bytes(8), "syncnets": bytes(1)}
    if view.fork == "fulu":
        metadata["custody_group_count"] = view.spec.config.CUSTODY_REQUIREMENT
    return Answer(
        {
            "peer_id": "",
            "enr": "",
            "p2p_addresses": [],
            "discovery_addresses": [],
            "metadata": metadata,
        }
    )


def peers(_view: ChainView, asked: Asked) -> Answer:
    """Peers, none of which there are, of some states and directions."""
    for name, known in (("state", _PEER_STATES), ("direction", _DIRECTIONS)):
        for value in asked.several(name):
            if value not in known:
                raise bad_request(f"Invalid {name}: {value}, one of {', '.join(known)} expected")
    return Answer([], meta={"count": 0})


def peer_count(_view: ChainView, _asked: Asked) -> Answer:
    """How many peers there are in each state."""
    return Answer(dict.fromkeys(_PEER_STATES, 0))
