"""What everybody has, counted so that nothing is counted twice and nothing is left out.

Each share of the vault, all WETH and ether of people, and each ticket belongs to one party. So what
some gain others lose, but for what the vault earns or loses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keel.chain.contract import Contract
from keel.chain.state import balance_wei
from keel.market.morpho import morpho_of
from keel.market.stories.lending import Lending
from keel.market.stories.stage import Stage
from keel.market.uniswap import pool_of
from keel.model.constants import SHARES_PER_UNIT

LENDERS = "lenders on Morpho"
UNISWAP = "liquidity of Uniswap"
STABLE = "liquidity of StablePool"
BONDS = "operators' bonds"
FUND = "insurance fund"
REST = "everybody else"

_CLAIMED = 3


@dataclass(frozen=True, slots=True, repr=False)
class Ledger:
    """Who belongs to which party; `pools` are contracts that hold for those who brought it.

    People of no party are part of the rest.
    """

    stage: Stage
    people: Mapping[str, str]
    pools: Mapping[str, Contract]
    lendings: Sequence[Lending]

    def worth_wei(self) -> dict[str, int]:
        """Of each party now, in wei of ether; each share with what it has unvested still."""
        accounts = dict.fromkeys(
            (*self.people.values(), *self.pools, LENDERS, BONDS, FUND, REST), 0
        )
        totals = self.stage.keel.vault.totals()
        assets_wei, shares = totals.assetsWei, totals.shares
        shares_left = shares
        tickets = self._tickets_wei()
        for name, address in self.stage.site.actors.items():
            party = self.people.get(name, REST)
            held = self._shares(address)
            shares_left -= held
            accounts[party] += held * assets_wei // shares + tickets.get(address, 0)
            accounts[party] += balance_wei(self.stage.rpc, address) + self._weth_wei(address)
        for party, contract in self._contracts().items():
            held = self._shares(contract.address)
            shares_left -= held
            accounts[party] += held * assets_wei // shares + self._weth_wei(contract.address)
        accounts[REST] += shares_left * assets_wei // shares
        self._settle_loans(accounts, assets_wei, shares)
        return accounts

    def _contracts(self) -> dict[str, Contract]:
        keel = self.stage.keel
        own: dict[str, Contract] = {BONDS: keel.bonds, FUND: keel.fund}
        return {**self.pools, LENDERS: morpho_of(self.stage.site), **own}

    def _settle_loans(self, accounts: dict[str, int], assets_wei: int, shares: int) -> None:
        """Move from what Morpho holds to borrowers what their collateral has above their debts."""
        for lending in self.lendings:
            lending.accrue()
            for name in self.stage.site.actors:
                found = lending.position(name)
                net_wei = found.units * SHARES_PER_UNIT * assets_wei // shares - found.debt_wei
                accounts[self.people.get(name, REST)] += net_wei
                accounts[LENDERS] -= net_wei

    def _tickets_wei(self) -> dict[str, int]:
        """What tickets that are not claimed pay, by owner."""
        queue = self.stage.keel.queue
        owed: dict[str, int] = {}
        for ticket_id in range(1, queue.lastTicket() + 1):
            ticket = queue.ticket(ticket_id)
            if ticket.state != _CLAIMED:
                owed[ticket.owner] = owed.get(ticket.owner, 0) + ticket.worthWei
        return owed

    def _shares(self, address: str) -> int:
        keel = self.stage.keel
        return keel.vault.sharesOf(address) + keel.wrapped.balanceOf(address) * SHARES_PER_UNIT

    def _weth_wei(self, address: str) -> int:
        return int(self.stage.weth.function("balanceOf")(address))


def pool_contracts(stage: Stage, stable: Contract) -> dict[str, Contract]:
    """Both pools by their party."""
    return {UNISWAP: pool_of(stage.site), STABLE: stable}


def changes_wei(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What each party has more."""
    return {party: after[party] - before[party] for party in before}
