"""What became of the exits that were asked for: the beacon chain ignores a request silently."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from keel.keeper.view import BeaconStanding, ExitRequest, Head, Terms, Validator


class Fate(StrEnum):
    """What became of a request for an exit."""

    LEAVING = "is leaving"
    UNDERWAY = "has not reached the beacon chain yet"
    BLOCKED = "waits for a partial withdrawal"
    IGNORED = "was ignored"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request and its fate."""

    request: ExitRequest
    fate: Fate
    validator: Validator

    def is_followed(self, head: Head, terms: Terms) -> bool:
        """Whether the request is young enough to be repeated."""
        return head.time - self.request.time <= terms.retry_seconds

    def is_due(self, head: Head, terms: Terms) -> bool:
        """Whether to ask again now."""
        return self.fate is Fate.IGNORED and self.is_followed(head, terms)

    def is_promised(self, head: Head, terms: Terms) -> bool:
        """Whether its ether counts as coming: on its way, or to be repeated.

        The chain ignores a request while a partial withdrawal waits.
        """
        is_coming = self.fate is Fate.UNDERWAY and not self.validator.has_partials
        return is_coming or self.is_due(head, terms)


def fates_of(requests: Iterable[ExitRequest], beacon: BeaconStanding) -> tuple[Asked, ...]:
    """What the newest beacon state shows of each request."""
    validators = {validator.pubkey: validator for validator in beacon.validators}
    return tuple(
        Asked(each, _fate(each, validators[each.pubkey], beacon), validators[each.pubkey])
        for each in requests
        if each.pubkey in validators
    )


def _fate(request: ExitRequest, validator: Validator, beacon: BeaconStanding) -> Fate:
    if request.block_number > beacon.block_number or request.pubkey in beacon.queued_requests:
        return Fate.UNDERWAY
    if validator.is_leaving:
        return Fate.LEAVING
    return Fate.BLOCKED if validator.has_partials else Fate.IGNORED
