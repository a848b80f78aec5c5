"""What to offer for gas: a first offer and, when it was not taken, the next one (EIP-1559)."""

from dataclasses import dataclass
from typing import Self

from keel.service.sections import FeeSettings


@dataclass(frozen=True, slots=True)
class Fees:
    """The two fees of a type-2 transaction, in wei for one gas."""

    max_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """The most to pay for one gas, the first tip, and the slots to wait before offering more."""

    max_fee_wei: int
    priority_fee_wei: int
    patience_slots: int

    @classmethod
    def of(cls, settings: FeeSettings) -> Self:
        """Take the policy of a configuration."""
        return cls(settings.max_fee_wei, settings.priority_fee_wei, settings.patience_slots)

    def first(self, base_fee_wei: int) -> Fees | None:
        """Return an offer that outlasts a doubled base fee, None when gas is too expensive."""
        if base_fee_wei + self.priority_fee_wei > self.max_fee_wei:
            return None
        wanted = 2 * base_fee_wei + self.priority_fee_wei
        return Fees(min(wanted, self.max_fee_wei), self.priority_fee_wei)

    def replacement(self, old: Fees, base_fee_wei: int) -> Fees | None:
        """Return what pools accept in the place of `old`, None when it would be above the maximum.

        Both fees rise by an eighth or more; clients ask for a tenth.
        """
        tip = _eighth_more(old.priority_fee_wei)
        least = _eighth_more(old.max_fee_wei)
        if max(least, tip, base_fee_wei + tip) > self.max_fee_wei:
            return None
        wanted = max(least, 2 * base_fee_wei + tip)
        return Fees(min(wanted, self.max_fee_wei), tip)


def _eighth_more(fee_wei: int) -> int:
    """At least one wei more, since clients refuse an equal tip, and 0 may be the tip."""
    return fee_wei + max(1, -(-fee_wei // 8))
