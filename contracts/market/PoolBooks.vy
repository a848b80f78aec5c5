# pragma version 0.4.3
"""
@title The reserves of a pool and its price over time, a word each
@notice Rules POL-8 and POL-10 of docs/market_design.md.
"""
from contracts.market import StableTerms

HALF: constant(uint256) = 2**128 - 1
PRICE_BITS: constant(uint256) = 88
TIME_BITS: constant(uint256) = 40

_reserves: uint256  # units, then wei, 128 bits each
_observed: uint256  # sum of prices by seconds 128 bits, price 88, time 40


@view
@internal
def _stored() -> StableTerms.Reserves:
    return StableTerms.Reserves(units=self._reserves >> 128, wethWei=self._reserves & HALF)


@internal
def _store(held: StableTerms.Reserves):
    assert held.units <= HALF  # S of the vault has 120 bits
    self._reserves = held.units << 128 | held.wethWei


@internal
def _keep(held: StableTerms.Reserves, terms: StableTerms.Terms):
    """
    @notice Store the reserves, and the price that holds from now on.
    """
    price: uint256 = StableTerms._price(StableTerms._worth(held, terms), terms)
    capped: uint256 = min(price, 2**PRICE_BITS - 1)
    self._observed = self._cumulativePrice() << 128 | capped << TIME_BITS | block.timestamp
    self._store(held)


@view
@internal
def _cumulativePrice() -> uint256:
    observed: uint256 = self._observed
    price: uint256 = (observed >> TIME_BITS) & (2**PRICE_BITS - 1)
    since: uint256 = observed & (2**TIME_BITS - 1)
    return (observed >> 128) + price * (block.timestamp - since)
