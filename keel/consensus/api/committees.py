"""Which validators attest in which slot, and which sign for light clients."""

from keel.consensus.api.endpoint import Answer, Asked
from keel.consensus.api.errors import bad_request
from keel.consensus.api.identifiers import parse_number
from keel.consensus.api.view import ChainView
from keel.consensus.beacon.spec import Spec, State


def committees(view: ChainView, asked: Asked) -> Answer:
    """Committees of an epoch, by default the state's; of one slot or one index if asked."""
    spec, state = view.spec, view.find_state(asked.path["state_id"])
    given = {
        name: None if (text := asked.one(name)) is None else parse_number(text, name)
        for name in ("epoch", "index", "slot")
    }
    epoch = _epoch(spec, state, given["epoch"])
    count = int(spec.get_committee_count_per_slot(state, spec.Epoch(epoch)))
    data = [
        {
            "index": index,
            "slot": slot,
            "validators": spec.get_beacon_committee(
                state, spec.Slot(slot), spec.CommitteeIndex(index)
            ),
        }
        for slot in _slots(spec, epoch, given["slot"])
        for index in _committee_indices(count, given["index"])
    ]
    return Answer(data, view.is_finalised(int(state.slot)))


def sync_committees(view: ChainView, asked: Asked) -> Answer:
    """The sync committee of an epoch, by default the state's, whole and by its four subnets."""
    spec, state = view.spec, view.find_state(asked.path["state_id"])
    length = int(spec.EPOCHS_PER_SYNC_COMMITTEE_PERIOD)
    current, given = int(spec.get_current_epoch(state)), asked.one("epoch")
    epoch = current if given is None else parse_number(given, "epoch")
    periods_ahead = epoch // length - current // length
    if periods_ahead not in (0, 1):
        first = current - current % length
        last = first + 2 * length - 1
        raise bad_request(f"Invalid epoch: {epoch}, {first} to {last} expected")
    committee = state.next_sync_committee if periods_ahead else state.current_sync_committee
    known = {bytes(each.pubkey): index for index, each in enumerate(state.validators)}
    members = [known[bytes(pubkey)] for pubkey in committee.pubkeys]
    size = len(members) // int(spec.SYNC_COMMITTEE_SUBNET_COUNT)
    data = {
        "validators": members,
        "validator_aggregates": [members[at : at + size] for at in range(0, len(members), size)],
    }
    return Answer(data, view.is_finalised(int(state.slot)))


def _epoch(spec: Spec, state: State, given: int | None) -> int:
    """The state knows the shuffling of as many epochs as it keeps RANDAO mixes of, and the next."""
    current = int(spec.get_current_epoch(state))
    first = current + 3 - int(spec.EPOCHS_PER_HISTORICAL_VECTOR)
    epoch = current if given is None else given
    if not first <= epoch <= current + 1:
        raise bad_request(f"Invalid epoch: {epoch}, {max(first, 0)} to {current + 1} expected")
    return epoch


def _slots(spec: Spec, epoch: int, given: int | None) -> range:
    length = int(spec.SLOTS_PER_EPOCH)
    slots = range(epoch * length, (epoch + 1) * length)
    if given is None:
        return slots
    if given not in slots:
        raise bad_request(f"Invalid slot: {given}, not in epoch {epoch}")
    return range(given, given + 1)


def _committee_indices(count: int, given: int | None) -> range:
    if given is None:
        return range(count)
    if given >= count:
        raise bad_request(f"Invalid committee index: {given}, below {count} expected")
    return range(given, given + 1)
