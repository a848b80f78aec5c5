"""What the chain refused and why, and for how long other candidates go before it (EXT-7)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from keel.chain.abi import CustomError
from keel.chain.revert import Cause
from keel.keeper.chores import Chore

_LASTING_SLOTS = 8
"""What is refused for so long is more than a race that was lost. So long the first wait is too."""
_LONGEST_SLOTS = 256
_NAMES = {"pubkeyRoot", "operatorId", "index"}
"""Inputs by which an error names one candidate. Without them it would hold for the next one too."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    cause: str
    first_slot: int
    last_slot: int
    until_slot: int = 0

    @property
    def text(self) -> str:
        return f"{self.cause}, tried again in slot {self.until_slot}"


class Refusals:
    """Remembers by the chore's key, and forgets what is wanted no more."""

    def __init__(self) -> None:
        self._held: dict[str, _Refusal] = {}

    def keep(self, wanted: Collection[str], slot: int) -> None:
        """Forget what is neither wanted nor set aside at a slot."""
        self._held = {
            key: one for key, one in self._held.items() if key in wanted or one.until_slot > slot
        }

    def note(self, chore: Chore, cause: Cause | str, slot: int) -> bool:
        """Whether its reason is new. A candidate waits as long as it has been refused so far."""
        before = self._held.get(chore.key)
        first = slot if before is None else before.first_slot
        waits = chore.is_candidate and _names_candidate(cause)
        wait = min(max(slot - first, _LASTING_SLOTS), _LONGEST_SLOTS)
        found = _Refusal(str(cause), first, slot, slot + wait if waits else 0)
        self._held[chore.key] = found
        return before is None or before.cause != found.cause

    def is_tried(self, key: str, slot: int) -> bool:
        """Whether it was refused at this slot."""
        return key in self._held and self._held[key].last_slot == slot

    def aside(self, slot: int) -> Mapping[str, str]:
        """Candidates that wait at a slot: why, and until when."""
        return {key: one.text for key, one in self._held.items() if one.until_slot > slot}

    def lasting(self) -> str | None:
        """What is refused again and again."""
        texts = [
            f"{key}: {one.cause}"
            for key, one in self._held.items()
            if one.last_slot - one.first_slot >= _LASTING_SLOTS - 1
        ]
        return "; ".join(texts) or None


def _names_candidate(cause: Cause | str) -> bool:
    if isinstance(cause, CustomError):
        return not _NAMES.isdisjoint(cause.inputs)
    return not isinstance(cause, str)
