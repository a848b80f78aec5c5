"""A pool between two tokens of the tests, of which one has any rate, and the same as a model."""

from dataclasses import dataclass

from ape.contracts import ContractContainer

from keel.chain.clock import now, set_next_timestamp
from keel.chain.contract import Contract, deploy
from keel.chain.rpc import RpcClient
from keel.chain.state import set_storage, unlocked_accounts
from keel.chain.transaction import Receipt
from keel.deploy.artifacts import Artifacts, artifact_named
from keel.market.contracts import StablePool
from keel.model.errors import Refused
from keel.model.market import stable_pool as model
from tests.deployment import Actors

RAY = 10**27
ALL = 2**256 - 1
"""Any deadline."""
PLENTY = 2**100
_RESERVES_SLOT = 0


def deployed_pool(
    rpc: RpcClient,
    artifacts: Artifacts,
    tokens: tuple[str, str],
    *,
    amplification: int = 200,
    fee_per_million: int = 400,
) -> StablePool:
    """Deploy a pool between wkETH and WETH."""
    artifact = artifact_named(artifacts, "StablePool")
    arguments = (*tokens, amplification, fee_per_million)
    (sender, *_) = unlocked_accounts(rpc)
    created, _ = deploy(rpc, artifact.abi, artifact.creation_code, *arguments, sender=sender)
    return StablePool(rpc, created.address, artifact.abi)


@dataclass(frozen=True)
class PoolStage:
    """One pool; `holder` and `trader` have plenty of both tokens and let the pool take them."""

    pool: StablePool
    wrapped: Contract
    weth: Contract
    holder: str
    trader: str
    other: str

    @property
    def rpc(self) -> RpcClient:
        """The chain."""
        return self.pool.rpc

    def set_rate(self, rate_ray: int) -> None:
        """Let 10^27 units of the first token be worth so many wei."""
        self.wrapped.function("setRate").send(rate_ray, sender=self.other)

    def set_reserves(self, units: int, weth_wei: int) -> None:
        """Write the reserves where the pool keeps them, whatever tokens it has."""
        set_storage(self.rpc, self.pool.address, _RESERVES_SLOT, units << 128 | weth_wei)

    def add(self, units: int, weth_wei: int, holder: str | None = None) -> Receipt:
        """Add liquidity without a minimum."""
        sender = holder or self.holder
        return self.pool.addLiquidity.send(units, weth_wei, 0, sender, ALL, sender=sender)

    def exchange(self, is_wrapped_in: bool, amount_in: int) -> Receipt:
        """Trade without a minimum."""
        token = (self.wrapped if is_wrapped_in else self.weth).address
        return self.pool.exchange.send(token, amount_in, 0, self.trader, ALL, sender=self.trader)

    def remove(self, shares: int) -> Receipt:
        """Remove both coins without minimums."""
        return self.pool.removeLiquidity.send(shares, 0, 0, self.holder, ALL, sender=self.holder)

    def remove_one(self, shares: int, is_wrapped_out: bool) -> Receipt:
        """Remove one coin without a minimum."""
        token = (self.wrapped if is_wrapped_out else self.weth).address
        arguments = (shares, token, 0, self.holder, ALL)
        return self.pool.removeLiquidityOneCoin.send(*arguments, sender=self.holder)

    def held_by(self, account: str) -> tuple[int, int]:
        """Units and wei of an account."""
        of_both = (token.function("balanceOf")(account) for token in (self.wrapped, self.weth))
        units, weth_wei = of_both
        return units, weth_wei

    def at_next(self, seconds: int) -> int:
        """Let the next block come so much later; returns its time."""
        time = now(self.rpc) + seconds
        set_next_timestamp(self.rpc, time)
        return time


def staged(
    rpc: RpcClient,
    artifacts: Artifacts,
    actors: Actors,
    test_contracts: dict[str, ContractContainer],
    *,
    amplification: int = 200,
    fee_per_million: int = 400,
) -> PoolStage:
    """Deploy two tokens and the pool between them; nobody has added anything."""
    wrapped, weth = (_token(rpc, actors, test_contracts) for _ in range(2))
    pool = deployed_pool(
        rpc,
        artifacts,
        (wrapped.address, weth.address),
        amplification=amplification,
        fee_per_million=fee_per_million,
    )
    stage = PoolStage(
        pool,
        wrapped,
        weth,
        actors.depositor.address,
        actors.redeemer.address,
        actors.stranger.address,
    )
    for account in (stage.holder, stage.trader):
        for token in (wrapped, weth):
            token.function("mint").send(account, PLENTY, sender=account)
            token.function("approve").send(pool.address, ALL, sender=account)
    return stage


def model_of(pool: StablePool, supply: int | None = None) -> model.StablePool:
    """Return the model with the contract's reserves and terms, without its past prices."""
    return model.StablePool(
        pool.AMPLIFICATION(),
        pool.FEE_PER_MILLION(),
        model.Reserves(*pool.reserves()),
        pool.totalSupply() if supply is None else supply,
    )


def refusal_of(refused: Refused) -> tuple[str, dict[str, object]]:
    """Name and arguments of a refusal, as `fails` compares them."""
    return type(refused).__name__, refused.arguments


def _token(
    rpc: RpcClient, actors: Actors, test_contracts: dict[str, ContractContainer]
) -> Contract:
    compiled = test_contracts["TestRatedToken"].contract_type
    code = bytes(compiled.get_deployment_bytecode() or b"")
    abi = [entry.model_dump(mode="json", by_alias=True) for entry in compiled.abi]
    token, _ = deploy(rpc, abi, code, sender=actors.deployer.address)
    return token
