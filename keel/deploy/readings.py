"""Reads of a deployment, each with what it is to return."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.exceptions import DecodingError

from keel.chain.contract import PreparedCall
from keel.chain.errors import RpcError
from keel.chain.rpc import RpcClient


@dataclass(frozen=True, slots=True)
class Reading:
    """A getter's answer that must be `expected` once `view` has picked the part that matters."""

    what: str
    call: PreparedCall
    expected: object
    view: Callable[[Any], object] = lambda answer: answer


def differing(rpc: RpcClient, readings: Sequence[Reading]) -> list[str]:
    """Read all of them at once; say which cannot be read or are not as expected."""
    outcomes = rpc.batch_outcomes([("eth_call", (r.call.request, "latest")) for r in readings])
    found = []
    for reading, outcome in zip(readings, outcomes, strict=True):
        if isinstance(outcome, RpcError):
            found.append(f"{reading.what} cannot be read: {outcome}")
            continue
        try:
            answer = reading.view(reading.call.function.decode_result(bytes.fromhex(outcome[2:])))
        except (DecodingError, TypeError) as error:
            found.append(f"{reading.what} returned data that cannot be decoded: {error}")
            continue
        if answer != reading.expected:
            found.append(f"{reading.what} is {answer}, {reading.expected} expected")
    return found
