"""What became of the exits that were asked for: the beacon chain ignores a request silently."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from keel.keeper.view import FAR_FUTURE_EPOCH, BeaconStanding, ExitRequest, Head, Terms, Validator


class Fate(StrEnum):
    """What became of a request for an exit."""

    LEAVING = "is leaving"
    UNDERWAY = "has not reached the beacon chain yet"
    TOO_EARLY = "came too early"
    BLOCKED = "waits for a partial withdrawal"
    HOPELESS = "cannot take effect"
    IGNORED = "was ignored"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, its fate, and from which epoch on it takes effect."""

    request: ExitRequest
    fate: Fate
    validator: Validator | None
    from_epoch: int

    @property
    def place(self) -> str:
        """Name for people."""
        if self.validator is None:
            return f"key 0x{self.request.pubkey[:6].hex()}..."
        return f"validator {self.validator.index}"

    def is_followed(self, head: Head, terms: Terms) -> bool:
        """Whether the request is young enough to be repeated."""
        return head.time - self.request.time <= terms.retry_seconds

    def is_due(self, head: Head, terms: Terms) -> bool:
        """Whether to ask again now."""
        return self.fate is Fate.IGNORED and self.is_followed(head, terms)

    def is_promised(self, head: Head, terms: Terms) -> bool:
        """Whether its ether counts as coming: taken, or to be taken when repeated in time."""
        if self.fate is Fate.UNDERWAY:
            return True
        if not self.is_followed(head, terms):
            return False
        if self.fate is Fate.TOO_EARLY:
            wait_seconds = (self.from_epoch - head.epoch) * head.slots_per_epoch * head.slot_seconds
            return wait_seconds <= terms.exit_horizon_seconds
        return self.fate is Fate.IGNORED


def fates_of(requests: Iterable[ExitRequest], beacon: BeaconStanding) -> tuple[Asked, ...]:
    """What the newest beacon state shows of each request."""
    validators = {validator.pubkey: validator for validator in beacon.validators}
    return tuple(_fate(each, validators.get(each.pubkey), beacon) for each in requests)


def _fate(request: ExitRequest, validator: Validator | None, beacon: BeaconStanding) -> Asked:
    if request.block_number > beacon.block_number or request.pubkey in beacon.queued_requests:
        return Asked(request, Fate.UNDERWAY, validator, beacon.epoch)
    if validator is None:
        return Asked(request, Fate.TOO_EARLY, None, FAR_FUTURE_EPOCH)
    mature = validator.mature_from(beacon.shard_committee_period)
    if validator.is_leaving:
        fate = Fate.LEAVING
    elif not validator.is_ours:
        fate = Fate.HOPELESS
    elif mature > beacon.epoch:
        fate = Fate.TOO_EARLY
    elif validator.has_partials:
        fate = Fate.BLOCKED
    else:
        fate = Fate.IGNORED
    return Asked(request, fate, validator, mature)
