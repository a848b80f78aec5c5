"""One validator on a page of its own, and the list of all: what both layers say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keel.dashboard.beacon import BeaconClient
from keel.dashboard.exit_texts import REASONS
from keel.model.commitment import public_key_hash
from keel.model.constants import GWEI
from keel.sight.event_index import Happened
from keel.sight.key_lives import STAGE_OF, key_lives

VALIDATORS_A_PAGE = 100
_FAR_FUTURE_EPOCH = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Change:
    """A stage that a key reached."""

    stage: str
    time: int
    transaction_hash: str


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that was predeposited; `place` counts from 0 in the order of the chain."""

    place: int
    pubkey: str
    operator_id: int
    changes: tuple[Change, ...]

    @property
    def stage(self) -> str:
        """How far it came."""
        return self.changes[-1].stage


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
    """An exit that was asked for by EIP-7002, and why that was allowed (REQ-1)."""

    reason: str
    time: int
    transaction_hash: str


def known_keys(events: Sequence[Happened]) -> tuple[KnownKey, ...]:
    """All keys that were predeposited, the oldest first."""
    changes: dict[bytes, list[Change]] = {}
    for happened in events:
        if happened.name in STAGE_OF:
            stage = STAGE_OF[happened.name].name.lower()
            change = Change(stage, happened.time, happened.event.log.transaction_hash)
            changes.setdefault(happened.inputs["pubkeyRoot"], []).append(change)
    lives = key_lives(happened.event for happened in events)
    return tuple(
        KnownKey(place, f"0x{pubkey.hex()}", life.operator_id, tuple(changes[life.pubkey_root]))
        for place, (pubkey, life) in enumerate(lives.items())
    )


def exit_requests(events: Sequence[Happened], pubkey: str) -> tuple[ExitRequest, ...]:
    """Exits asked for of one key."""
    root = public_key_hash(bytes.fromhex(pubkey[2:]))
    return tuple(
        ExitRequest(REASONS[each.inputs["reason"]], each.time, each.event.log.transaction_hash)
        for each in events
        if each.name == "ExitRequested" and each.inputs["pubkeyRoot"] == root
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
