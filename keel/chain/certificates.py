"""The authorities whose certificates https addresses are believed by."""

import ssl
from functools import cache

import httpx


@cache
def authorities() -> ssl.SSLContext:
    """Read them once a process: it takes 20 ms, and each node and peer has a client of its own."""
    return httpx.create_ssl_context(trust_env=False)
