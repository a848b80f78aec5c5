"""The numbers of one block as JSON for other programs, with a schema.

Every amount is a decimal text, since JSON readers round large numbers; its name says the unit.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from keel.dashboard.contracts import TOKENS
from keel.dashboard.view import Snapshot
from keel.deploy.manifest import Manifest
from keel.formatting.amounts import exact_ether
from keel.model.constants import BPS, ETHER

_NATIVE = "0x" + "0" * 40
_CHAINS = {1: "Ethereum", 560048: "Hoodi"}

type Digits = Annotated[str, Field(pattern="^[0-9]+$")]
"""A whole number as text."""
type Address = Annotated[str, Field(pattern="^0x[0-9a-fA-F]{40}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BlockNumbers(_Part):
    """The block at which everything was read; `time` in Unix seconds."""

    number: int
    hash: str
    time: int


class LockedEther(_Part):
    """B + C + P of docs/design.md: all ether that Keel controls, at the last report and since."""

    total_wei: Digits
    total_ether: str
    buffered_wei: Digits
    consensus_wei: Digits
    pending_wei: Digits


class Yield(_Part):
    """`apr_percent` is what the running stream pays a year on the supply of kETH.

    `on_mainnet_percent` is what it would be on mainnet, None where the chain is like mainnet.
    """

    apr_percent: float
    apr_bps: int
    on_mainnet_percent: float | None


class Supplies(_Part):
    """Tokens in steps of 1e-18; `rate_wei` is ether of one whole wkETH."""

    keth_wei: Digits
    wketh_units: Digits
    rate_wei: Digits
    shares: Digits


class Tickets(_Part):
    """The queue: `waiting` tickets are owed `owed_wei`; `index_ray` is 1e27 before any loss."""

    waiting: int
    last: int
    last_finalised: int
    owed_wei: Digits
    index_ray: Digits


class Validators(_Part):
    """`staked` and `paid_out` parts of 32 ETH by the registry, `proven_slashed_wei` by proofs.

    The others are by the last report, of slot `reported_slot`; what it has counted is no more in
    `proven_slashed_wei`.
    """

    staked: int
    paid_out: int
    proven_slashed_wei: Digits
    active: int
    exited: int
    slashed: int
    reported_slot: int


class Insurance(_Part):
    """The fund's wkETH, what it is worth, and what it covers at most.

    `forfeited_bonds_wei` cover a loss before it.
    """

    wketh_units: Digits
    worth_wei: Digits
    covers_wei: Digits
    forfeited_bonds_wei: Digits


class Statistics(_Part):
    """Keel at one block. `state` is one of those of STA-2."""

    chain_id: int
    block: BlockNumbers
    contracts: Mapping[str, Address]
    state: str
    tvl: LockedEther
    yields: Yield
    supplies: Supplies
    queue: Tickets
    validators: Validators
    insurance: Insurance

    @classmethod
    def of(cls, snapshot: Snapshot, manifest: Manifest, on_mainnet_bps: int | None) -> Self:
        """Everything from one snapshot."""
        accounts, queue, oracle, fund = (
            snapshot.accounts,
            snapshot.queue,
            snapshot.oracle,
            snapshot.fund,
        )
        head = snapshot.head
        return cls(
            chain_id=manifest.chain_id,
            block=BlockNumbers(number=head.number, hash=head.hash, time=head.timestamp),
            contracts=dict(manifest.addresses),
            state=snapshot.state.name.lower(),
            tvl=LockedEther(
                total_wei=str(accounts.controlled_wei),
                total_ether=exact_ether(accounts.controlled_wei),
                buffered_wei=str(accounts.buffered_wei),
                consensus_wei=str(accounts.consensus_wei),
                pending_wei=str(accounts.pending_wei),
            ),
            yields=Yield(
                apr_percent=_percent(snapshot.apr_bps),
                apr_bps=snapshot.apr_bps,
                on_mainnet_percent=None if on_mainnet_bps is None else _percent(on_mainnet_bps),
            ),
            supplies=Supplies(
                keth_wei=str(accounts.visible_wei),
                wketh_units=str(snapshot.wrapped_units),
                rate_wei=str(snapshot.rate_wei),
                shares=str(accounts.shares),
            ),
            queue=Tickets(
                waiting=queue.waiting_count,
                last=queue.last_ticket,
                last_finalised=queue.last_finalised,
                owed_wei=str(accounts.owed_wei),
                index_ray=str(queue.index_ray),
            ),
            validators=Validators(
                staked=sum(operator.staked for operator in snapshot.operators),
                paid_out=sum(operator.paid_out for operator in snapshot.operators),
                proven_slashed_wei=str(snapshot.doors.slashed_wei),
                active=oracle.active,
                exited=oracle.exited,
                slashed=oracle.slashed,
                reported_slot=oracle.ref_slot,
            ),
            insurance=Insurance(
                wketh_units=str(fund.units),
                worth_wei=str(fund.worth_wei),
                covers_wei=str(fund.cover_wei),
                forfeited_bonds_wei=str(fund.forfeit_wei),
            ),
        )


class Pool(_Part):
    """One token as aggregators of yields list them; ether in place of dollars, which Keel lacks."""

    pool: str
    chain: str
    project: str
    symbol: str
    tvlEth: float  # noqa: N815 (aggregators spell their fields so)
    apyBase: float  # noqa: N815
    underlyingTokens: tuple[Address, ...]  # noqa: N815
    rewardTokens: tuple[Address, ...]  # noqa: N815
    poolMeta: str  # noqa: N815


class Pools(_Part):
    """`data` as a list of pools; `balances` is the ether behind them by token, in wei."""

    status: str
    block: int
    balances: Mapping[Address, Digits]
    data: tuple[Pool, ...]

    @classmethod
    def of(cls, snapshot: Snapshot, manifest: Manifest) -> Self:
        """Ether of wrapped kETH is counted as wkETH alone."""
        held_wei = {
            "kETH": snapshot.accounts.visible_wei - _wrapped_wei(snapshot),
            "wkETH": _wrapped_wei(snapshot),
        }
        chain = _CHAINS.get(manifest.chain_id, f"chain {manifest.chain_id}")
        return cls(
            status="success",
            block=snapshot.head.number,
            balances={_NATIVE: str(snapshot.accounts.controlled_wei)},
            data=tuple(
                Pool(
                    pool=f"{manifest.addresses[token.contract]}-{manifest.chain_id}".lower(),
                    chain=chain,
                    project="keel",
                    symbol=token.symbol,
                    tvlEth=float(exact_ether(held_wei[token.symbol])),
                    apyBase=_percent(snapshot.apr_bps),
                    underlyingTokens=(_NATIVE,),
                    rewardTokens=(manifest.addresses[token.contract],),
                    poolMeta="liquid staking",
                )
                for token in TOKENS
            ),
        )


def statistics_schema() -> dict[str, Any]:
    """JSON Schema of both answers."""
    return {
        "statistics": Statistics.model_json_schema(mode="serialization"),
        "pools": Pools.model_json_schema(mode="serialization"),
    }


def _wrapped_wei(snapshot: Snapshot) -> int:
    return snapshot.wrapped_units * snapshot.rate_wei // ETHER


def _percent(value_bps: int) -> float:
    return float(Decimal(value_bps * 100) / BPS)
