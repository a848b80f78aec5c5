"""Anvil behind the RPC address: bytes go in, and its answer comes back as it is."""

from dataclasses import dataclass

import httpx

from keel.chain.certificates import authorities
from keel.consensus.gateway.errors import INTERNAL, RefusedError

_SECONDS = 120.0
_MOST_CONNECTIONS = 64
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Kept-alive connections to Anvil."""

    url: str
    client: httpx.AsyncClient

    async def answer(self, body: bytes) -> bytes:
        """Return what Anvil answers; raises RefusedError when it cannot be reached."""
        try:
            answer = await self.client.post(self.url, content=body, headers=_JSON)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise RefusedError(INTERNAL, f"Anvil does not answer: {reason}") from error
        return answer.content


def open_client() -> httpx.AsyncClient:
    """Open what Forwarding sends with; it belongs to the loop that uses it."""
    limits = httpx.Limits(max_connections=_MOST_CONNECTIONS)
    return httpx.AsyncClient(timeout=_SECONDS, limits=limits, trust_env=False, verify=authorities())
