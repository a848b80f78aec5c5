"""How many invalid ballots a sender may bring: each costs a signature's recovery to find out."""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

BURST = 32
"""Invalid ballots of one sender that are looked at in one go."""

SECONDS_EACH = 1.0
"""After which one more of them is looked at."""

MOST_SENDERS = 4096
"""Senders that are remembered; the one whose last invalid ballot is oldest is forgotten first."""

_IPV6_NETWORK_BITS = 64  # what a single user has at least


def network_of(address: str) -> str:
    """Whom an address belongs to: itself, and all of its network with IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))


@dataclass(slots=True)
class _Spent:
    invalid: float
    at: float


class Allowance:
    """Invalid ballots by sender; safe from any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._spent: OrderedDict[str, _Spent] = OrderedDict()

    def seconds_to_wait(self, sender: str) -> float:
        """Seconds until a ballot of this sender is looked at again, 0 for at once."""
        with self._lock:
            spent = self._spent.get(sender)
            invalid = 0.0 if spent is None else self._left_of(spent)
        return max(0.0, (invalid - BURST + 1) * SECONDS_EACH)

    def spend(self, sender: str) -> None:
        """Count an invalid ballot."""
        with self._lock:
            spent = self._spent.pop(sender, None)
            invalid = 0.0 if spent is None else self._left_of(spent)
            self._spent[sender] = _Spent(invalid + 1, self._monotonic())
            if len(self._spent) > MOST_SENDERS:
                self._spent.popitem(last=False)

    def _left_of(self, spent: _Spent) -> float:
        return max(0.0, spent.invalid - (self._monotonic() - spent.at) / SECONDS_EACH)
