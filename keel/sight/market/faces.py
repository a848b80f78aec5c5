"""The functions and events of the market's contracts that are read: no package is needed for it."""

from collections.abc import Sequence

from keel.chain.abi import Abi, AbiEntry


def _parameters(declared: Sequence[str]) -> list[AbiEntry]:
    """Parameters as Solidity declares them: `uint256 amount`, `address indexed caller`."""
    words = (each.split() for each in declared)
    return [{"type": of[0], "name": of[-1], "indexed": "indexed" in of} for of in words]


def _view(name: str, inputs: Sequence[str], *outputs: str) -> AbiEntry:
    return {
        "type": "function",
        "name": name,
        "stateMutability": "view",
        "inputs": _parameters(inputs),
        "outputs": _parameters(outputs),
    }


def _event(name: str, *inputs: str) -> AbiEntry:
    return {"type": "event", "name": name, "anonymous": False, "inputs": _parameters(inputs)}


def _error(name: str, *inputs: str) -> AbiEntry:
    return {"type": "error", "name": name, "inputs": _parameters(inputs)}


UNISWAP_POOL = Abi(
    [
        _view("token0", [], "address token0"),
        _view(
            "slot0",
            [],
            "uint160 sqrtPriceX96",
            "int24 tick",
            "uint16 observationIndex",
            "uint16 observationCardinality",
            "uint16 observationCardinalityNext",
            "uint8 feeProtocol",
            "bool unlocked",
        ),
        _view("observe", ["uint32[] secondsAgos"], "int56[] ticks", "uint160[] inverses"),
        _event("Initialize", "uint160 sqrtPriceX96", "int24 tick"),
        _event(
            "Swap",
            "address indexed sender",
            "address indexed recipient",
            "int256 amount0",
            "int256 amount1",
            "uint160 sqrtPriceX96",
            "uint128 liquidity",
            "int24 tick",
        ),
    ]
)
STABLE_POOL = Abi(
    [
        _view("spotPrice", [], "uint256 price"),
        _error("NoPrice", "uint256 wrappedWei", "uint256 wethWei"),
        _view("AMPLIFICATION", [], "uint256 amplification"),
        _event(
            "Exchange",
            "address indexed caller",
            "address indexed receiver",
            "bool isWrappedIn",
            "uint256 amountIn",
            "uint256 amountOut",
            "uint256 feeWei",
        ),
        _event(
            "LiquidityAdded",
            "address indexed caller",
            "address indexed receiver",
            "uint256 units",
            "uint256 wethWei",
            "uint256 shares",
            "uint256 feeWei",
        ),
        _event(
            "LiquidityRemoved",
            "address indexed caller",
            "address indexed receiver",
            "uint256 units",
            "uint256 wethWei",
            "uint256 shares",
        ),
    ]
)
FEED = Abi(
    [
        _view(
            "latestRoundData",
            [],
            "uint80 roundId",
            "int256 answer",
            "uint256 startedAt",
            "uint256 updatedAt",
            "uint80 answeredInRound",
        ),
        _view("decimals", [], "uint8 decimals"),
        _error("WindowTooLong", "uint256 windowSeconds", "uint256 rememberedSeconds"),
        _error("MarketTooThin", "uint256 liquidity", "uint256 least"),
    ]
)
_MORPHO_MARKET = (
    "uint128 totalSupplyAssets",
    "uint128 totalSupplyShares",
    "uint128 totalBorrowAssets",
    "uint128 totalBorrowShares",
    "uint128 lastUpdate",
    "uint128 fee",
)
_MORPHO_PARAMS = (
    "address loanToken",
    "address collateralToken",
    "address oracle",
    "address irm",
    "uint256 lltv",
)
MORPHO = Abi(
    [
        _view("market", ["bytes32 id"], *_MORPHO_MARKET),
        _view(
            "position",
            ["bytes32 id", "address user"],
            "uint256 supplyShares",
            "uint128 borrowShares",
            "uint128 collateral",
        ),
        _event(
            "Borrow",
            "bytes32 indexed id",
            "address caller",
            "address indexed onBehalf",
            "address indexed receiver",
            "uint256 assets",
            "uint256 shares",
        ),
        _event(
            "Repay",
            "bytes32 indexed id",
            "address indexed caller",
            "address indexed onBehalf",
            "uint256 assets",
            "uint256 shares",
        ),
    ]
)
MORPHO_ORACLE = Abi([_view("price", [], "uint256 price")])
MORPHO_RATE = Abi(
    [
        {
            **_view("borrowRateView", [], "uint256 perSecondWad"),
            "inputs": [
                {"type": "tuple", "name": name, "components": _parameters(fields)}
                for name, fields in (("params", _MORPHO_PARAMS), ("market", _MORPHO_MARKET))
            ],
        }
    ]
)
AAVE_POOL = Abi(
    [
        _view(
            "getUserAccountData",
            ["address user"],
            "uint256 totalCollateralBase",
            "uint256 totalDebtBase",
            "uint256 availableBorrowsBase",
            "uint256 currentLiquidationThreshold",
            "uint256 ltv",
            "uint256 healthFactor",
        ),
        _event(
            "Borrow",
            "address indexed reserve",
            "address user",
            "address indexed onBehalfOf",
            "uint256 amount",
            "uint8 interestRateMode",
            "uint256 borrowRate",
            "uint16 indexed referralCode",
        ),
        _event(
            "Repay",
            "address indexed reserve",
            "address indexed user",
            "address indexed repayer",
            "uint256 amount",
            "bool useATokens",
        ),
    ]
)
AAVE_DATA = Abi(
    [
        _view(
            "getReserveData",
            ["address asset"],
            "uint256 unbacked",
            "uint256 accruedToTreasuryScaled",
            "uint256 totalAToken",
            "uint256 totalStableDebt",
            "uint256 totalVariableDebt",
            "uint256 liquidityRate",
            "uint256 variableBorrowRate",
            "uint256 stableBorrowRate",
            "uint256 averageStableBorrowRate",
            "uint256 liquidityIndex",
            "uint256 variableBorrowIndex",
            "uint40 lastUpdateTimestamp",
        ),
        _view(
            "getUserReserveData",
            ["address asset", "address user"],
            "uint256 currentATokenBalance",
            "uint256 currentStableDebt",
            "uint256 currentVariableDebt",
            "uint256 principalStableDebt",
            "uint256 scaledVariableDebt",
            "uint256 stableBorrowRate",
            "uint256 liquidityRate",
            "uint40 stableRateLastUpdated",
            "bool usageAsCollateralEnabled",
        ),
    ]
)
AAVE_ORACLE = Abi([_view("getAssetPrice", ["address asset"], "uint256 price")])
