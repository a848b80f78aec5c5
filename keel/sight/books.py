"""Keel's accounts at one block."""

from dataclasses import dataclass

from keel.chain.contract import call_many
from keel.chain.state import block_head
from keel.deploy.bindings import Bindings
from keel.model.frames import State
from keel.model.yields import stream_apr_bps


@dataclass(frozen=True, slots=True)
class Books:
    """All amounts in wei; `shares` is S, `backing_wei` A, `unvested_wei` U, `owed_wei` Q."""

    time: int
    state: State
    shares: int
    backing_wei: int
    unvested_wei: int
    buffered_wei: int
    consensus_wei: int
    pending_wei: int
    owed_wei: int
    last_ref_time: int
    announced_at: int
    announced_wei: int
    is_insolvent: bool
    wrapped_units: int
    fund_units: int
    fund_wei: int
    stream_end: int

    @property
    def visible_wei(self) -> int:
        """V, which is the supply of kETH."""
        return self.backing_wei - self.unvested_wei

    @property
    def apr_bps(self) -> int:
        """What the stream pays a year on V."""
        return stream_apr_bps(self.unvested_wei, self.stream_end - self.time, self.visible_wei)


def read_books(contracts: Bindings) -> Books:
    """Read everything at the latest block."""
    vault, wrapped, fund = contracts.vault, contracts.wrapped, contracts.fund
    head = block_head(contracts.rpc)
    calls = [
        vault.state.prepare(),
        vault.totals.prepare(),
        vault.consensus.prepare(),
        vault.bufferedWei.prepare(),
        vault.stream.prepare(),
        contracts.queue.owedWei.prepare(),
        wrapped.totalSupply.prepare(),
        fund.totalAssets.prepare(),
    ]
    state, totals, consensus, buffered_wei, stream, owed_wei, units, fund_units = call_many(
        contracts.rpc, calls, head.number
    )
    base, is_insolvent = call_many(
        contracts.rpc,
        [vault.reportBase.prepare(head.timestamp), vault.isInsolvent.prepare()],
        head.number,
    )
    return Books(
        time=head.timestamp,
        state=State(state),
        shares=totals.shares,
        backing_wei=totals.assetsWei,
        unvested_wei=totals.unvestedWei,
        buffered_wei=buffered_wei,
        consensus_wei=consensus.balanceWei,
        pending_wei=consensus.pendingWei,
        owed_wei=owed_wei,
        last_ref_time=consensus.lastRefTime,
        announced_at=consensus.announcedAt,
        announced_wei=base.announcedWei,
        is_insolvent=is_insolvent,
        wrapped_units=units,
        fund_units=fund_units,
        fund_wei=wrapped.convertToAssets(fund_units),
        stream_end=stream.streamEnd,
    )
