"""Blocks, their headers and roots."""

from typing import Any

from keel.consensus.api.endpoint import Answer, Asked
from keel.consensus.api.identifiers import ROOT_BYTES, parse_number, parse_root
from keel.consensus.api.view import ChainView


def block(view: ChainView, asked: Asked) -> Answer:
    """One block with its signature."""
    root = view.find_block(asked.path["block_id"])
    return Answer(view.block(root), view.is_finalised(view.slot_of(root)), versioned=True)


def blinded_block(view: ChainView, asked: Asked) -> Answer:
    """One block with its signature, and its payload's header instead of the payload."""
    root = view.find_block(asked.path["block_id"])
    blinded = view.containers.blinded(view.block(root))
    return Answer(blinded, view.is_finalised(view.slot_of(root)), versioned=True)


def attestations(view: ChainView, asked: Asked) -> Answer:
    """Attestations that one block carries."""
    root = view.find_block(asked.path["block_id"])
    carried = view.block(root).message.body.attestations
    return Answer(carried, view.is_finalised(view.slot_of(root)), versioned=True)


def block_root(view: ChainView, asked: Asked) -> Answer:
    """Root of one block."""
    root = view.find_block(asked.path["block_id"])
    return Answer({"root": root}, view.is_finalised(view.slot_of(root)))


def header(view: ChainView, asked: Asked) -> Answer:
    """Header of one block."""
    root = view.find_block(asked.path["block_id"])
    return Answer(_described(view, root), view.is_finalised(view.slot_of(root)))


def headers(view: ChainView, asked: Asked) -> Answer:
    """Headers of a slot or of the block after another one, by default of the head."""
    slot, parent = asked.one("slot"), asked.one("parent_root")
    if slot is None and parent is None:
        roots = [view.chain.head_root]
    else:
        roots = _at(view, parse_number(slot, "slot")) if slot is not None else []
        if parent is not None:
            after = _after(view, parse_root(parent, "parent root"))
            roots = after if slot is None else [root for root in roots if root in after]
    finalised = bool(roots) and all(view.is_finalised(view.slot_of(root)) for root in roots)
    described = [_described(view, root) for root in roots]
    return Answer(view.containers.headers(data=described), finalised)


def _described(view: ChainView, root: bytes) -> Any:
    return view.containers.header(root=root, canonical=True, header=view.header(root))


def _at(view: ChainView, slot: int) -> list[bytes]:
    root = view.chain.store.roots.get(slot)
    return [] if root is None else [root]


def _after(view: ChainView, parent: bytes) -> list[bytes]:
    """Each block has one child at most, since there are no forks; genesis comes after none."""
    store = view.chain.store
    if parent == bytes(ROOT_BYTES):
        return [store.genesis_root]
    if parent != store.genesis_root and parent not in store.blocks:
        return []
    later = range(view.slot_of(parent) + 1, view.chain.slot + 1)
    return [store.roots[slot] for slot in later if slot in store.roots][:1]
