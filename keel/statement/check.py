"""Whether events add up to the accounts that the contracts have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keel.chain.contract import call_many
from keel.chain.state import balance_wei
from keel.deploy.bindings import Bindings
from keel.statement.accounts import (
    ACCOUNTS,
    BONDS,
    FORFEIT,
    HOLDERS,
    INSURANCE,
    OPERATORS,
    PAYOUTS,
    SHARES,
    TICKETS,
    UNVESTED,
    WRAPPED,
    Account,
    Flow,
)
from keel.statement.accounts import ETHER as ALL_ETHER


@dataclass(frozen=True)
class Difference:
    """An account of which events and contracts say different amounts."""

    account: Account
    by_events: int
    by_contracts: int

    def __str__(self) -> str:
        more = self.by_contracts - self.by_events
        return (
            f"{self.account.name}: the events add up to {self.by_events} "
            f"{self.account.unit.smallest}, the contracts have {self.by_contracts}, "
            f"a difference of {more:+}"
        )


def differences(
    contracts: Bindings, funds: Sequence[str], block: int, sums: Mapping[Flow, int]
) -> tuple[Difference, ...]:
    """Compare with the contracts at a block, `sums` being what had flowed by its end.

    `funds` are all that ever were the vault's. Ether that was forced into the queue is nobody's
    (ACC-2), so there only less is a difference. Raises what the client raises.
    """
    held = _held(contracts, funds, block)
    found = {account: account.balance(sums) for account in ACCOUNTS}
    spare_wei = held[PAYOUTS] - found[PAYOUTS]
    held[PAYOUTS] -= max(0, spare_wei)
    return tuple(
        Difference(account, found[account], held[account])
        for account in ACCOUNTS
        if found[account] != held[account]
    )


def _held(c: Bindings, funds: Sequence[str], block: int) -> dict[Account, int]:
    calls = [
        c.vault.totals.prepare(),
        c.queue.owedWei.prepare(),
        c.wrapped.totalSupply.prepare(),
        c.wrapped.balanceOf.prepare(c.bonds.address),
        c.bonds.forfeitUnits.prepare(),
        c.vault.sharesOf.prepare(c.registry.address),
        *(c.wrapped.balanceOf.prepare(fund) for fund in funds),
    ]
    totals, owed_wei, supply, bonds, forfeit, operators, *insured = call_many(c.rpc, calls, block)
    return {
        ALL_ETHER: totals.assetsWei + owed_wei,
        HOLDERS: totals.assetsWei - totals.unvestedWei,
        UNVESTED: totals.unvestedWei,
        TICKETS: owed_wei,
        PAYOUTS: balance_wei(c.rpc, c.queue.address, block),
        SHARES: totals.shares,
        WRAPPED: supply,
        INSURANCE: sum(insured),
        BONDS: bonds,
        FORFEIT: forfeit,
        OPERATORS: operators,
    }
