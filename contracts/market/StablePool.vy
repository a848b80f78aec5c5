# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Pool of wkETH and WETH that knows what wkETH is worth
@notice Rules POL of docs/market_design.md. Nobody has a power over it. Amounts of wkETH are in units of the token, all
        others in wei of ether. While a call is under way every function reverts, the views included (POL-8).
@dev    Errors and NatSpec for callers stand in interfaces/IStablePool.sol: Vyper 0.4 declares no errors.
"""
from ethereum.ercs import IERC20

from contracts.market import PoolBooks
from contracts.market import PoolChecks
from contracts.market import PoolShares
from contracts.market import StableTerms

initializes: PoolBooks
initializes: PoolShares

exports: (
    PoolShares.transfer,
    PoolShares.transferFrom,
    PoolShares.approve,
    PoolShares.permit,
    PoolShares.name,
    PoolShares.symbol,
    PoolShares.decimals,
    PoolShares.totalSupply,
    PoolShares.balanceOf,
    PoolShares.allowance,
    PoolShares.nonces,
    PoolShares.DOMAIN_SEPARATOR,
)


interface Rated:
    def convertToAssets(units: uint256) -> uint256: view


event Exchange:
    caller: indexed(address)
    receiver: indexed(address)
    isWrappedIn: bool
    amountIn: uint256
    amountOut: uint256
    feeWei: uint256


event LiquidityAdded:
    caller: indexed(address)
    receiver: indexed(address)
    units: uint256
    wethWei: uint256
    shares: uint256
    feeWei: uint256


event LiquidityRemoved:
    caller: indexed(address)
    receiver: indexed(address)
    units: uint256
    wethWei: uint256
    shares: uint256


RAY: constant(uint256) = 10**27
WAD: constant(uint256) = 10**18
FEE_MOST: constant(uint256) = 10**4  # 1 %
AMPLIFICATION_MOST: constant(uint256) = 10**4
WRAPPED: public(immutable(address))
WETH: public(immutable(address))
AMPLIFICATION: public(immutable(uint256))
FEE_PER_MILLION: public(immutable(uint256))

@deploy
def __init__(wrapped: address, weth: address, amplification: uint256, feePerMillion: uint256):
    PoolChecks._requireCode(wrapped)
    PoolChecks._requireCode(weth)
    PoolChecks._requireParameter("amplification", amplification, 1, AMPLIFICATION_MOST)
    PoolChecks._requireParameter("feePerMillion", feePerMillion, 1, FEE_MOST)
    WRAPPED = wrapped
    WETH = weth
    AMPLIFICATION = amplification
    FEE_PER_MILLION = feePerMillion


@external
def exchange(
    tokenIn: address, amountIn: uint256, minAmountOut: uint256, receiver: address, deadline: uint256
) -> uint256:
    PoolChecks._requireInTime(deadline)
    isWrappedIn: bool = self._isWrapped(tokenIn)
    terms: StableTerms.Terms = self._terms()
    trade: StableTerms.Trade = StableTerms._traded(PoolBooks._stored(), terms, isWrappedIn, amountIn)
    PoolChecks._requireOut(trade.amountOut, minAmountOut)
    PoolBooks._keep(trade.left, terms)
    self._pull(tokenIn, amountIn)
    self._push(self._other(isWrappedIn), receiver, trade.amountOut)
    log Exchange(
        caller=msg.sender,
        receiver=receiver,
        isWrappedIn=isWrappedIn,
        amountIn=amountIn,
        amountOut=trade.amountOut,
        feeWei=trade.feeWei,
    )
    return trade.amountOut


@external
def addLiquidity(
    units: uint256, wethWei: uint256, minShares: uint256, receiver: address, deadline: uint256
) -> uint256:
    PoolChecks._requireInTime(deadline)
    terms: StableTerms.Terms = self._terms()
    held: StableTerms.Reserves = PoolBooks._stored()
    grown: StableTerms.Reserves = StableTerms.Reserves(units=held.units + units, wethWei=held.wethWei + wethWei)
    shares: uint256 = 0
    feeWei: uint256 = 0
    shares, feeWei = StableTerms._minted(held, grown, PoolShares.totalSupply, terms)
    PoolChecks._requireOut(shares, minShares)
    PoolShares._requireParties(self, receiver)
    if PoolShares.totalSupply == 0:
        PoolShares._mint(self, StableTerms.LOCKED_SHARES)
    PoolShares._mint(receiver, shares)
    PoolBooks._keep(grown, terms)
    if units > 0:
        self._pull(WRAPPED, units)
    if wethWei > 0:
        self._pull(WETH, wethWei)
    log LiquidityAdded(
        caller=msg.sender, receiver=receiver, units=units, wethWei=wethWei, shares=shares, feeWei=feeWei
    )
    return shares


@external
def removeLiquidity(
    shares: uint256, minUnits: uint256, minWethWei: uint256, receiver: address, deadline: uint256
) -> (uint256, uint256):
    PoolChecks._requireInTime(deadline)
    held: StableTerms.Reserves = PoolBooks._stored()
    part: StableTerms.Reserves = StableTerms._partOf(held, shares, PoolShares.totalSupply)
    PoolChecks._requireLeast(part.units, minUnits)
    PoolChecks._requireLeast(part.wethWei, minWethWei)
    PoolShares._burn(msg.sender, shares)
    # Needs no rate, so nothing that befalls wkETH keeps anybody in; both coins shrink alike, so the price stays.
    PoolBooks._store(StableTerms.Reserves(units=held.units - part.units, wethWei=held.wethWei - part.wethWei))
    self._push(WRAPPED, receiver, part.units)
    self._push(WETH, receiver, part.wethWei)
    log LiquidityRemoved(
        caller=msg.sender, receiver=receiver, units=part.units, wethWei=part.wethWei, shares=shares
    )
    return part.units, part.wethWei


@external
def removeLiquidityOneCoin(
    shares: uint256, tokenOut: address, minAmountOut: uint256, receiver: address, deadline: uint256
) -> uint256:
    PoolChecks._requireInTime(deadline)
    isWrappedOut: bool = self._isWrapped(tokenOut)
    terms: StableTerms.Terms = self._terms()
    trade: StableTerms.Trade = StableTerms._inOneCoin(
        PoolBooks._stored(), shares, PoolShares.totalSupply, isWrappedOut, terms
    )
    PoolChecks._requireOut(trade.amountOut, minAmountOut)
    PoolShares._burn(msg.sender, shares)
    PoolBooks._keep(trade.left, terms)
    self._push(tokenOut, receiver, trade.amountOut)
    log LiquidityRemoved(
        caller=msg.sender,
        receiver=receiver,
        units=trade.amountOut if isWrappedOut else 0,
        wethWei=0 if isWrappedOut else trade.amountOut,
        shares=shares,
    )
    return trade.amountOut


@view
@external
def previewExchange(tokenIn: address, amountIn: uint256) -> uint256:
    isWrappedIn: bool = self._isWrapped(tokenIn)
    return StableTerms._traded(PoolBooks._stored(), self._terms(), isWrappedIn, amountIn).amountOut


@view
@external
def previewAddLiquidity(units: uint256, wethWei: uint256) -> uint256:
    held: StableTerms.Reserves = PoolBooks._stored()
    grown: StableTerms.Reserves = StableTerms.Reserves(units=held.units + units, wethWei=held.wethWei + wethWei)
    return StableTerms._minted(held, grown, PoolShares.totalSupply, self._terms())[0]


@view
@external
def previewRemoveLiquidity(shares: uint256) -> (uint256, uint256):
    part: StableTerms.Reserves = StableTerms._partOf(PoolBooks._stored(), shares, PoolShares.totalSupply)
    return part.units, part.wethWei


@view
@external
def previewRemoveLiquidityOneCoin(shares: uint256, tokenOut: address) -> uint256:
    isWrappedOut: bool = self._isWrapped(tokenOut)
    return StableTerms._inOneCoin(
        PoolBooks._stored(), shares, PoolShares.totalSupply, isWrappedOut, self._terms()
    ).amountOut


@view
@external
def reserves() -> (uint256, uint256):
    held: StableTerms.Reserves = PoolBooks._stored()
    return held.units, held.wethWei


@view
@external
def invariantWei() -> uint256:
    return self._worth().invariantWei


@view
@external
def virtualPrice() -> uint256:
    return self._worth().invariantWei * WAD // PoolShares.totalSupply


@view
@external
def spotPrice() -> uint256:
    terms: StableTerms.Terms = self._terms()
    return StableTerms._price(StableTerms._worth(PoolBooks._stored(), terms), terms)


@view
@external
def cumulativePrice() -> (uint256, uint256):
    return PoolBooks._cumulativePrice(), block.timestamp


@view
@internal
def _terms() -> StableTerms.Terms:
    """
    @notice POL-2: the rate is read once a call.
    """
    return StableTerms.Terms(
        leverage=4 * AMPLIFICATION,
        feePerMillion=FEE_PER_MILLION,
        rateRay=staticcall Rated(WRAPPED).convertToAssets(RAY),
    )


@view
@internal
def _worth() -> StableTerms.Worth:
    return StableTerms._worth(PoolBooks._stored(), self._terms())


@view
@internal
def _isWrapped(token: address) -> bool:
    if token == WRAPPED:
        return True
    if token != WETH:
        raw_revert(abi_encode(token, method_id=method_id("NotInPool(address)")))
    return False


@view
@internal
def _other(isWrapped: bool) -> address:
    return WETH if isWrapped else WRAPPED


@internal
def _pull(token: address, amount: uint256):
    assert extcall IERC20(token).transferFrom(msg.sender, self, amount)


@internal
def _push(token: address, receiver: address, amount: uint256):
    assert extcall IERC20(token).transfer(receiver, amount)
