"""What a change of the head means: the events that a node would send for it."""

from dataclasses import dataclass
from typing import Literal

from keel.consensus.api.encoding import Json, encode
from keel.consensus.api.view import ChainView

type Topic = Literal["head", "finalized_checkpoint", "chain_reorg"]

TOPICS: tuple[Topic, ...] = ("head", "finalized_checkpoint", "chain_reorg")


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `data` is JSON."""

    topic: Topic
    data: dict[str, Json]


@dataclass(frozen=True)
class Moment:
    """What events are made from: the head, the roots of all blocks by slot, and finality."""

    head: bytes
    roots: dict[int, bytes]
    finalised_epoch: int


def moment(view: ChainView) -> Moment:
    """Return the present moment of a chain."""
    epoch = int(view.head_state.finalized_checkpoint.epoch)
    return Moment(view.chain.head_root, dict(view.chain.store.roots), epoch)


def events_between(view: ChainView, before: Moment, after: Moment) -> list[Event]:
    """Return the events of a change to `after`, the present moment, in the order of their cause.

    A restored snapshot takes blocks back and is the only reorganisation there is.
    """
    events = []
    if after.head != before.head:
        if before.head not in after.roots.values():
            events.append(Event("chain_reorg", _reorganisation(view, before, after)))
        events.append(Event("head", _head(view, after)))
    if after.finalised_epoch != before.finalised_epoch:
        events.append(Event("finalized_checkpoint", _finality(view, after)))
    return events


def _head(view: ChainView, after: Moment) -> dict[str, Json]:
    message = view.header(after.head).message
    slot, length = int(message.slot), int(view.spec.SLOTS_PER_EPOCH)
    first = slot - slot % length
    return _event(
        slot=slot,
        block=after.head,
        state=bytes(message.state_root),
        epoch_transition=view.slot_of(bytes(message.parent_root)) < first if slot else True,
        previous_duty_dependent_root=view.root_before(first - length),
        current_duty_dependent_root=view.root_before(first),
    )


def _finality(view: ChainView, after: Moment) -> dict[str, Json]:
    slot = view.finalised_slot
    return _event(
        block=view.chain.store.root_at(slot),
        state=bytes(view.spec.hash_tree_root(view.state_at(slot))),
        epoch=after.finalised_epoch,
    )


def _reorganisation(view: ChainView, before: Moment, after: Moment) -> dict[str, Json]:
    old, new = view.header(before.head).message, view.header(after.head).message
    common = max(slot for slot, root in before.roots.items() if after.roots.get(slot) == root)
    return _event(
        slot=int(new.slot),
        depth=int(old.slot) - common,
        old_head_block=before.head,
        new_head_block=after.head,
        old_head_state=bytes(old.state_root),
        new_head_state=bytes(new.state_root),
        epoch=int(new.slot) // int(view.spec.SLOTS_PER_EPOCH),
    )


def _event(**data: int | bytes | bool) -> dict[str, Json]:
    document: dict[str, Json] = encode(data | {"execution_optimistic": False})
    return document
