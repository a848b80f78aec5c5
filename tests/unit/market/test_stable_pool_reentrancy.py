"""Tokens that call whose they are, and one of those who uses the moment."""

import pytest
from ape.contracts import ContractContainer

from keel.chain.contract import Contract, deploy
from keel.deploy.artifacts import Artifacts, artifact_named
from keel.model.constants import ETHER
from tests.unit.market.pools import ALL, PLENTY, PoolStage

VIEWS = (
    "reserves",
    "invariantWei",
    "virtualPrice",
    "spotPrice",
    "cumulativePrice",
    "totalSupply",
)


@pytest.fixture
def attacker(stage: PoolStage, test_contracts: dict[str, ContractContainer]) -> Contract:
    """Holds both tokens and shares, and is called when a token moves."""
    stage.add(1_000 * ETHER, 1_000 * ETHER)
    compiled = test_contracts["TestPoolAttacker"].contract_type
    code = bytes(compiled.get_deployment_bytecode() or b"")
    abi = [entry.model_dump(mode="json", by_alias=True) for entry in compiled.abi]
    tokens = [stage.wrapped.address, stage.weth.address]
    found, _ = deploy(stage.rpc, abi, code, stage.pool.address, tokens, sender=stage.other)
    for token in (stage.wrapped, stage.weth):
        token.function("mint").send(found.address, PLENTY, sender=stage.other)
    _act(found, stage, stage.pool.addLiquidity.encode(ETHER, ETHER, 0, found.address, ALL))
    for token in (stage.wrapped, stage.weth):
        token.function("tell").send(found.address, sender=stage.other)
    return found


@pytest.fixture
def calls(stage: PoolStage, attacker: Contract) -> list[bytes]:
    """Everything that the pool can be asked, each of which works by itself."""
    pool, own, wrapped = stage.pool, attacker.address, stage.wrapped.address
    shares = ETHER // 100
    return [
        pool.exchange.encode(wrapped, ETHER, 0, own, ALL),
        pool.addLiquidity.encode(ETHER, ETHER, 0, own, ALL),
        pool.removeLiquidity.encode(shares, 0, 0, own, ALL),
        pool.removeLiquidityOneCoin.encode(shares, wrapped, 0, own, ALL),
        pool.transfer.encode(stage.other, shares),
        pool.transferFrom.encode(own, own, 0),
        pool.approve.encode(stage.other, shares),
        pool.balanceOf.encode(own),
        pool.allowance.encode(own, own),
        pool.nonces.encode(own),
        pool.DOMAIN_SEPARATOR.encode(),
        pool.previewExchange.encode(wrapped, ETHER),
        pool.previewAddLiquidity.encode(ETHER, ETHER),
        pool.previewRemoveLiquidity.encode(shares),
        pool.previewRemoveLiquidityOneCoin.encode(shares, wrapped),
        *[pool.function(name).encode() for name in VIEWS],
    ]


def test_all_of_them_are_all_that_can_change(artifacts: Artifacts, calls: list[bytes]) -> None:
    """POL-8: only what never changes is left out, and permits, which name their owner."""
    abi = artifact_named(artifacts, "StablePool").abi
    selectors = {data[:4] for data in calls}
    left_out = {
        name
        for name, forms in abi.functions.items()
        if not any(form.inputs.selector in selectors for form in forms.values())
    }
    terms = {"WRAPPED", "WETH", "AMPLIFICATION", "FEE_PER_MILLION"}
    assert left_out == terms | {"name", "symbol", "decimals", "permit"}


@pytest.mark.parametrize("entry", range(4))
def test_nothing_answers_while_a_call_is_under_way(
    stage: PoolStage, attacker: Contract, calls: list[bytes], entry: int
) -> None:
    """POL-8: neither functions nor views, during any of the four calls; all do after it."""
    own, shares = attacker.address, ETHER // 10
    under_way = [
        stage.pool.exchange.encode(stage.wrapped.address, ETHER, 0, own, ALL),
        stage.pool.addLiquidity.encode(ETHER, ETHER, 0, own, ALL),
        stage.pool.removeLiquidity.encode(shares, 0, 0, own, ALL),
        stage.pool.removeLiquidityOneCoin.encode(shares, stage.weth.address, 0, own, ALL),
    ][entry]
    attacker.function("plan").send(calls, sender=stage.other)
    _act(attacker, stage, under_way)
    assert attacker.function("passed")() == (False,) * len(calls)
    attacker.function("plan").send([], sender=stage.other)
    for data in calls:
        _act(attacker, stage, data)


def _act(attacker: Contract, stage: PoolStage, data: bytes) -> None:
    attacker.function("act").send(data, sender=stage.other)
