"""Where WETH is lent on wkETH: how much of it is lent, and by which price of wkETH.

Amounts are as the lenders' contracts have them at a block, with the interest up to its time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keel.chain.contract import Contract, call_many
from keel.chain.rpc import RpcClient
from keel.model.constants import BPS, ETHER
from keel.sight.market import faces
from keel.sight.market.places import AavePlace, MorphoPlace, Places
from keel.sight.market.pools import REFUSALS, NoPriceError, problem_of

type MarketParams = tuple[str, str, str, str, int]
"""Loan token, collateral, oracle, interest, and LLTV: what Morpho knows a market by."""

_LLTVS_WAD = tuple(ETHER * part // 1_000 for part in (945, 915, 860, 965, 980, 770, 625, 385, 0))
"""Parts of a collateral's worth that Morpho's governance lets markets lend up to."""

_SHARES_BESIDE = 10**6  # Morpho's virtual shares
_PRICE_UNIT = 10**18
"""Morpho's price of a whole wkETH has so many decimals more than wei have."""


@dataclass(frozen=True, slots=True)
class MorphoMarket:
    """Keel's market at Morpho: WETH on wkETH. Interest is in the amounts up to their time."""

    id: bytes
    lltv_wad: int
    price_wei: int
    supplied_wei: int
    lent_wei: int
    lent_shares: int

    def owed_wei(self, shares: int) -> int:
        """What so many shares of the debt are, rounded up as Morpho does."""
        whole = self.lent_shares + _SHARES_BESIDE
        return -(-shares * (self.lent_wei + 1) // whole)


@dataclass(frozen=True, slots=True)
class Loan:
    """A lender's WETH: what is supplied, and what of it is lent.

    `price_wei` is a whole wkETH by the price that borrowers are sold by. `market` is Morpho's own.
    Where the lender does not answer, `problem` says why.
    """

    system: str
    address: str
    supplied_wei: int = 0
    lent_wei: int = 0
    price_wei: int | None = None
    problem: str = ""
    market: MorphoMarket | None = None

    @property
    def utilisation_bps(self) -> int:
        """Which part is lent, rounded up; 0 where nothing is supplied."""
        return -(-self.lent_wei * BPS // max(self.supplied_wei, 1))


def read_loans(
    rpc: RpcClient, wketh: str, places: Places, time: int, block: int | str = "latest"
) -> tuple[Loan, ...]:
    """Each lender that the manifest names, at a block of that time; raises what the client does."""
    tokens, found = (places.weth, wketh), []
    if places.morpho is not None:
        read = partial(_morpho_loan, rpc, places.morpho, tokens, time, block)
        found.append(_answered("morpho", places.morpho.morpho, read))
    if places.aave is not None:
        read = partial(_aave_loan, rpc, places.aave, tokens, block)
        found.append(_answered("aave", places.aave.pool, read))
    return tuple(found)


def market_id(params: MarketParams) -> bytes:
    """The number under which Morpho keeps a market."""
    return bytes(keccak(encode(["address"] * 4 + ["uint256"], params)))


def morpho_market(
    rpc: RpcClient, place: MorphoPlace, tokens: tuple[str, str], time: int, block: int | str
) -> MorphoMarket:
    """The market that lends the first token on the second by the place's oracle, the largest.

    Raises NoPriceError where there is none, and what the client raises.
    """
    morpho = Contract(rpc, place.morpho, faces.MORPHO)
    params = [(*tokens, place.oracle, place.rate, lltv) for lltv in _LLTVS_WAD]
    ids = [market_id(each) for each in params]
    oracle = Contract(rpc, place.oracle, faces.MORPHO_ORACLE)
    price, *markets = call_many(
        rpc,
        [
            oracle.function("price").prepare(),
            *(morpho.function("market").prepare(each) for each in ids),
        ],
        block,
    )
    number = max(range(len(ids)), key=lambda n: int(markets[n].totalSupplyAssets))
    market = markets[number]
    if not market.lastUpdate:
        raise NoPriceError("it has no such market")
    rate = Contract(rpc, place.rate, faces.MORPHO_RATE).function("borrowRateView")
    per_second_wad = int(rate(params[number], tuple(market), block=block))
    interest_wei = _interest_wei(
        int(market.totalBorrowAssets), per_second_wad, max(0, time - int(market.lastUpdate))
    )
    return MorphoMarket(
        id=ids[number],
        lltv_wad=_LLTVS_WAD[number],
        price_wei=price // _PRICE_UNIT,
        supplied_wei=market.totalSupplyAssets + interest_wei,
        lent_wei=market.totalBorrowAssets + interest_wei,
        lent_shares=market.totalBorrowShares,
    )


def _interest_wei(lent_wei: int, per_second_wad: int, seconds: int) -> int:
    """Compounded as Morpho does it: three terms of the series, each rounded down."""
    first = per_second_wad * seconds
    second = first * first // (2 * ETHER)
    third = second * first // (3 * ETHER)
    return lent_wei * (first + second + third) // ETHER


def _morpho_loan(
    rpc: RpcClient, place: MorphoPlace, tokens: tuple[str, str], time: int, block: int | str
) -> Loan:
    market = morpho_market(rpc, place, tokens, time, block)
    amounts = market.supplied_wei, market.lent_wei, market.price_wei
    return Loan("morpho", place.morpho, *amounts, market=market)


def _aave_loan(rpc: RpcClient, place: AavePlace, tokens: tuple[str, str], block: int | str) -> Loan:
    weth, wketh = tokens
    price = Contract(rpc, place.oracle, faces.AAVE_ORACLE).function("getAssetPrice")
    data = Contract(rpc, place.data, faces.AAVE_DATA)
    reads = [
        data.function("getReserveData").prepare(weth),
        price.prepare(wketh),
        price.prepare(weth),
    ]
    reserve, wketh_price, weth_price = call_many(rpc, reads, block)
    lent_wei = reserve.totalStableDebt + reserve.totalVariableDebt
    if not weth_price:
        raise NoPriceError("it has no price of WETH")
    price_wei = wketh_price * ETHER // weth_price
    return Loan("aave", place.pool, reserve.totalAToken, lent_wei, price_wei)


def _answered(system: str, address: str, read: Callable[[], Loan]) -> Loan:
    try:
        return read()
    except (*REFUSALS, NoPriceError) as error:
        return Loan(system, address, problem=problem_of(error))
