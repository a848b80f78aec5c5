"""By which names a server of this machine may be asked for.

A page of any other site can make a browser send requests to this machine. With DNS that is rebound
it does so under its own name, which then stands in the Host header; an address cannot be rebound.
"""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit


def is_own_host(host: str, allowed: Sequence[str] = ()) -> bool:
    """Whether a Host header is an address, localhost, or a name that was allowed."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name in allowed:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
