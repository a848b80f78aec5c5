"""Errors that do not come from Anvil."""

from keel.errors import KeelError

UNSUPPORTED = -32004
"""Codes of EIP-1474 and JSON-RPC 2.0."""
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602
INTERNAL = -32603
SERVER = -32000
LIMIT_EXCEEDED = -32005


class RefusedError(KeelError):
    """Why a request is not carried out, in one line; `code` is that of JSON-RPC."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class AbandonedError(KeelError):
    """Nobody waits any more for what was under way."""
