"""The check that every story relies on must itself fail when 1 wei is off."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from keel.chain.contract import Contract
from keel.chain.state import balance_wei, set_balance_wei, set_storage, storage_at
from keel.deploy.contracts import WithdrawalQueue
from keel.model.constants import ETHER
from keel.scenarios.identity import BooksBrokenError, measure_identity, require_identity
from keel.scenarios.members import report
from keel.scenarios.users import request_ticket
from tests.scenarios.scripted_world import ScriptedWorld

SLOTS = 40  # none of the contracts has a plain variable beyond


def test_holds_in_a_busy_world(busy_world: ScriptedWorld) -> None:
    identity = require_identity(busy_world)
    assert identity.buffered_wei == 139 * ETHER
    assert identity.pending_wei == 768 * ETHER
    assert identity.backing_wei == 907 * ETHER


def test_measures_what_the_contract_derives(busy_world: ScriptedWorld) -> None:
    request_ticket(busy_world, "depositor", 3 * ETHER + 1)
    report(busy_world)
    identity, vault = measure_identity(busy_world), busy_world.contracts.vault
    assert identity.buffered_wei == vault.bufferedWei()
    consensus = vault.consensus()
    assert identity.consensus_wei == consensus.balanceWei
    assert identity.pending_wei == consensus.pendingWei
    assert identity.owed_wei == busy_world.contracts.queue.owedWei()


def test_a_forced_wei_is_noticed_when_not_declared(busy_world: ScriptedWorld) -> None:
    vault = busy_world.contracts.vault.address
    set_balance_wei(busy_world.rpc, vault, balance_wei(busy_world.rpc, vault) + 1)
    with pytest.raises(BooksBrokenError, match=r": \+1 wei$"):
        require_identity(busy_world)


def test_a_missing_wei_is_noticed(busy_world: ScriptedWorld) -> None:
    vault = busy_world.contracts.vault.address
    set_balance_wei(busy_world.rpc, vault, balance_wei(busy_world.rpc, vault) - 1)
    with pytest.raises(BooksBrokenError, match=r": -1 wei$"):
        require_identity(busy_world)


def test_a_gwei_that_a_validator_lost_is_noticed_after_its_report(
    busy_world: ScriptedWorld,
) -> None:
    report(busy_world)
    require_identity(busy_world)
    validator = busy_world.beacon.validators[0]
    busy_world.beacon.validators[0] = replace(
        validator, deposited_gwei=validator.deposited_gwei - 1
    )
    with pytest.raises(BooksBrokenError, match=r": -1000000000 wei$"):
        require_identity(busy_world)


def test_a_wei_more_of_assets_in_the_books_is_noticed(busy_world: ScriptedWorld) -> None:
    vault = busy_world.contracts.vault
    _, backing_wei, _ = vault.totals()
    tamper(vault, backing_wei, bits=88)
    assert vault.totals()[1] == backing_wei + 1
    with pytest.raises(BooksBrokenError, match=r": -1 wei$"):
        require_identity(busy_world)


def test_a_share_more_in_the_books_is_noticed(busy_world: ScriptedWorld) -> None:
    vault = busy_world.contracts.vault
    shares, _, _ = vault.totals()
    tamper(vault, shares, bits=120)
    assert vault.totalShares() == shares + 1
    with pytest.raises(BooksBrokenError, match="kETH shares"):
        require_identity(busy_world)


def test_a_ticket_whose_amount_is_not_what_was_requested_is_noticed(
    busy_world: ScriptedWorld,
) -> None:
    ticket_id = request_ticket(busy_world, "depositor", 3 * ETHER)
    require_identity(busy_world)
    queue = busy_world.contracts.queue
    slot, word = _stored_ticket(queue, ticket_id)
    set_storage(queue.rpc, queue.address, slot, word + (1 << 128))
    assert queue.ticket(ticket_id).amountWei == 3 * ETHER + 1
    with pytest.raises(BooksBrokenError, match=f"ticket {ticket_id} is of"):
        require_identity(busy_world)


def tamper(contract: Contract, value: int, bits: int) -> None:
    """Add 1 to the one packed field of the contract's plain variables that holds the value."""
    places = list(_places(contract, value, bits))
    assert len(places) == 1
    slot, shift, word = places[0]
    set_storage(contract.rpc, contract.address, slot, word + (1 << shift))


def _places(contract: Contract, value: int, bits: int) -> Iterator[tuple[int, int, int]]:
    for slot in range(SLOTS):
        word = storage_at(contract.rpc, contract.address, slot)
        for shift in range(0, 256 - bits + 1, 8):
            if word >> shift & ((1 << bits) - 1) == value:
                yield slot, shift, word


def _stored_ticket(queue: WithdrawalQueue, ticket_id: int) -> tuple[int, int]:
    """The mapping's slot is found by trying: one of them has a word at this ticket's place."""
    found = []
    for mapping in range(SLOTS):
        slot = int.from_bytes(keccak(ticket_id.to_bytes(32) + mapping.to_bytes(32)))
        word = storage_at(queue.rpc, queue.address, slot)
        amount_wei = word >> 128 & (2**96 - 1)
        if amount_wei == queue.ticket(ticket_id).amountWei:
            found.append((slot, word))
    assert len(found) == 1
    return found[0]
