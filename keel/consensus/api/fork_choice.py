"""The tree of fork choice: one line of blocks from the finalised one, since there are no forks."""

from itertools import pairwise
from typing import Any

from keel.consensus.api.endpoint import Answer, Asked
from keel.consensus.api.view import ChainView
from keel.consensus.beacon.spec import Block


def heads(view: ChainView, _asked: Asked) -> Answer:
    """The one head that there is."""
    root = view.chain.head_root
    head = {"root": root, "slot": view.slot_of(root), "execution_optimistic": False}
    return Answer([head])


def fork_choice(view: ChainView, _asked: Asked) -> Answer:
    """Every block from the finalised one on, with the weight of the votes that blocks carry."""
    state, blocks = view.head_state, _unfinalised(view)
    weights = _weights_gwei(view, blocks)
    nodes = []
    for root, block in blocks.items():
        message = block.message
        checkpoints = view.checkpoints_of(int(message.slot))
        nodes.append(
            {
                "slot": message.slot,
                "block_root": root,
                "parent_root": message.parent_root,
                "justified_epoch": checkpoints.justified_epoch,
                "finalized_epoch": checkpoints.finalised_epoch,
                "weight": weights[root],
                "validity": "valid",
                "execution_block_hash": message.body.execution_payload.block_hash,
                "extra_data": {},
            }
        )
    document = {
        "justified_checkpoint": state.current_justified_checkpoint,
        "finalized_checkpoint": state.finalized_checkpoint,
        "fork_choice_nodes": nodes,
        "extra_data": {},
    }
    return Answer(document, is_enclosed=False)


def _unfinalised(view: ChainView) -> dict[bytes, Block]:
    """The finalised block and all after it, oldest first."""
    store = view.chain.store
    first = view.slot_of(store.root_at(view.finalised_slot))
    return {root: view.block(root) for slot, root in sorted(store.roots.items()) if slot >= first}


def _weights_gwei(view: ChainView, blocks: dict[bytes, Block]) -> dict[bytes, int]:
    """Add up the balances behind each block: of validators whose latest vote is for it or later."""
    spec, state = view.spec, view.head_state
    latest: dict[int, tuple[int, bytes]] = {}
    for block in blocks.values():
        for attestation in block.message.body.attestations:
            vote = int(attestation.data.slot), bytes(attestation.data.beacon_block_root)
            for index in spec.get_attesting_indices(state, attestation):
                latest[int(index)] = max(vote, latest.get(int(index), vote))
    weights = dict.fromkeys(blocks, 0)
    for index, (_, root) in latest.items():
        validator: Any = state.validators[index]
        if root in weights and not validator.slashed:
            weights[root] += int(validator.effective_balance)
    for later, earlier in pairwise(reversed(weights)):
        weights[earlier] += weights[later]
    return weights
