"""The form of a body: JSON or SSZ, by the Accept header (RFC 9110), and JSON for what is sent."""

from dataclasses import dataclass
from typing import Final, Literal

from keel.consensus.api.errors import ApiError

JSON: Final = "application/json"
SSZ: Final = "application/octet-stream"
EVENT_STREAM: Final = "text/event-stream"

type MediaType = Literal["application/json", "application/octet-stream"]


@dataclass(frozen=True, slots=True)
class _Range:
    """One entry of an Accept header; `quality` is from 0, never, to 1."""

    media_type: str
    quality: float

    @property
    def precision(self) -> int:
        """How precisely it names a type; the most precise entry decides."""
        return 0 if self.media_type == "*/*" else 1 if self.media_type.endswith("/*") else 2

    def covers(self, media_type: str) -> bool:
        """Whether it speaks of a type."""
        pattern = self.media_type.removesuffix("*")
        return self.media_type == "*/*" or (
            media_type.startswith(pattern)
            if self.media_type.endswith("/*")
            else media_type == self.media_type
        )


def choose_media_type(accept: str | None, *, has_ssz: bool) -> MediaType:
    """Return the form that the client likes best, JSON where it likes both alike.

    Raises ApiError 406 when it takes none that there is.
    """
    ranges = _parse(accept)
    json_quality = _quality(ranges, JSON)
    ssz_quality = _quality(ranges, SSZ) if has_ssz else 0.0
    if max(json_quality, ssz_quality) == 0:
        offered = f"{JSON} or {SSZ}" if has_ssz else JSON
        raise ApiError(406, f"Not acceptable: this endpoint answers with {offered}")
    return JSON if json_quality >= ssz_quality else SSZ


def require_event_stream(accept: str | None) -> None:
    """Raise ApiError 406 for a client of the event stream that takes no such stream."""
    if _quality(_parse(accept), EVENT_STREAM) == 0:
        raise ApiError(406, f"Not acceptable: this endpoint answers with {EVENT_STREAM}")


def require_json(content_type: str | None) -> None:
    """Raise ApiError 415 for a request body of another type."""
    given = (content_type or "").partition(";")[0].strip().lower()
    if given != JSON:
        raise ApiError(415, f"Unsupported media type: {given or 'none'}, {JSON} expected")


def _quality(ranges: list[_Range], media_type: str) -> float:
    fitting = [each for each in ranges if each.covers(media_type)]
    return max(fitting, key=lambda each: (each.precision, each.quality)).quality if fitting else 0.0


def _parse(accept: str | None) -> list[_Range]:
    """Without a header everything is taken; an entry that makes no sense is passed over."""
    if not accept or not accept.strip():
        return [_Range("*/*", 1.0)]
    ranges = []
    for entry in accept.lower().split(","):
        media_type, *parameters = (part.strip() for part in entry.split(";"))
        weights = [each[2:] for each in parameters if each.startswith("q=")]
        try:
            quality = float(weights[0]) if weights else 1.0
        except ValueError:
            continue
        if 0 <= quality <= 1:
            ranges.append(_Range(media_type, quality))
    return ranges
