"""Refusals of the token standards, which the model leaves to the contracts."""

from dataclasses import dataclass

from keel.model.errors import Refused


@dataclass(eq=False)
class ERC20InsufficientAllowance(Refused):
    """ERC-6093."""

    spender: str
    allowance: int
    needed: int


@dataclass(eq=False)
class ERC721NonexistentToken(Refused):
    """ERC-6093: never issued, or claimed."""

    token_id: int


@dataclass(eq=False)
class ERC721InsufficientApproval(Refused):
    """ERC-6093: the caller is not the owner."""

    operator: str
    token_id: int


@dataclass(eq=False)
class ERC721InvalidReceiver(Refused):
    """ERC-6093."""

    receiver: str


@dataclass(eq=False)
class CountOutOfBounds(Refused):
    """Too few or too many tickets in one call."""

    count: int
    min: int
    max: int
