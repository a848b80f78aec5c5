# pragma version 0.4.3
"""
@title The curve of a pool of two coins near par
@notice Rules POL-2 and POL-3 of docs/market_design.md, after M. Egorov, "StableSwap" (2019), for two coins:
        D^3 / 4xy + (4A - 1) D = 4A (x + y). All that is in wei of ether lies below 2^85, so that D^3 has 255 bits and no
        product here overflows.
@dev    Both searches are Newton's on a convex function from above its root, so each step falls and none passes the root.
        Where a step no longer falls the root is within one, and the equation itself, in whole numbers, decides.
"""

MOST_WEI: constant(uint256) = 2**84
MOST_STEPS: constant(uint256) = 64
WAD: constant(uint256) = 10**18


@pure
@internal
def _invariant(xWei: uint256, yWei: uint256, leverage: uint256) -> uint256:
    """
    @notice D, rounded down: the largest whole number that the reserves bear.
    @param leverage 4A; at least 4
    """
    sumWei: uint256 = xWei + yWei
    d: uint256 = sumWei  # D is at most the sum
    for _: uint256 in range(MOST_STEPS):
        part: uint256 = d * d * d // (4 * xWei * yWei)
        closer: uint256 = d * (leverage * sumWei + 2 * part) // ((leverage - 1) * d + 3 * part)
        if closer >= d:
            if d * d * d > 4 * xWei * yWei * (leverage * sumWei - (leverage - 1) * d):
                return d - 1
            return d
        d = closer
    raise  # not reached: POL-3


@pure
@internal
def _leastReserve(xWei: uint256, yWei: uint256, d: uint256, leverage: uint256) -> uint256:
    """
    @notice The least reserve of one coin, rounded up, that bears D beside xWei of the other.
    @param yWei a reserve that bears it: where the search starts
    @param leverage 4A; at least 4
    """
    part: uint256 = self._up(d * d * d, 4 * xWei)
    y: uint256 = yWei
    for _: uint256 in range(MOST_STEPS):
        slope: uint256 = leverage * (2 * y + xWei) - (leverage - 1) * d
        closer: uint256 = self._up(leverage * y * y + part, slope)
        if closer >= y:
            less: uint256 = y - 1
            if leverage * less * (less + xWei) >= part + (leverage - 1) * d * less:
                return less
            return y
        y = closer
    raise  # not reached: POL-3


@pure
@internal
def _price(xWei: uint256, yWei: uint256, d: uint256, leverage: uint256) -> uint256:
    """
    @notice What the next of the x's fetches in y's before the fee, with 18 decimals, rounded down.
    """
    part: uint256 = leverage * (xWei + yWei) - (leverage - 1) * d
    return yWei * (part + leverage * xWei) * WAD // (xWei * (part + leverage * yWei))


@pure
@internal
def _up(dividend: uint256, divisor: uint256) -> uint256:
    return (dividend + divisor - 1) // divisor
