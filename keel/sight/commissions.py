"""Operators' commissions over the seconds that a report covers, by the registry's events."""

from collections.abc import Iterable
from dataclasses import dataclass

from keel.model.commission import CommissionChange, CommissionSpan, bps_seconds
from keel.sight.event_index import Happened

COMMISSION_SET = "CommissionSet"


@dataclass(frozen=True, slots=True)
class Commissions:
    """Changes in order, each with its operator (COM-2)."""

    changes: tuple[tuple[int, CommissionChange], ...] = ()

    def span(self, start: int, end: int) -> CommissionSpan:
        """Sum up every operator's commission over these seconds."""
        of_operators: dict[int, list[CommissionChange]] = {}
        for operator_id, change in self.changes:
            of_operators.setdefault(operator_id, []).append(change)
        summed = {
            operator_id: bps_seconds(changes, start, end)
            for operator_id, changes in of_operators.items()
        }
        return CommissionSpan(end - start, summed)


def commissions(events: Iterable[Happened]) -> Commissions:
    """What these events set."""
    return Commissions(
        tuple(
            (
                happened.inputs["operatorId"],
                CommissionChange(
                    happened.time, happened.inputs["commissionBps"], happened.inputs["since"]
                ),
            )
            for happened in events
            if happened.name == COMMISSION_SET
        )
    )
