"""Prices of wkETH that are compared with the rate: one reader for each kind of source."""

from collections.abc import Callable
from dataclasses import dataclass

from eth_abi.exceptions import DecodingError

from keel.chain.abi import real_address
from keel.chain.contract import Contract
from keel.chain.errors import ChainError
from keel.chain.rpc import RpcClient
from keel.errors import KeelError
from keel.model.constants import ETHER
from keel.sight.market import faces


class PriceError(KeelError):
    """A source that gives no price."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a source says of a whole wkETH in wei, or why it says nothing."""

    source: str
    wei: int | None
    problem: str = ""


def _feed_price(rpc: RpcClient, address: str) -> int:
    """An AggregatorV3 feed."""
    feed = Contract(rpc, address, faces.FEED)
    answer = feed.function("latestRoundData")()
    decimals = feed.function("decimals")()
    if answer.updatedAt == 0:
        raise PriceError("the feed says that its answer is not to be used")
    return int(answer.answer * ETHER // 10**decimals)


type Reader = Callable[[RpcClient, str], int]

READERS: dict[str, Reader] = {"feed": _feed_price}
"""By kind: wei of a whole wkETH, from the contract at an address."""


def price_source(text: str) -> str:
    """Check a source's name, kind:address; raises ValueError."""
    kind, _, address = text.partition(":")
    if kind not in READERS:
        raise ValueError(f"{text[:60]!r} must begin with {' or '.join(f'{k}:' for k in READERS)}")
    return f"{kind}:{real_address(address)}"


def read_price(rpc: RpcClient, source: str) -> Price:
    """Ask a source; whatever it answers is its own problem, and no other source's."""
    kind, _, address = source.partition(":")
    try:
        wei = READERS[kind](rpc, address)
    except (ChainError, PriceError) as error:
        return Price(source, None, str(error))
    except DecodingError:
        return Price(source, None, "what it answers is no price")
    if wei <= 0:
        return Price(source, None, f"it answers {wei}")
    return Price(source, wei)
