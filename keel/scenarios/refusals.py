"""What the chain answers to those who try what they may not."""

from collections.abc import Callable

from keel.chain.revert import Reverted


def refusal(attempt: Callable[[], object]) -> str:
    """Why the chain refuses what is tried; empty when it does not."""
    try:
        attempt()
    except Reverted as error:
        return str(error.cause)
    return ""
