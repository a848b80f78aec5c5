"""Aave v3 from its package's artifacts: wkETH is collateral, WETH is lent, both in one e-mode.

Prices are in ether: WETH is worth 1, wkETH what the rate feed answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keel.chain.contract import Contract
from keel.deploy.artifacts import Artifact
from keel.formatting.amounts import shown_ether
from keel.market.artifacts import ArtifactFolder
from keel.market.feeds import FEEDS
from keel.market.system import Addresses, Line, Site, System
from keel.market.weth import WETH, weth_of
from keel.model.constants import ETHER
from keel.sight.market.places import TITLES

FIRST_SUPPLY_WEI = 100 * ETHER
"""WETH that is there to be borrowed from the beginning."""

LTV_BPS, LIQUIDATION_BPS, BONUS_BPS = 7_500, 8_000, 10_750
"""What may be borrowed on wkETH, where it is liquidated, and what a liquidator gets of it."""

E_MODE = 1
"""The category of ether and what stands for it."""

E_MODE_LTV_BPS, E_MODE_LIQUIDATION_BPS, E_MODE_BONUS_BPS = 9_300, 9_500, 10_100

VARIABLE_RATE = 2
"""The interest mode that Aave calls variable."""

_ARTIFACTS = ArtifactFolder("@aave/core-v3", "artifacts/contracts")
_NOBODY = "0x" + "0" * 40
_RAY = 10**27
_OPTIMAL_USE_RAY = _RAY * 90 // 100
_RATES_RAY = (0, _RAY * 3 // 100, _RAY * 80 // 100)
"""Of a year: at no use, at the optimal use, and on top of it at full use."""


@dataclass(frozen=True, slots=True)
class Aave(Addresses):
    """`provider` knows all others; the three tokens are what all reserves' tokens are made of."""

    provider: str
    access: str
    pool: str
    configurator: str
    oracle: str
    data: str
    rates: str
    supply_token: str
    stable_debt_token: str
    variable_debt_token: str


_POOL = "protocol/pool/Pool.sol"
_CONFIGURATOR = "protocol/pool/PoolConfigurator.sol"
_DATA = "misc/AaveProtocolDataProvider.sol"


def aave_pool_of(site: Site) -> Contract:
    """Bind the pool; raises MarketError where Aave is not deployed."""
    return Contract(site.rpc, AAVE.found(site).pool, _ARTIFACTS.read(_POOL).abi_entries)


def health_wad(site: Site, borrower: str) -> int:
    """What a borrower's collateral may bear over what it owes, 18 decimals; below 1 it is sold."""
    return int(aave_pool_of(site).function("getUserAccountData")(borrower).healthFactor)


class _Libraries:
    """Aave's contracts with the libraries that they call, each created once."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._paths = {
            each.rpartition(":")[2]: each for each in _ARTIFACTS.contracts("protocol/libraries")
        }
        self._addresses: dict[str, str] = {}

    def create(self, path: str, *arguments: Any) -> Contract:
        """Create a contract after what it calls."""
        return self._site.deployer.create(self._linked(path), *arguments)

    def _linked(self, path: str) -> Artifact:
        unlinked = _ARTIFACTS.read(path)
        for name in unlinked.references:
            if name not in self._addresses:
                library = self._linked(self._paths[name])
                self._addresses[name] = self._site.deployer.create(library).address
        return unlinked.linked(self._addresses)


def _deploy(site: Site) -> Aave:
    made, deployer, owner = _Libraries(site), site.deployer, site.deployer.account
    market = f"Keel {site.contracts.wrapped.address}"
    provider = made.create("protocol/configuration/PoolAddressesProvider.sol", market, owner)
    deployer.settle()
    if provider.function("getACLAdmin")() == _NOBODY:
        deployer.call(provider, "setACLAdmin", owner)
        deployer.settle()  # ACLManager's constructor asks for it
    access = made.create("protocol/configuration/ACLManager.sol", provider)
    pool_code = made.create(_POOL, provider)
    configurator_code = made.create(_CONFIGURATOR)
    oracle = _create_oracle(site, made, provider)
    if provider.function("getPoolConfigurator")() == _NOBODY:
        deployer.call(provider, "setACLManager", access)
        deployer.call(access, "addPoolAdmin", owner)
        deployer.call(access, "addRiskAdmin", owner)
        deployer.call(provider, "setPriceOracle", oracle)
        deployer.call(provider, "setPoolImpl", pool_code)
        deployer.call(provider, "setPoolConfiguratorImpl", configurator_code)  # knows the pool
    deployer.settle()
    pool = pool_code.at(provider.function("getPool")())
    configurator = configurator_code.at(provider.function("getPoolConfigurator")())
    tokens = _create_tokens(made, provider, pool)
    data = made.create(_DATA, provider)
    if provider.function("getPoolDataProvider")() == _NOBODY:
        deployer.call(provider, "setPoolDataProvider", data)
    deployer.settle()
    _open_reserves(site, pool, configurator, tokens)
    _bring_first_supply(site, pool, data)
    return Aave(
        provider=provider.address,
        access=access.address,
        pool=pool.address,
        configurator=configurator.address,
        oracle=oracle.address,
        data=data.address,
        **{name: token.address for name, token in tokens.items()},
    )


def _create_oracle(site: Site, made: _Libraries, provider: Contract) -> Contract:
    """Ask Keel's feed for wkETH, and take WETH for the unit of all prices."""
    assets, sources = [site.contracts.wrapped.address], [FEEDS.found(site).rate]
    weth = WETH.found(site).weth
    return made.create("misc/AaveOracle.sol", provider, assets, sources, _NOBODY, weth, ETHER)


def _create_tokens(made: _Libraries, provider: Contract, pool: Contract) -> Mapping[str, Contract]:
    """What all reserves' tokens are made of, and their rates; fields of Aave."""
    stable = (0, 0, 0, 0, 0)  # nobody borrows at the stable rate
    strategy = "protocol/pool/DefaultReserveInterestRateStrategy.sol"
    return {
        "rates": made.create(strategy, provider, _OPTIMAL_USE_RAY, *_RATES_RAY, *stable),
        "supply_token": made.create("protocol/tokenization/AToken.sol", pool),
        "stable_debt_token": made.create("protocol/tokenization/StableDebtToken.sol", pool),
        "variable_debt_token": made.create("protocol/tokenization/VariableDebtToken.sol", pool),
    }


def _open_reserves(
    site: Site, pool: Contract, configurator: Contract, tokens: Mapping[str, Contract]
) -> None:
    """List WETH and wkETH."""
    deployer, weth, wrapped = site.deployer, weth_of(site), site.contracts.wrapped
    if not pool.function("getReservesList")():
        inputs = [_reserve(site, tokens, weth, "WETH"), _reserve(site, tokens, wrapped, "wkETH")]
        deployer.call(configurator, "initReserves", inputs)
    if not pool.function("getEModeCategoryData")(E_MODE).ltv:
        terms = (LTV_BPS, LIQUIDATION_BPS, BONUS_BPS)
        deployer.call(configurator, "configureReserveAsCollateral", wrapped, *terms)
        deployer.call(configurator, "setReserveBorrowing", weth, True)
        terms = (E_MODE_LTV_BPS, E_MODE_LIQUIDATION_BPS, E_MODE_BONUS_BPS)
        deployer.call(configurator, "setEModeCategory", E_MODE, *terms, _NOBODY, "ether")
        for token in (weth, wrapped):
            deployer.call(configurator, "setReserveFlashLoaning", token, True)
            deployer.call(configurator, "setAssetEModeCategory", token, E_MODE)
    deployer.settle()


def _bring_first_supply(site: Site, pool: Contract, data: Contract) -> None:
    """Bring in the first WETH, unless there is some."""
    deployer, weth = site.deployer, weth_of(site)
    if not data.function("getATokenTotalSupply")(weth):
        deployer.call(weth, "deposit", value_wei=FIRST_SUPPLY_WEI)
        deployer.call(weth, "approve", pool, FIRST_SUPPLY_WEI)
        deployer.call(pool, "supply", weth, FIRST_SUPPLY_WEI, deployer.account, 0)
        deployer.settle()


def _reserve(
    site: Site, tokens: Mapping[str, Contract], asset: Contract, symbol: str
) -> dict[str, Any]:
    """The package's InitReserveInput."""
    return {
        "aTokenImpl": tokens["supply_token"],
        "stableDebtTokenImpl": tokens["stable_debt_token"],
        "variableDebtTokenImpl": tokens["variable_debt_token"],
        "underlyingAssetDecimals": 18,
        "interestRateStrategyAddress": tokens["rates"],
        "underlyingAsset": asset,
        "treasury": site.actors["treasury"],
        "incentivesController": _NOBODY,
        "aTokenName": f"Aave {symbol}",
        "aTokenSymbol": f"a{symbol}",
        "variableDebtTokenName": f"Aave Variable Debt {symbol}",
        "variableDebtTokenSymbol": f"variableDebt{symbol}",
        "stableDebtTokenName": f"Aave Stable Debt {symbol}",
        "stableDebtTokenSymbol": f"stableDebt{symbol}",
        "params": b"",
    }


def _status(site: Site, at: Aave) -> Iterator[Line]:
    yield Line("pool", at.pool, f"{_reserves(site, at)}; wkETH is worth {_price(site, at)} ETH")
    terms = f"{E_MODE_LTV_BPS / 100:.0f} % in e-mode {E_MODE}, else {LTV_BPS / 100:.0f} %"
    yield Line("configurator", at.configurator, f"lends up to {terms} of wkETH")
    yield Line("data provider", at.data, "says what each reserve and each user has")


def _reserves(site: Site, at: Aave) -> str:
    data = Contract(site.rpc, at.data, _ARTIFACTS.read(_DATA).abi_entries)
    found = data.function("getReserveData")(WETH.found(site).weth)
    supplied, lent = found.totalAToken, found.totalVariableDebt
    held = data.function("getATokenTotalSupply")(site.contracts.wrapped)
    return (
        f"{shown_ether(lent)} of {shown_ether(supplied)} WETH lent "
        f"({lent / max(supplied, 1):.1%}), {shown_ether(held)} wkETH held"
    )


def _price(site: Site, at: Aave) -> str:
    oracle = Contract(site.rpc, at.oracle, _ARTIFACTS.read("misc/AaveOracle.sol").abi_entries)
    return shown_ether(oracle.function("getAssetPrice")(site.contracts.wrapped), 6)


AAVE = System("aave", TITLES["aave"], Aave, _deploy, _status, needs=(WETH, FEEDS))
