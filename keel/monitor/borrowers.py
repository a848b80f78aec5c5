"""Who owes WETH on wkETH, and how safe it is: borrowers from events, the rest from contracts.

Health is what a borrower's collateral lets them owe over what they owe. Below 1 it may be sold.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import batched
from pathlib import Path

from keel.chain.abi import Abi, Event
from keel.chain.contract import Contract, call_many
from keel.chain.state import BlockHead
from keel.deploy.bindings import Bindings
from keel.model.constants import BPS, ETHER
from keel.monitor.tally import Tally
from keel.sight.market import faces
from keel.sight.market.loans import Loan, MorphoMarket
from keel.sight.market.places import AavePlace, Places
from keel.sight.market.pools import REFUSALS

MOST_BORROWERS = 300
"""Of each lender: those who borrowed most and did not repay."""


@dataclass(frozen=True, slots=True)
class Debt:
    """What one borrower owes, and its health in basis points, rounded down."""

    borrower: str
    owed_wei: int
    health_bps: int


@dataclass(frozen=True, slots=True)
class Debts:
    """Debts of a lender's largest borrowers, the weakest first."""

    system: str
    all: tuple[Debt, ...]

    @property
    def owed_wei(self) -> int:
        """Of all of them."""
        return sum(debt.owed_wei for debt in self.all)

    def below(self, health_bps: int) -> tuple[Debt, ...]:
        """Those of less health."""
        return tuple(debt for debt in self.all if debt.health_bps < health_bps)


class BorrowerIndex:
    """Follows who borrowed at the lenders that a manifest names."""

    def __init__(
        self,
        contracts: Bindings,
        first_block: int,
        folder: Path,
        chain_id: int,
        *,
        only_reads: bool,
    ) -> None:
        self._contracts = contracts
        self._first_block = first_block
        self._file: Callable[[str], Path] = lambda lender: folder / f"{lender}-{chain_id}.json"
        self._only_reads = only_reads
        self._tallies: dict[tuple[str, str, str], Tally] = {}

    def read(self, places: Places, loans: Sequence[Loan], head: BlockHead) -> tuple[Debts, ...]:
        """Debts at the head, where loans say what is lent; raises what the client raises.

        A lender that does not answer, or whose old events are still being read, is left out.
        """
        found = []
        for loan in loans:
            try:
                if loan.market is not None:
                    debts = self._at_morpho(loan.address, loan.market, head)
                elif places.aave is not None and loan.address == places.aave.pool:
                    debts = self._at_aave(places.aave, places.weth, head)
                else:
                    continue  # the loan says why
            except REFUSALS:
                continue  # the lender's own reading says why
            if debts is not None:
                weakest = sorted(debts, key=lambda debt: debt.health_bps)
                found.append(Debts(loan.system, tuple(weakest)))
        return tuple(found)

    def _at_morpho(self, address: str, market: MorphoMarket, head: BlockHead) -> list[Debt] | None:
        rpc, subject = self._contracts.rpc, "0x" + market.id.hex()
        borrowers = self._borrowers("morpho", address, faces.MORPHO, subject, head)
        if borrowers is None:
            return None
        position = Contract(rpc, address, faces.MORPHO).function("position")
        reads = [position.prepare(market.id, who) for who in borrowers]
        positions = call_many(rpc, reads)
        return [
            _morpho_debt(market, who, each.borrowShares, each.collateral)
            for who, each in zip(borrowers, positions, strict=True)
            if each.borrowShares
        ]

    def _at_aave(self, place: AavePlace, weth: str, head: BlockHead) -> list[Debt] | None:
        """Those with wkETH as collateral; what else they have there counts in their health."""
        rpc, wketh = self._contracts.rpc, self._contracts.wrapped.address
        subject = f"0x{weth[2:].lower():0>64}"
        borrowers = self._borrowers("aave", place.pool, faces.AAVE_POOL, subject, head)
        if borrowers is None:
            return None
        account = Contract(rpc, place.pool, faces.AAVE_POOL).function("getUserAccountData")
        reserve = Contract(rpc, place.data, faces.AAVE_DATA).function("getUserReserveData")
        reads = [account.prepare(who) for who in borrowers]
        reads += [reserve.prepare(token, who) for token in (weth, wketh) for who in borrowers]
        answers = batched(call_many(rpc, reads), max(len(borrowers), 1))
        found = []
        for who, data, debt, collateral in zip(borrowers, *answers, strict=True):
            owed_wei = debt.currentStableDebt + debt.currentVariableDebt
            if owed_wei and collateral.currentATokenBalance:
                found.append(Debt(who, owed_wei, data.healthFactor * BPS // ETHER))
        return found

    def _borrowers(
        self, system: str, address: str, face: Abi, subject: str, head: BlockHead
    ) -> list[str] | None:
        """Whose borrowings are known, None while old ones are still being read."""
        key = system, address, subject
        if key not in self._tallies:
            topics = [["0x" + face.topic(name).hex() for name in ("Borrow", "Repay")], subject]
            self._tallies[key] = Tally(
                {"address": address, "topics": topics},
                lambda log: _moves(face.decode_log(log)),
                self._first_block,
                self._file(system),
                " ".join((*key, str(self._first_block))),
                only_reads=self._only_reads,
            )
        tally = self._tallies[key]
        return tally.largest(MOST_BORROWERS) if tally.follow(self._contracts.rpc, head) else None


def _moves(event: Event | None) -> Iterator[tuple[str, int]]:
    """Aave's names and Morpho's."""
    if event is None:
        return
    given = event.inputs
    amount = given.get("assets", given.get("amount", 0))
    if event.name == "Borrow":
        yield given.get("onBehalf", given.get("onBehalfOf")), amount
    else:
        yield given.get("onBehalf", given.get("user")), -amount


def _morpho_debt(market: MorphoMarket, who: str, shares: int, collateral: int) -> Debt:
    owed_wei = market.owed_wei(shares)
    worth_wei = collateral * market.price_wei // ETHER
    return Debt(who, owed_wei, worth_wei * market.lltv_wad * BPS // (ETHER * owed_wei))
