"""What operators, their council and the keeper do by command."""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ape.api.accounts import AccountAPI
from eth_account.hdaccount import generate_mnemonic
from eth_account.types import Language
from rich.progress import track
from rich.table import Table

from keel.chain.packed import working_root
from keel.chain.state import block_head
from keel.consensus.deposit_data import (
    DepositDataEntry,
    make_deposit_data,
    write_deposit_data,
)
from keel.consensus.keys import derive_signing_keys, mnemonic_to_seed
from keel.consensus.keystores import Pbkdf2Cost, ScryptCost, encrypt_keystore, write_keystore
from keel.deploy.manifest import LOCAL_CHAIN_IDS
from keel.files.errors import Mistake
from keel.formatting.amounts import shown_bps, shown_ether
from keel.formatting.names import in_markup, printable
from keel.formatting.tables import plain_table
from keel.keeper.staking import choose_keys, deposited_ever
from keel.keeper.state_reader import deposited_by_beacon
from keel.model.frames import State
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.sight.event_file import EventFile
from keel.sight.history import Historian
from keel.sight.key_batches import batches_of, require_usable
from keel.sight.operator_numbers import operator_numbers
from keel.terminal.answers import after, before, console
from keel.terminal.connection import Connection, send
from keel.terminal.faults import Fault

_WORDS = 24


@dataclass(frozen=True, slots=True)
class KeyWish:
    """How `make-keys` was asked; `mnemonic` None: a new one."""

    folder: Path
    count: int
    first: int
    mnemonic: str | None
    password: str
    cost: ScryptCost | Pbkdf2Cost


def add_keys(
    connection: Connection,
    account: AccountAPI,
    name: str,
    entries: Sequence[DepositDataEntry],
    operator_id: int | None,
) -> None:
    """Check the entries of the deposit-data file of this name, then commit its keys."""
    c = connection.contracts
    operator_id = _operator_of(connection, str(account.address), operator_id)
    historian = _historian(connection)
    known = historian.known_keys(historian.up_to(block_head(connection.rpc)))
    require_usable(entries, c.vault, known, connection.network)
    batches = batches_of(entries)
    before(
        f"{name}: {len(entries)} deposits for {connection.network.name} are valid "
        f"(roots, BLS signatures, credentials). They will be committed for operator {operator_id} "
        f"in {len(batches)} batch{'es' if len(batches) > 1 else ''}."
    )
    for batch in batches:
        arguments = (operator_id, batch.root, batch.packed)
        receipt = send(account, c.registry, "addKeys", *arguments)
        (event,) = c.registry.events(receipt, "KeysAdded")
        number = event.inputs["batch"]
        after(f"batch {number} of {len(batch.keys)} keys, root 0x{batch.root.hex()}.", receipt)


def add_operator(
    connection: Connection,
    account: AccountAPI,
    name: str,
    *,
    manager: str,
    reward_address: str,
    limit: int,
    target_bps: int,
) -> None:
    """Admit an operator."""
    registry = connection.contracts.registry
    shown = printable(name)
    before(f"{shown} will be added: at most {limit:,} validators, {shown_bps(target_bps)} of all.")
    arguments = (name, manager, reward_address, limit, target_bps)
    receipt = send(account, registry, "addOperator", *arguments)
    (event,) = registry.events(receipt, "OperatorAdded")
    after(f"{shown} is operator {event.inputs['operatorId']}, managed by {manager}.", receipt)


def stake_keys(
    connection: Connection, account: AccountAPI, most: int | None, beacon_url: str | None
) -> None:
    """Stake what ether and targets allow."""
    c = connection.contracts
    with nullcontext() if beacon_url is None else AgreedBeacon([beacon_url]) as beacon:
        choice = choose_keys(
            c.vault,
            c.registry,
            c.deposits,
            connection.network,
            _historian(connection),
            deposited=deposited_by_beacon(beacon, c.deposits)
            if beacon
            else deposited_ever(c.deposits),
            most=most,
        )
    for refusal in choice.refused:
        key = refusal.key
        before(
            f"key {key.index} of batch {key.batch} of operator {key.operator_id}: "
            f"{refusal.reason}.",
            warning="Left out",
        )
    if not choice.keys:
        raise Fault(_why_nothing(connection))
    counts = dict.fromkeys(sorted({key.operator_id for key in choice.keys}), 0)
    for key in choice.keys:
        counts[key.operator_id] += 1
    parts = ", ".join(f"{count} of operator {number}" for number, count in counts.items())
    before(f"{len(choice.keys) * 32} ETH will be staked on {len(choice.keys)} keys: {parts}.")
    receipt = send(account, c.registry, "stake", *choice.arguments)
    root = c.deposits.get_deposit_root()
    after(f"{len(choice.keys)} validators; the deposit root is now 0x{root.hex()}.", receipt)


def operators_table(connection: Connection) -> Table:
    """Every operator: what it may have, what it has."""
    registry, historian = connection.contracts.registry, _historian(connection)
    keys = historian.waiting_keys(historian.up_to(block_head(connection.rpc)))
    waiting = Counter(committed.operator_id for committed in keys)
    table = plain_table(
        ">id", "operator", ">staked", ">keys waiting", ">limit", ">target", "may get the next"
    )
    for number, operator in _operators(connection):
        may = registry.mayStakeNext(number)
        table.add_row(
            str(number),
            in_markup(operator.name),
            str(operator.staked),
            str(waiting[number]),
            f"{operator.limit:,}",
            shown_bps(operator.targetBps),
            "yes" if may else "no" if operator.active else "no, inactive",
        )
    return table


def make_keys(connection: Connection, wish: KeyWish) -> Path:
    """Write keystores and a deposit-data file for the vault's credentials."""
    mnemonic = wish.mnemonic or str(generate_mnemonic(_WORDS, Language.ENGLISH))
    if wish.mnemonic is None:
        before("Write these words down; only they can restore the keys:")
        before(mnemonic)
    seed = mnemonic_to_seed(mnemonic)
    credentials = connection.contracts.vault.withdrawalCredentials()
    timestamp = int(time.time())
    entries = []
    keys = derive_signing_keys(seed, wish.count, wish.first)
    try:
        wish.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for key in track(keys, "Keys", wish.count, console=console(), transient=True):
            store = encrypt_keystore(key.secret, wish.password, path=key.path, cost=wish.cost)
            write_keystore(wish.folder, store, timestamp)
            entries.append(make_deposit_data(key, credentials, network=connection.network.name))
        file = write_deposit_data(wish.folder, entries, timestamp)
    except OSError as error:
        raise Mistake(f"{wish.folder} cannot be written to: {error.strerror}") from error
    before(f"{wish.count} keystores, and {file}, which `keel operators add-keys` takes.")
    return file


def _historian(connection: Connection) -> Historian:
    """Keys on chain; what a command has read of them, the next one does not read again.

    A local chain is short, and gone before the next one.
    """
    manifest = connection.manifest
    file = None
    if manifest.chain_id not in LOCAL_CHAIN_IDS:
        file = EventFile(working_root() / ".keel" / "events", manifest.chain_id)
    return Historian(connection.contracts, manifest.block, file)


def _operators(connection: Connection) -> list[tuple[int, Any]]:
    registry = connection.contracts.registry
    numbers = operator_numbers(registry, registry.operatorCount())
    return [(number, registry.operator(number)) for number in numbers]


def _operator_of(connection: Connection, manager: str, operator_id: int | None) -> int:
    """Operator that the account manages; raises Fault unless there is exactly one to mean."""
    managed = [n for n, operator in _operators(connection) if operator.manager == manager]
    if operator_id is None:
        if len(managed) == 1:
            return managed[0]
        which = f"operators {', '.join(map(str, managed))}: give --operator" if managed else "none"
        raise Fault(f"{manager} manages {which}")
    if operator_id not in managed:
        raise Fault(f"operator {operator_id} is not managed by {manager}")
    return operator_id


def _why_nothing(connection: Connection) -> str:
    c = connection.contracts
    free_wei = c.vault.freeWei()
    if c.vault.stakeableWei() == 0:
        state = State(c.vault.state()).name.lower()
        return (
            f"{shown_ether(free_wei)} ETH is free and the state is {state}: a validator needs 32 "
            "ETH, and staking must be neither closed nor paused"
        )
    return "no committed key may be staked: `keel operators list` shows keys, limits and targets"
