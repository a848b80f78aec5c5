"""A report beyond a limit that was announced and waits (REP-8), with its amounts."""

from dataclasses import dataclass

from keel.chain.state import block_head
from keel.deploy.bindings import Bindings


@dataclass(frozen=True, slots=True)
class Announcement:
    """`change_wei` is the loss, or the growth above its bound."""

    ref_slot: int
    change_wei: int
    limit_wei: int


def read_announcement(
    bindings: Bindings, announced_at: int, first_block: int, head_number: int
) -> Announcement | None:
    """Find the announcement of this time; None when the nodes do not have its block's logs.

    Some 25 reads: the block is searched by its time, which the vault wrote down.
    """
    low, high = first_block, head_number
    while low < high:
        middle = (low + high) // 2
        if block_head(bindings.rpc, middle).timestamp < announced_at:
            low = middle + 1
        else:
            high = middle
    events = bindings.oracle.events_between(low, low, "LossAnnounced")
    if not events:
        return None
    inputs = events[-1].inputs
    return Announcement(inputs["refSlot"], inputs["changeWei"], inputs["limitWei"])
