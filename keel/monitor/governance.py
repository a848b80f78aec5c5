"""What governance has scheduled, and what it changed, from the log (ROL)."""

from collections.abc import Iterable, Iterator

from keel.chain.abi import Event
from keel.chain.contract import Contract
from keel.deploy.bindings import CONTRACT_NAMES, Bindings
from keel.deploy.roles import ROLES
from keel.monitor.reading import News, WaitingCall
from keel.sight.event_index import Happened

MANAGER_EVENTS = (
    "OperationScheduled",
    "OperationExecuted",
    "OperationCanceled",
    "RoleGranted",
    "RoleRevoked",
    "RoleAdminChanged",
    "RoleGuardianChanged",
    "RoleGrantDelayChanged",
    "TargetAdminDelayUpdated",
    "TargetClosed",
    "TargetFunctionRoleUpdated",
)
ORACLE_EVENTS = ("MemberAdded", "MemberRemoved", "QuorumSet")
_SET_UP = "TargetFunctionRoleUpdated"
_CHANGES = frozenset((*MANAGER_EVENTS[3:], *ORACLE_EVENTS, "ModulesSet", "TermsSet"))
_ROLE_NAMES = {role.id: role.name for role in ROLES}


def waiting_calls(
    events: Iterable[Happened], contracts: Bindings, time: int, expiration_seconds: int
) -> tuple[WaitingCall, ...]:
    """Scheduled calls that are neither executed nor cancelled nor expired."""
    waiting: dict[bytes, WaitingCall] = {}
    for happened in events:
        if happened.contract != "manager":
            continue
        given = happened.inputs
        match happened.name:
            case "OperationScheduled":
                what = _called(contracts, given["target"], given["data"])
                waiting[given["operationId"]] = WaitingCall(
                    what, given["caller"], given["schedule"]
                )
            case "OperationExecuted" | "OperationCanceled":
                waiting.pop(given["operationId"], None)
    return tuple(
        call for call in waiting.values() if time < call.executable_at + expiration_seconds
    )


def news(events: Iterable[Happened]) -> tuple[News, ...]:
    """Changes after the transaction that set the deployment up."""
    return tuple(News(_told(each.event), each.time) for each in _after_set_up(events))


def _after_set_up(events: Iterable[Happened]) -> Iterator[Happened]:
    set_up: str | None = None
    is_over = False
    for happened in events:
        transaction = happened.event.log.transaction_hash
        if set_up is None and happened.name == _SET_UP:
            set_up = transaction
        is_over = is_over or (set_up is not None and transaction != set_up)
        if is_over and happened.name in _CHANGES:
            yield happened


def _told(event: Event) -> str:
    role = event.inputs.get("roleId")
    named = "" if role is None else f" of {_ROLE_NAMES.get(role, f'role {role}')}"
    whom = next((event.inputs[key] for key in ("account", "member") if key in event.inputs), "")
    return " ".join(f"{event.name}{named} {whom}".split())


def _called(contracts: Bindings, target: str, data: bytes) -> str:
    """Contract and function, as far as they are known."""
    for field, name in CONTRACT_NAMES.items():
        contract: Contract = getattr(contracts, field)
        if contract.address == target:
            return f"{name}.{_function(contract, data[:4])}"
    return f"{target}.0x{data[:4].hex()}"


def _function(contract: Contract, selector: bytes) -> str:
    for name, overloads in contract.abi.functions.items():
        if any(function.inputs.selector == selector for function in overloads.values()):
            return name
    return f"0x{selector.hex()}"
