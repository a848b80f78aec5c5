"""Pendle: its factories, wkETH as a standardised yield, its principal and yield, and a market.

The pair matures at the maturity after the next. The deployer puts some ether into the market, so
that it has a price. Pendle's own token is in no package: WETH stands in
its place at the gauge controller, which pays none of it. Pendle takes no part of the yield here.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keel.chain.clock import now
from keel.chain.contract import Contract
from keel.chain.state import chain_id, runtime_code
from keel.deploy.addresses import create2_address
from keel.deploy.artifacts import Artifact
from keel.formatting.amounts import shown_ether
from keel.market.artifacts import ArtifactFolder
from keel.market.system import Addresses, Line, Site, System
from keel.market.weth import WETH
from keel.model.constants import DAY, ETHER

LIQUIDITY_WEI = 20 * ETHER
"""Ether that the deployer puts into the market, half of it split first."""

_SCALAR_ROOT = 30 * ETHER
_LN_FEE_RATE_ROOT = ETHER // 1000

_ARTIFACTS = ArtifactFolder("@pendle/core-v2", "build/artifacts/contracts")
_YIELD_FOLDER = "core/YieldContracts"
_MARKET_FOLDER = "core/Market"
_ETHER_TOKEN = "0x" + "0" * 40
_STORES_WHAT_FOLLOWS = bytes.fromhex("600d380380600d6000396000f3")
"""Creation code of 13 bytes whose contract is all that comes after it."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When pairs may mature, and at what price their market begins.

    `term_seconds` lie between two maturities, which are multiples of `divisor_seconds`;
    `anchor_wad` is ether for a principal at equal reserves.
    """

    term_seconds: int
    divisor_seconds: int
    anchor_wad: int


QUARTERS = Calendar(91 * DAY, DAY, 1_010_000_000_000_000_000)
"""As on mainnet: 2 to 4 % a year, a term or two before maturity."""


@dataclass(frozen=True, slots=True)
class Pendle(Addresses):
    """Where its contracts are; `adapter` is Keel's own, SY-wkETH."""

    adapter: str
    yield_factory: str
    market_factory: str
    gauge: str
    principal: str
    yields: str
    market: str


@dataclass(frozen=True, slots=True)
class Split:
    """wkETH as Pendle has it: standardised, as principal (PT) and yield (YT), and their market."""

    adapter: Contract
    principal: Contract
    yields: Contract
    market: Contract


@dataclass(frozen=True, slots=True)
class _Core:
    adapter: Contract
    yield_factory: Contract
    market_factory: Contract
    gauge: Contract
    market_code: bytes


def split_of(site: Site) -> Split:
    """Bind the pair and its market; raises MarketError where they are not deployed."""
    return _bound(site, PENDLE.found(site))


def ln_implied_rate(market: Contract) -> int:
    """Natural logarithm of what a year pays on a principal at the last price, in parts of 1e18."""
    return int(market.function("_storage")()[2])


def _bound(site: Site, at: Pendle) -> Split:
    return Split(
        adapter=site.bind(site.own("YieldAdapter"), at.adapter),
        principal=site.bind(_read(f"{_YIELD_FOLDER}/PendlePrincipalToken"), at.principal),
        yields=site.bind(_read(f"{_YIELD_FOLDER}/PendleYieldToken"), at.yields),
        market=site.bind(_market_artifact({"OracleLib": _ETHER_TOKEN}), at.market),
    )


def _read(path: str) -> Artifact:
    return _ARTIFACTS.read(f"{path}.sol").linked()


def _market_artifact(libraries: dict[str, str]) -> Artifact:
    return _ARTIFACTS.read(f"{_MARKET_FOLDER}/PendleMarketV7.sol").linked(libraries)


def _deploy(site: Site, calendar: Calendar) -> Pendle:
    core = _create_core(site, calendar)
    expiry = (now(site.rpc) // calendar.term_seconds + 2) * calendar.term_seconds
    pair = (core.adapter.address, expiry)
    if _is_zero(_answer(core.yield_factory, "getPT", *pair)):
        _stake(site, core.adapter)  # before the pair, so where that stands it was done
        site.deployer.call(core.yield_factory, "createYieldContract", *pair, False)
    site.deployer.settle()

    principal, yields = (core.yield_factory.function(f)(*pair) for f in ("getPT", "getYT"))
    terms = (principal, _SCALAR_ROOT, calendar.anchor_wad, _LN_FEE_RATE_ROOT)
    market = _market_address(core, terms)
    if not runtime_code(site.rpc, market):
        site.deployer.call(core.market_factory, "createNewMarket", *terms)
    at = Pendle(
        adapter=core.adapter.address,
        yield_factory=core.yield_factory.address,
        market_factory=core.market_factory.address,
        gauge=core.gauge.address,
        principal=principal,
        yields=yields,
        market=market,
    )
    split = _bound(site, at)
    if not _answer(split.market, "totalSupply"):
        _add_liquidity(site, split)
    site.deployer.settle()
    return at


def _create_core(site: Site, calendar: Calendar) -> _Core:
    deployer = site.deployer
    owner, treasury = deployer.account, site.actors["treasury"]
    weth = WETH.found(site).weth
    adapter = deployer.create(site.own("YieldAdapter"), site.contracts.wrapped.address)
    gauge = _proxied(
        site, _read("LiquidityMining/GaugeController/PendleGaugeControllerUpg"), [weth], [owner]
    )
    yield_code = _read(f"{_YIELD_FOLDER}/PendleYieldToken").creation_code
    yield_factory = _proxied(
        site,
        _read(f"{_YIELD_FOLDER}/PendleYieldContractFactoryUpg"),
        _stored(site, yield_code),
        [calendar.divisor_seconds, 0, 0, treasury, owner],
    )
    oracle = deployer.create(_read(f"{_MARKET_FOLDER}/OracleLib"))
    market_code = _market_artifact({"OracleLib": oracle.address}).creation_code
    market_factory = _proxied(
        site,
        _read(f"{_MARKET_FOLDER}/PendleMarketFactoryV7Upg"),
        [yield_factory.address, *_stored(site, market_code), gauge.address],
        [owner, treasury, 0],
    )
    return _Core(adapter, yield_factory, market_factory, gauge, market_code)


def _proxied(site: Site, artifact: Artifact, arguments: list[Any], initial: list[Any]) -> Contract:
    """Create a contract behind OpenZeppelin's ERC1967Proxy, initialised by its owner itself."""
    code = site.deployer.create(artifact, *arguments)
    # The proxy wants a call. It comes from the deployment proxy, so it is one that changes nothing.
    data = code.function("owner").encode()
    proxy = site.deployer.create(site.own("WithdrawalVaultProxy"), code.address, data)
    proxied = site.bind(artifact, proxy.address)
    if _is_zero(_answer(proxied, "owner")):
        site.deployer.call(proxied, "initialize", *initial)
    return proxied


def _stored(site: Site, code: bytes) -> list[Any]:
    """Store creation code as two contracts, as Pendle's factories read it."""
    half = len(code) // 2
    stored: list[Any] = []
    for part in (code[:half], code[half:]):
        artifact = Artifact("a half of creation code", "", (), _STORES_WHAT_FOLLOWS + part)
        stored += [site.deployer.create(artifact).address, len(part)]
    return stored


def _market_address(core: _Core, terms: tuple[Any, ...]) -> str:
    """Where the factory creates a market of these terms."""
    arguments = encode(
        ["address", "int256", "int256", "uint80", "address"], [*terms, core.gauge.address]
    )
    salt = chain_id(core.market_factory.rpc).to_bytes(32)
    code_hash = bytes(keccak(core.market_code + arguments))
    return create2_address(core.market_factory.address, salt, code_hash)


def _stake(site: Site, adapter: Contract) -> None:
    account = site.deployer.account
    arguments = (account, _ETHER_TOKEN, LIQUIDITY_WEI, 0)
    site.deployer.call(adapter, "deposit", *arguments, value_wei=LIQUIDITY_WEI)


def _add_liquidity(site: Site, split: Split) -> None:
    """Split half of the deployer's shares and put its principal with the other half."""
    call, account = site.deployer.call, site.deployer.account
    shares = split.adapter.function("balanceOf")(account)
    half = shares // 2
    # The rate rises until the split is mined, so there is at least as much principal.
    principal = half * split.adapter.function("exchangeRate")() // ETHER
    call(split.adapter, "transfer", split.yields.address, half)
    call(split.yields, "mintPY", account, account)
    call(split.adapter, "transfer", split.market.address, shares - half)
    call(split.principal, "transfer", split.market.address, principal)
    call(split.market, "mint", account, shares - half, principal)


def _answer(contract: Contract, function: str, *arguments: Any) -> Any:
    """What a function answers; None where the contract does not stand yet."""
    if not runtime_code(contract.rpc, contract.address):
        return None
    return contract.function(function)(*arguments)


def _is_zero(address: str | None) -> bool:
    return address is None or int(address, 16) == 0


def _status(site: Site, at: Pendle) -> Iterator[Line]:
    split = _bound(site, at)
    supply = split.adapter.function("totalSupply")()
    yield Line("SY-wkETH", at.adapter, f"{shown_ether(supply)} wkETH")
    face = split.principal.function("totalSupply")()
    days = (split.market.function("expiry")() - now(site.rpc)) // 86_400
    yield Line("principal", at.principal, f"{shown_ether(face)} PT, {days} days to maturity")
    a_year = math.expm1(ln_implied_rate(split.market) / ETHER)
    yield Line("market", at.market, f"implied rate {a_year:.2%} a year")


def pendle_with(calendar: Calendar) -> System[Pendle]:
    """Pendle whose pairs mature by another calendar."""
    return System(
        "pendle",
        "Pendle",
        Pendle,
        lambda site: _deploy(site, calendar),
        _status,
        needs=(WETH,),
    )


PENDLE = pendle_with(QUARTERS)
