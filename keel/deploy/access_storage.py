"""What OpenZeppelin's AccessManager (5.x) stores for a plan, word by word.

Storage: 0 targets, 1 roles, 2 schedules, 3 the execution under way, 4 what was cancelled (Keel's
own). A target has its functions'
roles, then admin delay and closed flag; a role has its members, then admin (64 bits), guardian
(64 bits), grant delay; a member has the time since when (48 bits), then the execution delay; a
schedule has its time (48 bits), then its nonce.
"""

from collections.abc import Iterable, Mapping

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keel.chain.abi import Event
from keel.deploy.plan import AccessPlan
from keel.deploy.roles import ROLES
from keel.deploy.storage import Word

_TARGETS, _ROLES, _SCHEDULES, _CANCELLED = 0, 1, 2, 4
_TIME_BITS = 48
_ROLE_BITS = 64
_DELAY_BITS = 32

_ROLE_NAMES = {role.id: role.name for role in ROLES}


def access_words(plan: AccessPlan, events: Iterable[Event]) -> Mapping[int, Word]:
    """All words of the AccessManager, given its events."""
    events = list(events)
    since = _times_of_grants(events)
    words: dict[int, Word] = {}
    for (target, selector), role in plan.functions.items():
        slot = _mapped("bytes4", selector, _mapped("address", target, _TARGETS))
        words[slot] = Word(f"the role of 0x{selector.hex()} of {target}", role)
    slow_since = {
        event.inputs["roleId"]: event.inputs["since"]
        for event in events
        if event.name == "RoleGrantDelayChanged"
    }
    for role in plan.guardians.keys() | plan.grant_delays.keys():
        slot = _mapped("uint64", role, _ROLES) + 1
        meaning = f"admin, guardian and grant delay of role {_ROLE_NAMES[role]}"
        # OpenZeppelin's Time.Delay: since when (48 bits), the delay before, the delay after.
        delay = slow_since.get(role, 0) << 2 * _DELAY_BITS | plan.grant_delays.get(role, 0)
        guardian = plan.guardians.get(role, 0) << _ROLE_BITS
        words[slot] = Word(meaning, delay << 2 * _ROLE_BITS | guardian)
    for grant in plan.grants:
        slot = _mapped("address", grant.account, _mapped("uint64", grant.role_id, _ROLES))
        start = since.get((grant.role_id, grant.account))
        value = None if start is None else grant.delay_seconds << _TIME_BITS | start
        meaning = f"since when and with which delay {grant.account} holds role "
        words[slot] = Word(meaning + _ROLE_NAMES[grant.role_id], value)
    return words | _schedules(events)


def _times_of_grants(events: Iterable[Event]) -> Mapping[tuple[int, str], int]:
    return {
        (event.inputs["roleId"], event.inputs["account"]): event.inputs["since"]
        for event in events
        if event.name == "RoleGranted"
    }


def _schedules(events: Iterable[Event]) -> dict[int, Word]:
    words = {}
    for event in events:
        if event.name in ("OperationScheduled", "OperationExecuted", "OperationCanceled"):
            operation = event.inputs["operationId"]
            time = event.inputs.get("schedule", 0)
            words[_mapped("bytes32", operation, _SCHEDULES)] = Word(
                f"operation 0x{operation.hex()}", event.inputs["nonce"] << _TIME_BITS | time
            )
        if event.name == "OperationCanceled":
            operation = event.inputs["operationId"]
            meaning = f"whether another cancelled operation 0x{operation.hex()}"
            words[_mapped("bytes32", operation, _CANCELLED)] = Word(meaning, None)
    return words


def _mapped(key_type: str, key: object, slot: int) -> int:
    """Slot of a mapping's value."""
    return int.from_bytes(keccak(encode([key_type, "uint256"], [key, slot])), "big")
