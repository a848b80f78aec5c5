"""What Exits was asked and told of keys, by its events (REQ-1, REQ-2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from keel.chain.abi import Event

EXIT_EVENTS = (
    "ExitRequested",
    "ExitNoted",
    "ExitEnded",
    "ConsolidationRequested",
    "BalanceNoted",
)


@dataclass(frozen=True, slots=True)
class ExitLife:
    """Blocks at which something was said of one key; 0: never.

    `noted_block` is that of an exit epoch that was shown and not taken back. `merges`: the
    consolidation of its validator into another one was asked for. `balance_slot` is the slot of the
    last balance that was shown (REQ-5).
    """

    first_asked_block: int = 0
    asked_block: int = 0
    noted_block: int = 0
    ended_block: int = 0
    merges: bool = False
    balance_slot: int = 0

    @property
    def is_under_way(self) -> bool:
        """Whether Exits has it as leaving."""
        return bool(self.asked_block or self.noted_block)


def exit_lives(events: Iterable[Event]) -> dict[bytes, ExitLife]:
    """Every key of which Exits heard, by its root; events in the chain's order."""
    lives: dict[bytes, ExitLife] = {}
    for event in events:
        if event.name not in EXIT_EVENTS:
            continue
        is_merge = event.name == "ConsolidationRequested"
        root = event.inputs["sourceRoot" if is_merge else "pubkeyRoot"]
        life, block = lives.get(root, ExitLife()), event.log.block_number
        if event.name == "ExitRequested":
            first = life.first_asked_block or block
            lives[root] = replace(life, first_asked_block=first, asked_block=block)
        elif event.name == "ExitNoted":
            lives[root] = replace(life, noted_block=block)
        elif event.name == "ExitEnded":
            lives[root] = replace(life, noted_block=0, ended_block=block)
        elif event.name == "BalanceNoted":
            lives[root] = replace(life, balance_slot=event.inputs["slot"])
        elif root != event.inputs["targetRoot"]:
            lives[root] = replace(life, merges=True)
    return lives
