"""Networks for which deposit data is made and checked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Network:
    """`name` and `genesis_fork_version` as deposit data states them; `source` says where from."""

    name: str
    genesis_fork_version: bytes
    source: str


NETWORKS = {
    network.name: network
    for network in (
        Network("mainnet", bytes.fromhex("00000000"), "ethereum/consensus-specs mainnet.yaml"),
        Network("hoodi", bytes.fromhex("10000910"), "eth-clients/hoodi metadata/config.yaml"),
        Network("sepolia", bytes.fromhex("90000069"), "eth-clients/sepolia metadata/config.yaml"),
        # Fork number, then "KEL" in ASCII: equal to no public network, so that a signature
        # made for the local chain is worth nothing elsewhere.
        Network("local", bytes.fromhex("004b454c"), "Keel's own chain"),
    )
}


def network_named(name: str) -> Network:
    """Return the network of that name; raises ValueError which lists the known ones."""
    try:
        return NETWORKS[name]
    except KeyError:
        raise ValueError(f"network {name!r}, one of {', '.join(NETWORKS)} expected") from None
