"""The address of a node as people write it: what is sent to it, and what of it may be shown."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`name` has scheme, host and port alone: user, path or query may be a provider's key."""

    name: str
    path: str
    query: str
    headers: Mapping[str, str]

    def target(self, path: str = "") -> str:
        """Path and query to ask for, with `path` behind the address's own."""
        whole = self.path.rstrip("/") + path if path else self.path or "/"
        return f"{whole}?{self.query}" if self.query else whole


def endpoint(url: str) -> Endpoint:
    """Read an address; user and password become a header. Raises ValueError without them."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        is_name = bool(host.encode("idna")) and not re.search(r"[\s\0]", host)
    except ValueError:
        is_name = False
    if not is_name or parts.scheme not in ("http", "https"):
        raise ValueError(f"{_without_secrets(url)} is not an http or https address")
    shown = f"[{host}]" if ":" in host else host
    name = f"{parts.scheme}://{shown}" + ("" if port is None else f":{port}")
    headers = {}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return Endpoint(name, parts.path, parts.query, headers)


def shown_address(url: str) -> str:
    """What may be shown of an address, a broken one too."""
    try:
        return endpoint(url).name
    except ValueError:
        return _without_secrets(url)


def _without_secrets(url: str) -> str:
    scheme, colon, rest = url.rpartition("://")
    return scheme.rpartition("@")[2] + colon + re.split(r"[/?#]", rest)[0].rpartition("@")[2]
