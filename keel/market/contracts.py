"""The contracts' functions with their types; written by `make types` from the ABIs.

A call is a read, `send` a transaction: `vault.balanceOf(holder)`, `vault.deposit.send(...)`. The
first type is the result's, the others are the arguments'. Structs and several results come as
named tuples with these fields; functions that share a name are not checked.
"""

from keel.chain.abi import AddressLike
from keel.chain.contract import Contract, Function


class StablePool(Contract):
    """StablePool on one chain."""

    AMPLIFICATION: Function[int]
    DOMAIN_SEPARATOR: Function[bytes]
    FEE_PER_MILLION: Function[int]
    WETH: Function[str]
    WRAPPED: Function[str]
    addLiquidity: Function[int, int, int, int, AddressLike, int]
    allowance: Function[int, AddressLike, AddressLike]
    approve: Function[bool, AddressLike, int]
    balanceOf: Function[int, AddressLike]
    cumulativePrice: Function[tuple[int, int]]
    decimals: Function[int]
    exchange: Function[int, AddressLike, int, int, AddressLike, int]
    invariantWei: Function[int]
    name: Function[str]
    nonces: Function[int, AddressLike]
    permit: Function[None, AddressLike, AddressLike, int, int, int, bytes, bytes]
    previewAddLiquidity: Function[int, int, int]
    previewExchange: Function[int, AddressLike, int]
    previewRemoveLiquidity: Function[tuple[int, int], int]
    previewRemoveLiquidityOneCoin: Function[int, int, AddressLike]
    removeLiquidity: Function[tuple[int, int], int, int, int, AddressLike, int]
    removeLiquidityOneCoin: Function[int, int, AddressLike, int, AddressLike, int]
    reserves: Function[tuple[int, int]]
    spotPrice: Function[int]
    symbol: Function[str]
    totalSupply: Function[int]
    transfer: Function[bool, AddressLike, int]
    transferFrom: Function[bool, AddressLike, AddressLike, int]
    virtualPrice: Function[int]
