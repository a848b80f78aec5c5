"""A vault that is about to lose what it staked: who can bear it, and what it leaves (LOS)."""

from typing import NamedTuple

from hypothesis import strategies as st

from keel.chain.clock import now, set_next_timestamp
from keel.chain.contract import call_many
from keel.chain.state import balance_wei
from keel.model.constants import ETHER, SHARES_PER_UNIT
from keel.model.queue import Queue
from tests.deployment import Keel
from tests.unit.contracts.hands import next_reference_slot
from tests.unit.contracts.vaults import (
    MOST,
    accounts_of,
    announce_if_large,
    apply,
    change,
    covers_of,
    forfeit,
    inputs_of,
    insure,
    note_slashing,
    predicted,
    queue_with,
    shares_of,
    stake_most,
    units_of,
)

TICKETS_WEI = 100 * ETHER


def ticket_beyond_buffer(keel: Keel) -> Queue:
    """Of 1,000 ETH, 960 are staked and 100 belong to a ticket that B cannot pay."""
    depositor = keel.actors.depositor.address
    stake_most(keel)
    receipt = keel.quick.queue.request.send(TICKETS_WEI, depositor, sender=depositor)
    return queue_with((TICKETS_WEI, receipt.timestamp))


def queue_now(keel: Keel, queue: Queue) -> Queue:
    """The model's queue with the same tickets, as far as they were paid and lowered by now."""
    names = ("pending", "lastFinalised")
    pending, paid = call_many(keel.rpc, [keel.quick.queue.function(n).prepare() for n in names])
    return Queue(pending.index, queue.tickets, paid)


class Bearers(NamedTuple):
    """Who bears before holders do: a stream, the fund, and parts of the bonds."""

    profit_wei: int
    insured_wei: int
    parts: int


def bearers(most_parts: int = MOST) -> st.SearchStrategy[Bearers]:
    """Any of them, and none; with 60 ETH in the fund B could pay the ticket."""
    return st.builds(
        Bearers,
        profit_wei=st.just(0) | st.integers(1, 20 * ETHER),
        insured_wei=st.just(0) | st.integers(1, 59 * ETHER),
        parts=st.integers(0, most_parts),
    )


def provide(keel: Keel, bearers: Bearers) -> None:
    """Insure, forfeit and earn, in this order."""
    if bearers.insured_wei:
        insure(keel, bearers.insured_wei)
    if bearers.parts:
        forfeit(keel, bearers.parts, MOST)
    change(keel, bearers.profit_wei)


def lose(keel: Keel, queue: Queue, loss_wei: int, slashed_wei: int = 0) -> dict[str, int]:
    """Report a loss and return its event's figures.

    View, event, books, tickets, covers and balances are the model's to the wei.
    """
    vault, bonds = keel.quick.vault, keel.quick.bonds
    announce_if_large(keel, loss_wei)
    ref_time = next_reference_slot(keel)
    if slashed_wei:
        note_slashing(keel, slashed_wei, ref_time)
    inputs, at = inputs_of(keel, ref_time, -loss_wei), now(keel.rpc)
    before = covers_of(keel)
    model = predicted(keel, inputs, at, queue, proven_wei=slashed_wei)
    preview = vault.previewReport(inputs)
    set_next_timestamp(keel.rpc, at)
    receipt = apply(keel, inputs)
    shared = model.loss
    assert shared is not None
    (absorbed,) = vault.events(receipt, "LossAbsorbed")
    parts = dict(absorbed.inputs)
    assert parts == {
        "refTime": ref_time,
        "lossWei": loss_wei,
        "bondWei": shared.bond_wei,
        "unvestedWei": shared.unvested_loss_wei,
        "coverWei": shared.cover_wei,
        "holdersWei": shared.holders_loss_wei,
        "ticketsWei": shared.tickets_loss_wei,
        "bondShares": shared.bond_units * SHARES_PER_UNIT,
        "coverShares": shared.cover_units * SHARES_PER_UNIT,
    }
    bearing = ("bondWei", "unvestedWei", "coverWei", "holdersWei", "ticketsWei")
    assert sum(parts[name] for name in bearing) == loss_wei
    if not before.forfeit_units:
        assert (parts["bondWei"], parts["bondShares"]) == (0, 0)
    assert (preview.bondWei, preview.bondShares) == (parts["bondWei"], parts["bondShares"])
    assert (preview.coverWei, preview.coverShares) == (parts["coverWei"], parts["coverShares"])
    assert vault.totals() == (preview.sharesAfter, preview.assetsAfter, preview.unvestedAfter)
    assert accounts_of(keel) == model.accounts
    assert keel.quick.queue.pending().index == model.queue.index
    assert keel.quick.queue.owedWei() == model.queue.owed_wei
    after = covers_of(keel)
    assert before.forfeit_units - after.forfeit_units == shared.bond_units
    assert before.fund_units - after.fund_units == shared.cover_units
    assert units_of(keel, bonds.address) >= after.forfeit_units
    require_true_books(keel)
    return parts


def require_true_books(keel: Keel) -> None:
    """ACC-1 by real ether, and every share at a holder."""
    vault, owed_wei = keel.quick.vault, keel.quick.queue.owedWei()
    accounts = accounts_of(keel)
    held_wei = balance_wei(keel.rpc, vault.address)
    assert held_wei == vault.bufferedWei() == accounts.buffered_wei(owed_wei)
    wrapped = keel.quick.wrapped
    (in_units,) = shares_of(keel, wrapped.address)
    assert in_units == wrapped.totalSupply() * SHARES_PER_UNIT
