"""One validator on a page of its own, and the list of all: what both layers say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keel.dashboard.beacon import BeaconClient
from keel.model.constants import GWEI
from keel.sight.event_index import Happened

VALIDATORS_A_PAGE = 100
_FAR_FUTURE_EPOCH = 2**64 - 1


@dataclass(frozen=True, slots=True)
class StakedKey:
    """A key that the registry staked; `place` counts from 0 in the order of the chain."""

    place: int
    pubkey: str
    operator_id: int
    time: int
    transaction_hash: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A validator in the head state; epochs None: not set. Without an index it is not there yet."""

    status: str
    index: int | None
    balance_wei: int
    effective_wei: int
    pending_wei: int
    is_slashed: bool
    epochs: Mapping[str, int | None]
    credentials: str
    pays_vault: bool


@dataclass(frozen=True, slots=True)
class ExitRequest:
    """An exit that was asked for by EIP-7002."""

    time: int
    transaction_hash: str


def staked_keys(events: Sequence[Happened]) -> tuple[StakedKey, ...]:
    """All keys that were staked, the oldest first."""
    staked = [event for event in events if event.name == "KeyStaked"]
    return tuple(
        StakedKey(
            place=place,
            pubkey=_key(event),
            operator_id=int(event.inputs["operatorId"]),
            time=event.time,
            transaction_hash=event.event.log.transaction_hash,
        )
        for place, event in enumerate(staked)
    )


def exit_requests(events: Sequence[Happened], pubkey: str) -> tuple[ExitRequest, ...]:
    """Exits asked for of one key."""
    return tuple(
        ExitRequest(event.time, event.event.log.transaction_hash)
        for event in events
        if event.name == "ExitRequested" and _key(event) == pubkey
    )


def read_standings(
    client: BeaconClient, pubkeys: Sequence[str], credentials: str
) -> Mapping[str, Standing]:
    """Ask the beacon node for its head state; raises NodeError.

    Answers of another shape raise LookupError, TypeError or ValueError.
    """
    found = client.amounts("head", pubkeys, credentials)
    foreign = set(found.foreign())
    waiting: dict[str, int] = {}
    own: dict[str, str] = {}
    for deposit in found.pending:
        key = deposit["pubkey"]
        waiting[key] = waiting.get(key, 0) + int(deposit["amount"]) * GWEI
        own.setdefault(key, str(deposit["withdrawal_credentials"]))
    return {
        key: _standing(
            found.validators.get(key), waiting.get(key, 0), own.get(key, ""), key, foreign
        )
        for key in pubkeys
    }


def _standing(
    entry: Mapping[str, Any] | None, pending_wei: int, credentials: str, key: str, foreign: set[str]
) -> Standing:
    if entry is None:
        status = "deposit waits" if pending_wei else "not on the beacon chain"
        return Standing(status, None, 0, 0, pending_wei, False, {}, credentials, key not in foreign)
    validator = entry["validator"]
    names = ("activation_eligibility", "activation", "exit", "withdrawable")
    return Standing(
        status=str(entry["status"]).replace("_", " "),
        index=int(entry["index"]),
        balance_wei=int(entry["balance"]) * GWEI,
        effective_wei=int(validator["effective_balance"]) * GWEI,
        pending_wei=pending_wei,
        is_slashed=bool(validator["slashed"]),
        epochs={name.replace("_", " "): _epoch(validator[f"{name}_epoch"]) for name in names},
        credentials=str(validator["withdrawal_credentials"]),
        pays_vault=key not in foreign,
    )


def _epoch(text: str) -> int | None:
    number = int(text)
    return None if number == _FAR_FUTURE_EPOCH else number


def _key(event: Happened) -> str:
    return "0x" + bytes(event.inputs["pubkey"]).hex()
