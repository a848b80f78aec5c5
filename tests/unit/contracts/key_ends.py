"""Staked keys that may end, and what their ends leave in the registry and of the bonds."""

from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.model.commitment import public_key_hash
from tests.unit.contracts.hands import as_contract
from tests.unit.contracts.validators import Validators

OWN, OTHER = 0, 1
OWN_KEYS = 3


def staked_keys(validators: Validators) -> list[DepositDataEntry]:
    """Three of one operator, then one of another."""
    entries = validators.proven(OWN, OWN_KEYS) + validators.proven(OTHER, 1)
    validators.stake(entries)
    return entries


def root_of(entry: DepositDataEntry) -> bytes:
    return public_key_hash(entry.pubkey)


def parts_of(validators: Validators, *entries: DepositDataEntry) -> list[int]:
    return [int(validators.registry.keyOf(root_of(entry)).parts) for entry in entries]


def counts(validators: Validators) -> tuple[int, int, int, int]:
    """Staked, withdrawn and live of all; withdrawn of the first operator."""
    total = validators.registry.totals()
    own = validators.registry.operator(OWN)
    return total.staked, total.withdrawn, total.liveKeys, own.withdrawn


def bond_units(validators: Validators) -> tuple[int, int, int]:
    """Of the first operator: units that stay, their parts, and what is forfeit."""
    bonds = validators.keel.quick.bonds
    units, parts = bonds.bondOf(OWN)
    return int(units), int(parts), int(bonds.forfeitUnits())


def merge(validators: Validators, source: DepositDataEntry, target: DepositDataEntry) -> Receipt:
    """Exits says that it asked for the consolidation."""
    sender = as_contract(validators.keel.quick.exits)
    arguments = (root_of(source), root_of(target))
    return validators.registry.merge.send(*arguments, sender=sender)
