"""Validators with their balance and status."""

from collections.abc import Callable
from typing import Any

from keel.consensus.api.encoding import Json
from keel.consensus.api.endpoint import Answer, Asked
from keel.consensus.api.errors import ApiError, bad_request, not_found
from keel.consensus.api.identifiers import find_validator
from keel.consensus.api.view import ChainView
from keel.consensus.beacon.spec import Spec, State

MOST_IDS_IN_QUERY = 64
"""Ids that a GET may name; the API has POST for more."""

_STATUSES = {
    "pending": ("initialized", "queued"),
    "active": ("ongoing", "exiting", "slashed"),
    "exited": ("unslashed", "slashed"),
    "withdrawal": ("possible", "done"),
}
STATUSES = {f"{group}_{each}" for group, several in _STATUSES.items() for each in several}


def status_of(spec: Spec, entry: Any, balance_gwei: int, epoch: int) -> str:
    """Return the status of a validator as the Beacon API defines it."""
    never = spec.FAR_FUTURE_EPOCH
    if epoch < entry.activation_epoch:
        known = entry.activation_eligibility_epoch != never
        return "pending_queued" if known else "pending_initialized"
    if epoch < entry.exit_epoch:
        if entry.exit_epoch == never:
            return "active_ongoing"
        return "active_slashed" if entry.slashed else "active_exiting"
    if epoch < entry.withdrawable_epoch:
        return "exited_slashed" if entry.slashed else "exited_unslashed"
    return "withdrawal_possible" if balance_gwei else "withdrawal_done"


def validator(view: ChainView, asked: Asked) -> Answer:
    """One validator by index or public key."""
    state = view.find_state(asked.path["state_id"])
    index = find_validator(state, asked.path["validator_id"])
    if index is None:
        raise not_found(f"Validator not found: {asked.path['validator_id']}")
    described = _describer(view, state)(index)
    return Answer(described, view.is_finalised(int(state.slot)))


def validators(view: ChainView, asked: Asked) -> Answer:
    """All validators, or those of some ids and statuses; unknown ones are left out."""
    return _validators(view, asked, _ids_of_query(asked), asked.several("status"))


def validators_by_body(view: ChainView, asked: Asked) -> Answer:
    """The same for lists in the body, of any length."""
    if not isinstance(asked.body, dict):
        raise bad_request("Invalid body: an object with ids and statuses expected")
    statuses = _texts(asked.body.get("statuses"), "statuses")
    return _validators(view, asked, _texts(asked.body.get("ids"), "ids"), statuses)


def balances(view: ChainView, asked: Asked) -> Answer:
    """Balances of all validators, or of those of some ids; unknown ones are left out."""
    return _balances(view, asked, _ids_of_query(asked))


def balances_by_body(view: ChainView, asked: Asked) -> Answer:
    """The same for a list of ids in the body, of any length."""
    return _balances(view, asked, _texts(asked.body, "ids"))


def _validators(view: ChainView, asked: Asked, ids: list[str], statuses: list[str]) -> Answer:
    state = view.find_state(asked.path["state_id"])
    wanted = _expand(statuses)
    describe = _describer(view, state)
    found = (describe(index) for index in _indices(state, ids))
    data = [each for each in found if not wanted or each["status"] in wanted]
    return Answer(data, view.is_finalised(int(state.slot)))


def _balances(view: ChainView, asked: Asked, ids: list[str]) -> Answer:
    state = view.find_state(asked.path["state_id"])
    data = [{"index": index, "balance": state.balances[index]} for index in _indices(state, ids)]
    return Answer(data, view.is_finalised(int(state.slot)))


def _describer(view: ChainView, state: State) -> Callable[[int], dict[str, Any]]:
    epoch = int(view.spec.get_current_epoch(state))

    def describe(index: int) -> dict[str, Any]:
        entry, balance_gwei = state.validators[index], int(state.balances[index])
        status = status_of(view.spec, entry, balance_gwei, epoch)
        return {"index": index, "balance": balance_gwei, "status": status, "validator": entry}

    return describe


def _indices(state: State, ids: list[str]) -> list[int]:
    """Validators in the order of their ids, each once; all of them if none is named."""
    if not ids:
        return list(range(len(state.validators)))
    found = (find_validator(state, each) for each in ids)
    return list(dict.fromkeys(index for index in found if index is not None))


def _expand(statuses: list[str]) -> set[str]:
    for name in statuses:
        if name not in STATUSES and name not in _STATUSES:
            raise bad_request(f"Invalid validator status: {name}")
    groups = {f"{name}_{each}" for name in statuses for each in _STATUSES.get(name, ())}
    return groups | set(statuses)


def _ids_of_query(asked: Asked) -> list[str]:
    ids = asked.several("id")
    if len(ids) > MOST_IDS_IN_QUERY:
        raise ApiError(
            414, f"Too many validator IDs: {len(ids)}, at most {MOST_IDS_IN_QUERY} expected"
        )
    return ids


def _texts(value: Json, what: str) -> list[str]:
    """Return a list of a body; none at all filters nothing."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise bad_request(f"Invalid {what}: a list of strings expected")
    return value
