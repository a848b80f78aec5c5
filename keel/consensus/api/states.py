"""States: whole, and parts with endpoints of their own."""

from keel.consensus.api.endpoint import Answer, Asked, Handler
from keel.consensus.api.errors import bad_request
from keel.consensus.api.identifiers import parse_number
from keel.consensus.api.view import ChainView


def whole_state(view: ChainView, asked: Asked) -> Answer:
    """The whole state."""
    state = view.find_state(asked.path["state_id"])
    return Answer(state, view.is_finalised(int(state.slot)), versioned=True)


def state_root(view: ChainView, asked: Asked) -> Answer:
    """Root of the state."""
    state = view.find_state(asked.path["state_id"])
    root = view.spec.hash_tree_root(state)
    return Answer({"root": root}, view.is_finalised(int(state.slot)))


def fork(view: ChainView, asked: Asked) -> Answer:
    """Fork data that signatures are made with."""
    state = view.find_state(asked.path["state_id"])
    return Answer(state.fork, view.is_finalised(int(state.slot)))


def finality_checkpoints(view: ChainView, asked: Asked) -> Answer:
    """Justified and finalised checkpoints."""
    state = view.find_state(asked.path["state_id"])
    checkpoints = {
        "previous_justified": state.previous_justified_checkpoint,
        "current_justified": state.current_justified_checkpoint,
        "finalized": state.finalized_checkpoint,
    }
    return Answer(checkpoints, view.is_finalised(int(state.slot)))


def randao(view: ChainView, asked: Asked) -> Answer:
    """The RANDAO mix of an epoch that the state keeps, by default its own."""
    spec, state = view.spec, view.find_state(asked.path["state_id"])
    current, given = int(spec.get_current_epoch(state)), asked.one("epoch")
    epoch = current if given is None else parse_number(given, "epoch")
    first = max(0, current + 1 - int(spec.EPOCHS_PER_HISTORICAL_VECTOR))
    if not first <= epoch <= current:
        raise bad_request(f"Invalid epoch: {epoch}, {first} to {current} expected")
    mix = spec.get_randao_mix(state, spec.Epoch(epoch))
    return Answer({"randao": mix}, view.is_finalised(int(state.slot)))


def queue(field: str) -> Handler:
    """Return the handler for a list of the state that waits to be processed."""

    def waiting(view: ChainView, asked: Asked) -> Answer:
        state = view.find_state(asked.path["state_id"])
        return Answer(getattr(state, field), view.is_finalised(int(state.slot)), versioned=True)

    return waiting
