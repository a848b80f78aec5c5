"""The body of a request, read up to a bound."""

from starlette.requests import Request

from keel.errors import KeelError


class BodyTooLongError(KeelError):
    """A body is longer than its bound."""


async def bounded_body(request: Request, most_bytes: int) -> bytes:
    """Read a body; raises BodyTooLongError, and ClientDisconnect as Starlette does."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most_bytes:
            raise BodyTooLongError
    return bytes(content)
