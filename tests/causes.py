"""Strict expectations of failure for contracts of `keel.chain`; tests/expect.py has Ape's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from keel.chain.abi import CustomError
from keel.chain.revert import Reverted, RevertString


@contextmanager
def fails(error: str, /, **inputs: Any) -> Iterator[None]:
    """Expect exactly this custom error with exactly these inputs, every one of them named."""
    with pytest.raises(Reverted) as caught:
        yield
    assert caught.value.cause == CustomError(error, inputs)


@contextmanager
def says(text: str) -> Iterator[None]:
    """Expect exactly this reason string, as contracts that are not Keel's give it."""
    with pytest.raises(Reverted) as caught:
        yield
    assert caught.value.cause == RevertString(text)
