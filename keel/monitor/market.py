"""Reads what a manifest's market says of wkETH, at the head of a client that is pinned to it."""

from collections.abc import Callable
from pathlib import Path

from keel.chain.contract import call_many
from keel.chain.state import BlockHead
from keel.deploy.bindings import Bindings
from keel.model.constants import ETHER, SHARES_PER_UNIT
from keel.monitor.borrowers import BorrowerIndex
from keel.monitor.reading import MarketReading
from keel.sight.market.loans import read_loans
from keel.sight.market.places import Places
from keel.sight.market.pools import read_feeds, read_pools

type FindPlaces = Callable[[], Places | None]
"""What the manifest names now."""


class MarketReader:
    """Keeps who has borrowed; all else is read anew."""

    def __init__(
        self,
        contracts: Bindings,
        first_block: int,
        find_places: FindPlaces,
        data: Path,
        chain_id: int,
        *,
        only_reads: bool,
    ) -> None:
        self._contracts = contracts
        self._find_places = find_places
        self._borrowers = BorrowerIndex(
            contracts, first_block, data, chain_id, only_reads=only_reads
        )

    def read(self, head: BlockHead, rate_wei: int) -> MarketReading | None:
        """Everything at the head, None without a market; raises what the client raises."""
        places, c = self._find_places(), self._contracts
        if places is None:
            return None
        redeemable_wei, (paid_wei, _) = call_many(
            c.rpc,
            [
                c.instant.redeemableWei.prepare(),
                c.instant.previewRedeem.prepare(ETHER * SHARES_PER_UNIT),
            ],
        )
        loans = read_loans(c.rpc, c.wrapped.address, places, head.timestamp)
        return MarketReading(
            pools=read_pools(c, places, rate_wei),
            feeds=read_feeds(c.rpc, places),
            loans=loans,
            debts=self._borrowers.read(places, loans, head),
            instant_wei=paid_wei if redeemable_wei else None,
        )
