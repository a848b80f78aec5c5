"""The contracts' functions with their types; written by `make types` from the ABIs.

A call is a read, `send` a transaction: `vault.balanceOf(holder)`, `vault.deposit.send(...)`. The
first type is the result's, the others are the arguments'. Structs and several results come as
named tuples with these fields; functions that share a name are not checked.
"""

from collections.abc import Sequence
from typing import NamedTuple

from keel.chain.abi import AddressLike
from keel.chain.contract import Contract, Function


class LstRouterListing(NamedTuple):
    """LstRouterListing."""

    token: str
    source: str
    growthBps: int
    maxAgeSeconds: int
    dailyWei: int


class LstRouterStanding(NamedTuple):
    """LstRouterStanding."""

    balance: int
    rateWei: int
    isOpen: bool
    leftWei: int


class LstRouterValueWei(NamedTuple):
    """LstRouterValueWei."""

    lowWei: int
    highWei: int


class MarketFeedGetRoundData(NamedTuple):
    """MarketFeedGetRoundData."""

    roundId: int
    answer: int
    startedAt: int
    updatedAt: int
    answeredInRound: int


class MarketFeedLatestRoundData(NamedTuple):
    """MarketFeedLatestRoundData."""

    roundId: int
    answer: int
    startedAt: int
    updatedAt: int
    answeredInRound: int


class PushFeedAvailable(NamedTuple):
    """PushFeedAvailable."""

    riseWei: int
    fallWei: int


class PushFeedLatestRoundData(NamedTuple):
    """PushFeedLatestRoundData."""

    roundId: int
    answer: int
    startedAt: int
    updatedAt: int
    answeredInRound: int


class RateFeedGetRoundData(NamedTuple):
    """RateFeedGetRoundData."""

    roundId: int
    answer: int
    startedAt: int
    updatedAt: int
    answeredInRound: int


class RateFeedLatestRoundData(NamedTuple):
    """RateFeedLatestRoundData."""

    roundId: int
    answer: int
    startedAt: int
    updatedAt: int
    answeredInRound: int


class RestakedEtherTicket(NamedTuple):
    """RestakedEtherTicket."""

    owner: str
    state: int
    epoch: int
    shares: int
    units: int
    claimableAt: int


class StablePriceRecords(NamedTuple):
    """StablePriceRecords."""

    newestAt: int
    newestSum: int
    olderAt: int
    olderSum: int


class LstRouter(Contract):
    """LstRouter on one chain."""

    FEE_BPS: Function[int]
    allowance: Function[int, AddressLike, AddressLike]
    approve: Function[bool, AddressLike, int]
    assets: Function[int]
    balanceOf: Function[int, AddressLike]
    decimals: Function[int]
    deposit: Function[int, int, int, int, AddressLike]
    listing: Function[LstRouterListing, int]
    name: Function[str]
    standing: Function[LstRouterStanding, int]
    swap: Function[int, int, int, int, int, AddressLike]
    symbol: Function[str]
    totalSupply: Function[int]
    transfer: Function[bool, AddressLike, int]
    transferFrom: Function[bool, AddressLike, AddressLike, int]
    valueWei: Function[LstRouterValueWei]
    withdraw: Function[int, int, int, int, AddressLike]
    withdrawAll: Function[tuple[int, ...], int, int, Sequence[int], AddressLike]


class MarketFeed(Contract):
    """MarketFeed on one chain."""

    MARKET: Function[str]
    RATE: Function[str]
    decimals: Function[int]
    description: Function[str]
    getRoundData: Function[MarketFeedGetRoundData, int]
    latestAnswer: Function[int]
    latestRoundData: Function[MarketFeedLatestRoundData]
    version: Function[int]


class MorphoOracle(Contract):
    """MorphoOracle on one chain."""

    FEED: Function[str]
    price: Function[int]


class PushFeed(Contract):
    """PushFeed on one chain."""

    FALL_WEI: Function[int]
    MAX_AGE_SECONDS: Function[int]
    PERIOD_SECONDS: Function[int]
    RISE_WEI: Function[int]
    available: Function[PushFeedAvailable, AddressLike]
    decimals: Function[int]
    description: Function[str]
    getRoundData: Function[tuple[int, int, int, int, int], int]
    latestAnswer: Function[int]
    latestRoundData: Function[PushFeedLatestRoundData]
    push: Function[None, int, int, int, bool]
    pushers: Function[int]
    retire: Function[None]
    stepBps: Function[int]
    version: Function[int]


class RateFeed(Contract):
    """RateFeed on one chain."""

    VAULT: Function[str]
    decimals: Function[int]
    description: Function[str]
    getRoundData: Function[RateFeedGetRoundData, int]
    latestAnswer: Function[int]
    latestRoundData: Function[RateFeedLatestRoundData]
    stepBps: Function[int]
    version: Function[int]


class RestakedEther(Contract):
    """RestakedEther on one chain."""

    VAULT: Function[str]
    allowance: Function[int, AddressLike, AddressLike]
    approve: Function[bool, AddressLike, int]
    asset: Function[str]
    balanceOf: Function[int, AddressLike]
    claim: Function[int, int, AddressLike]
    convertToAssets: Function[int, int]
    convertToShares: Function[int, int]
    decimals: Function[int]
    deposit: Function[int, int, AddressLike]
    lastTicket: Function[int]
    maxDeposit: Function[int, AddressLike]
    maxMint: Function[int, AddressLike]
    maxRedeem: Function[int, AddressLike]
    maxWithdraw: Function[int, AddressLike]
    mint: Function[int, int, AddressLike]
    name: Function[str]
    previewDeposit: Function[int, int]
    previewMint: Function[int, int]
    previewRedeem: Function[int, int]
    previewWithdraw: Function[int, int]
    redeem: Function[int, int, AddressLike, AddressLike]
    request: Function[int, int, AddressLike]
    symbol: Function[str]
    ticket: Function[RestakedEtherTicket, int]
    totalAssets: Function[int]
    totalSupply: Function[int]
    transfer: Function[bool, AddressLike, int]
    transferFrom: Function[bool, AddressLike, AddressLike, int]
    withdraw: Function[int, int, AddressLike, AddressLike]


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


class StablePrice(Contract):
    """StablePrice on one chain."""

    LEAST_WEI: Function[int]
    POOL: Function[str]
    WINDOW_SECONDS: Function[int]
    price: Function[int]
    record: Function[None]
    records: Function[StablePriceRecords]


class UniswapPrice(Contract):
    """UniswapPrice on one chain."""

    IS_TOKEN0: Function[bool]
    LEAST_LIQUIDITY: Function[int]
    POOL: Function[str]
    WINDOW_SECONDS: Function[int]
    price: Function[int]


class YieldAdapter(Contract):
    """YieldAdapter on one chain."""

    accruedRewards: Function[tuple[int, ...], AddressLike]
    allowance: Function[int, AddressLike, AddressLike]
    approve: Function[bool, AddressLike, int]
    assetInfo: Function[tuple[int, str, int]]
    balanceOf: Function[int, AddressLike]
    claimRewards: Function[tuple[int, ...], AddressLike]
    decimals: Function[int]
    deposit: Function[int, AddressLike, AddressLike, int, int]
    exchangeRate: Function[int]
    getRewardTokens: Function[tuple[str, ...]]
    getTokensIn: Function[tuple[str, ...]]
    getTokensOut: Function[tuple[str, ...]]
    isValidTokenIn: Function[bool, AddressLike]
    isValidTokenOut: Function[bool, AddressLike]
    name: Function[str]
    previewDeposit: Function[int, AddressLike, int]
    previewRedeem: Function[int, AddressLike, int]
    redeem: Function[int, AddressLike, int, AddressLike, int, bool]
    rewardIndexesCurrent: Function[tuple[int, ...]]
    rewardIndexesStored: Function[tuple[int, ...]]
    symbol: Function[str]
    totalSupply: Function[int]
    transfer: Function[bool, AddressLike, int]
    transferFrom: Function[bool, AddressLike, AddressLike, int]
    yieldToken: Function[str]
