"""Errors of the chain package; each message is one line meant for the person at the terminal."""

from keel.errors import KeelError


class ChainError(KeelError):
    """Base of every error that keel.chain raises on purpose."""


class ToolMissingError(ChainError):
    """A program or package that the set-up should have installed is not there."""


class AnvilStartError(ChainError):
    """Anvil ended, or never answered; the message carries the last lines it printed."""


class PortInUseError(AnvilStartError):
    """Another process listens on the wanted port."""


class RpcConnectionError(ChainError):
    """The endpoint cannot be reached, broke off, or answered with something else than JSON-RPC."""


class UnknownBlockError(ChainError):
    """The chain has no such block, though it may have had it."""


class RpcError(ChainError):
    """The endpoint answered a request with an error object.

    `data` holds the returned bytes of a reverted call (empty for a bare revert) and is None when
    the error carries none.
    """

    def __init__(self, method: str, code: int, message: str, data: bytes | None) -> None:
        super().__init__(f"{method}: {message} (code {code})")
        self.method = method
        self.code = code
        self.message = message
        self.data = data
