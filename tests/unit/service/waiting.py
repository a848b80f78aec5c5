"""Wait for what another thread or process does."""

import time
from collections.abc import Callable

import httpx

WAIT_SECONDS = 20.0


def until(holds: Callable[[], bool]) -> None:
    """Return once it holds; fail when it does not in time."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def head_slot_of(url: str) -> int | None:
    """Head slot that a monitor shows, None while nobody listens."""
    try:
        return int(httpx.get(f"{url}/health").json()["head_slot"])
    except httpx.ConnectError:
        return None
