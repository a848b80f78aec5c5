"""One report built two ways: from a state's SSZ bytes, as reporters do, and from its JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from keel.consensus.beacon.spec import Spec
from keel.measure.bench.states import OWN_CREDENTIALS, OWN_PERCENT
from keel.model.constants import ETHER
from keel.reporter.assessment import Assessment, assess
from keel.sight.agreed_state import verified_state
from keel.sight.consensus_view import (
    ADDRESS_PREFIXES,
    NO_INDEX,
    ConsensusView,
    consensus_view,
    earned_weights,
)
from keel.sight.protocol_view import ProtocolView
from keel.sight.recorded_keys import Recorded

OPERATORS = 30

type Json = Mapping[str, Any]


def report_from_ssz(spec: Spec, content: bytes, root: bytes) -> Assessment:
    """Verify the root, find the protocol's keys, and assess; raises StateRootError."""
    state = verified_state(spec, content, root)
    indices = _own_indices(len(state.validators))
    recorded = _recorded(state.validators["pubkey"][indices])
    return _assessed(consensus_view(state, recorded, OWN_CREDENTIALS), recorded)


def report_from_json(spec: Spec, state: Json) -> Assessment:
    """The same of a parsed JSON document; nothing tells whether it is the state of the root."""
    validators = state["validators"]
    keys = [bytes.fromhex(validators[i]["pubkey"][2:]) for i in _own_indices(len(validators))]
    recorded = _recorded(np.frombuffer(b"".join(keys), np.uint8).reshape(-1, 48))
    return _assessed(_json_view(spec, state, recorded), recorded)


def shown(assessment: Assessment) -> str:
    """Every field of the report, to be compared."""
    return str(assessment.report)


def _own_indices(validators: int) -> list[int]:
    return [index for index in range(validators) if index % 100 < OWN_PERCENT]


def _recorded(pubkeys: np.ndarray[Any, np.dtype[np.uint8]]) -> Recorded:
    """The keys as operators staked them: in another order than the validators', all in turn."""
    count = len(pubkeys)
    order = np.random.Generator(np.random.PCG64(2)).permutation(count)
    return Recorded(pubkeys[order], (np.arange(count) % OPERATORS).astype(np.uint32))


def _assessed(view: ConsensusView, recorded: Recorded) -> Assessment:
    """With shares minted and vaults filled: amounts change nothing but digits."""
    previous = {operator_id: operator_id * ETHER for operator_id in range(OPERATORS)}
    protocol = ProtocolView(
        recorded=recorded,
        credentials=OWN_CREDENTIALS,
        withdrawal_vault_balance_wei=1000 * ETHER,
        rewards_vault_balance_wei=10 * ETHER,
        operators_root=bytes(32),
        claimed_shares=dict.fromkeys(previous, 0),
        minted_shares=sum(previous.values()) + 100 * ETHER,
        operator_names={operator_id: f"Operator {operator_id}" for operator_id in previous},
    )
    return assess(view, protocol, previous)


def _json_view(spec: Spec, state: Json, recorded: Recorded) -> ConsensusView:
    """Every number is a string and every key hexadecimal: the whole list is walked for ours."""
    places = {"0x" + recorded.pubkey(place).hex(): place for place in range(len(recorded))}
    found = {
        places[validator["pubkey"]]: index
        for index, validator in enumerate(state["validators"])
        if validator["pubkey"] in places
    }
    epoch = int(state["slot"]) // int(spec.SLOTS_PER_EPOCH)
    weights = [int(weight) for weight in spec.PARTICIPATION_FLAG_WEIGHTS]
    rows = [_row(state, found.get(place), epoch) for place in range(len(recorded))]
    pending_gwei = np.zeros(len(recorded), np.uint64)
    for deposit in state["pending_deposits"]:
        if deposit["pubkey"] in places:
            pending_gwei[places[deposit["pubkey"]]] += int(deposit["amount"])
    numbers = np.array([row[:4] for row in rows], np.uint64).T
    participation = numbers[3].astype(np.uint8)
    flags = np.array([row[4:] for row in rows], np.bool_).T
    header = state["latest_execution_payload_header"]
    return ConsensusView(
        ref_slot=int(state["slot"]),
        epoch=epoch,
        block_number=int(header["block_number"]),
        block_hash=bytes.fromhex(header["block_hash"][2:]),
        max_weight=sum(weights),
        index=numbers[0],
        balance_gwei=numbers[1],
        effective_gwei=numbers[2],
        participation=participation,
        earned_weight=earned_weights(participation, weights),
        pending_gwei=pending_gwei,
        active=flags[0],
        exited=flags[1],
        slashed=flags[2],
        foreign=flags[3],
    )


def _row(state: Json, index: int | None, epoch: int) -> tuple[int, ...]:
    """Index, balance, effective balance, participation; active, exited, slashed, foreign."""
    if index is None:
        return (NO_INDEX, 0, 0, 0, False, False, False, False)
    validator = state["validators"][index]
    credentials = bytes.fromhex(validator["withdrawal_credentials"][2:])
    exited = int(validator["exit_epoch"]) <= epoch
    return (
        index,
        int(state["balances"][index]),
        int(validator["effective_balance"]),
        int(state["previous_epoch_participation"][index]),
        int(validator["activation_epoch"]) <= epoch and not exited,
        exited,
        validator["slashed"],
        credentials[0] not in ADDRESS_PREFIXES or credentials[12:] != OWN_CREDENTIALS[12:],
    )
