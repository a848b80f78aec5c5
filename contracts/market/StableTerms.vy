# pragma version 0.4.3
"""
@title What a pool of wkETH and WETH pays, as a function of its reserves
@notice Rules POL-2 and POL-4 to POL-7 of docs/market_design.md. Each rounding favours the pool.
"""
from contracts.market import StableMath


struct Terms:
    leverage: uint256  # 4A
    feePerMillion: uint256
    rateRay: uint256  # wei of 10^27 units of wkETH


struct Reserves:
    units: uint256
    wethWei: uint256


struct Worth:
    wrappedWei: uint256
    wethWei: uint256
    invariantWei: uint256


struct Trade:
    left: Reserves
    amountOut: uint256
    feeWei: uint256


RAY: constant(uint256) = 10**27
FEE_UNIT: constant(uint256) = 10**6
LOCKED_SHARES: constant(uint256) = 10**12  # POL-5
FIRST_LEAST_WEI: constant(uint256) = 10**15  # POL-5
LEFT_BEHIND: constant(uint256) = 10  # POL-6, of each coin


@pure
@internal
def _worth(held: Reserves, terms: Terms) -> Worth:
    """
    @notice POL-2: the reserves in wei and their D.
    """
    wrappedWei: uint256 = self._bounded(held.units * terms.rateRay // RAY)
    wethWei: uint256 = self._bounded(held.wethWei)
    if wrappedWei == 0 or wethWei == 0:
        raw_revert(abi_encode(wrappedWei, wethWei, method_id=method_id("NoPrice(uint256,uint256)")))
    return Worth(
        wrappedWei=wrappedWei,
        wethWei=wethWei,
        invariantWei=StableMath._invariant(wrappedWei, wethWei, terms.leverage),
    )


@pure
@internal
def _price(worth: Worth, terms: Terms) -> uint256:
    """
    @notice POL-10: what an ether's worth of wkETH fetches in WETH, with 18 decimals.
    """
    return StableMath._price(worth.wrappedWei, worth.wethWei, worth.invariantWei, terms.leverage)


@pure
@internal
def _traded(held: Reserves, terms: Terms, isWrappedIn: bool, amountIn: uint256) -> Trade:
    """
    @notice POL-4: what a trade pays and leaves.
    @dev    D is rounded down, so far from balance the other reserve can be above the least that bears it. What adds no
            wei to the pool does not get that.
    """
    before: Worth = self._worth(held, terms)
    left: Reserves = held
    grossWei: uint256 = 0
    if isWrappedIn:
        left.units += amountIn
        grownWei: uint256 = self._bounded(left.units * terms.rateRay // RAY)
        if grownWei > before.wrappedWei:
            grossWei = before.wethWei - StableMath._leastReserve(
                grownWei, before.wethWei, before.invariantWei, terms.leverage
            )
    else:
        left.wethWei = self._bounded(held.wethWei + amountIn)
        if left.wethWei > before.wethWei:
            grossWei = before.wrappedWei - StableMath._leastReserve(
                left.wethWei, before.wrappedWei, before.invariantWei, terms.leverage
            )
    feeWei: uint256 = self._feeWei(grossWei, terms)
    amountOut: uint256 = grossWei - feeWei
    if isWrappedIn:
        left.wethWei -= amountOut
    else:
        amountOut = amountOut * RAY // terms.rateRay
        left.units -= amountOut
    return Trade(left=left, amountOut=amountOut, feeWei=feeWei)


@pure
@internal
def _minted(held: Reserves, grown: Reserves, supply: uint256, terms: Terms) -> (uint256, uint256):
    """
    @notice POL-5: shares for what `grown` has more than `held`, and the fee on what one coin brings too much of.
    """
    after: Worth = self._worth(grown, terms)
    if supply == 0:
        return self._firstShares(after.invariantWei), 0
    before: Worth = self._worth(held, terms)
    wrappedFeeWei: uint256 = self._surplusFeeWei(before.wrappedWei, after.wrappedWei, before, after, terms)
    wethFeeWei: uint256 = self._surplusFeeWei(before.wethWei, after.wethWei, before, after, terms)
    feeWei: uint256 = wrappedFeeWei + wethFeeWei
    countedWei: uint256 = StableMath._invariant(
        after.wrappedWei - wrappedFeeWei, after.wethWei - wethFeeWei, terms.leverage
    )
    if countedWei < before.invariantWei:
        return 0, feeWei
    return (countedWei - before.invariantWei) * supply // before.invariantWei, feeWei


@pure
@internal
def _firstShares(invariantWei: uint256) -> uint256:
    if invariantWei < FIRST_LEAST_WEI:
        raw_revert(
            abi_encode(invariantWei, FIRST_LEAST_WEI, method_id=method_id("FirstDepositTooSmall(uint256,uint256)"))
        )
    return invariantWei - LOCKED_SHARES


@pure
@internal
def _partOf(held: Reserves, shares: uint256, supply: uint256) -> Reserves:
    """
    @notice POL-6: the part of each coin that belongs to `shares`, less what is left behind.
    """
    if shares > supply:
        raw_revert(abi_encode(shares, supply, method_id=method_id("MoreThanSupply(uint256,uint256)")))
    if shares == 0:
        return empty(Reserves)
    units: uint256 = held.units * shares // supply
    wethWei: uint256 = held.wethWei * shares // supply
    return Reserves(units=units - min(units, LEFT_BEHIND), wethWei=wethWei - min(wethWei, LEFT_BEHIND))


@pure
@internal
def _inOneCoin(held: Reserves, shares: uint256, supply: uint256, isWrappedOut: bool, terms: Terms) -> Trade:
    """
    @notice POL-7: the part in both coins, then a trade of the coin that is not wanted in what is left.
    """
    part: Reserves = self._partOf(held, shares, supply)
    left: Reserves = Reserves(units=held.units - part.units, wethWei=held.wethWei - part.wethWei)
    unwanted: uint256 = part.wethWei if isWrappedOut else part.units
    trade: Trade = self._traded(left, terms, not isWrappedOut, unwanted)
    wanted: uint256 = part.units if isWrappedOut else part.wethWei
    trade.amountOut += wanted
    return trade


@pure
@internal
def _surplusFeeWei(beforeWei: uint256, afterWei: uint256, before: Worth, after: Worth, terms: Terms) -> uint256:
    fairWei: uint256 = beforeWei * after.invariantWei // before.invariantWei
    return self._feeWei(afterWei - fairWei, terms) if afterWei > fairWei else 0


@pure
@internal
def _feeWei(amountWei: uint256, terms: Terms) -> uint256:
    return (amountWei * terms.feePerMillion + FEE_UNIT - 1) // FEE_UNIT


@pure
@internal
def _bounded(amountWei: uint256) -> uint256:
    if amountWei > StableMath.MOST_WEI:
        raw_revert(
            abi_encode(amountWei, StableMath.MOST_WEI, method_id=method_id("PoolTooLarge(uint256,uint256)"))
        )
    return amountWei
