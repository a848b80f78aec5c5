"""What the words of the page are made of; amounts stay numbers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Amount:
    """`unit` is ETH, kETH, wkETH, fund shares; all are counted in steps of 1e-18."""

    wei: int
    unit: str


@dataclass(frozen=True, slots=True)
class Who:
    """An account or contract, which the page may know by name."""

    address: str


@dataclass(frozen=True, slots=True)
class When:
    """A moment, Unix seconds."""

    time: int


@dataclass(frozen=True, slots=True)
class Key:
    """A validator's public key, hexadecimal."""

    pubkey: str


type Piece = str | Amount | Who | When | Key

type Words = Callable[[Mapping[str, Any]], tuple[Piece, ...]]
"""Tells an event by its inputs."""
