"""Keys by command: make, predeposit, drop and stake them, and see how far they came."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ape.api.accounts import AccountAPI
from eth_account.hdaccount import generate_mnemonic
from eth_account.types import Language
from rich.progress import track
from rich.table import Table

from keel.chain.state import block_head
from keel.consensus.deposit_data import (
    PREDEPOSIT_GWEI,
    DepositDataEntry,
    execution_credentials,
    make_deposit_data,
    write_deposit_data,
)
from keel.consensus.keys import derive_signing_keys, mnemonic_to_seed
from keel.consensus.keystores import Pbkdf2Cost, ScryptCost, encrypt_keystore, write_keystore
from keel.files.errors import Mistake
from keel.formatting.amounts import shown_ether, shown_seconds
from keel.formatting.names import in_markup
from keel.formatting.tables import plain_table
from keel.keeper.staking import packed_pubkeys, read_operators, take_in_turns
from keel.model.constants import TOP_UP_WEI
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.sight.history import History
from keel.sight.key_lives import KeyLife
from keel.sight.leaving_bonds import LeavingBond
from keel.sight.predeposits import predeposits_of, require_usable
from keel.terminal.answers import after, before, console
from keel.terminal.connection import Connection, send
from keel.terminal.faults import Fault
from keel.terminal.operator_actions import historian_of, operator_managed, operators_of

_WORDS = 24
_NEXT = {
    Stage.FOREIGN: "nothing: it pays to somebody else",
    Stage.STAKED: "keel prove, once the validator is slashed or paid out",
    Stage.SLASHED: "keel prove, once the validator is paid out",
}
_DROPPABLE = (Stage.PREDEPOSITED, Stage.PROVEN)


@dataclass(frozen=True, slots=True)
class KeyWish:
    """How `make-keys` was asked; `mnemonic` None: a new one."""

    folder: Path
    count: int
    first: int
    mnemonic: str | None
    password: str
    cost: ScryptCost | Pbkdf2Cost
    is_compounding: bool = False


def predeposit_keys(
    connection: Connection,
    account: AccountAPI,
    name: str,
    entries: Sequence[DepositDataEntry],
    operator_id: int | None,
) -> None:
    """Check the entries of the deposit-data file of this name, then predeposit its keys."""
    c = connection.contracts
    operator_id = operator_managed(connection, str(account.address), operator_id)
    known = _history(connection).known_keys()
    require_usable(entries, c.vault, known, connection.network)
    calls = predeposits_of(entries)
    many = f" in {len(calls)} transactions" if len(calls) > 1 else ""
    before(
        f"{name}: {len(entries)} deposits for {connection.network.name} are valid "
        f"(roots, BLS signatures, credentials). {account.address} will pay 1 ETH each for operator "
        f"{operator_id}{many}: {len(entries)} ETH."
    )
    for call in calls:
        arguments = (operator_id, *call.arguments)
        receipt = send(account, c.registry, "predeposit", *arguments, value_wei=call.value_wei)
        keys = len(c.registry.events(receipt, "KeyPredeposited"))
        after(f"{keys} keys are predeposited. `keel validators` shows how far they come.", receipt)


def drop_keys(
    connection: Connection, account: AccountAPI, pubkeys: Sequence[bytes], operator_id: int | None
) -> None:
    """Take keys back that are not staked, for good (KEY-5); raises Mistake for any other."""
    operator_id = operator_managed(connection, str(account.address), operator_id)
    lives = _history(connection).key_lives()
    for pubkey in pubkeys:
        life = lives.get(pubkey)
        if life is None or life.operator_id != operator_id or life.stage not in _DROPPABLE:
            found = "unknown" if life is None else str(life)
            raise Mistake(
                f"key 0x{pubkey.hex()} is {found}, predeposited or proven for operator "
                f"{operator_id} expected"
            )
    before(f"{len(pubkeys)} ETH stay with the validators of these keys and are lost to you.")
    roots = [lives[pubkey].pubkey_root for pubkey in pubkeys]
    receipt = send(account, connection.contracts.registry, "dropKeys", operator_id, roots)
    after(f"{len(roots)} keys are dropped, for good.", receipt)


def stake_keys(connection: Connection, account: AccountAPI, most: int | None) -> None:
    """Stake what ether and targets allow on proven keys."""
    c = connection.contracts
    free = c.vault.stakeableValidators()
    if not free:
        raise Fault(_why_nothing(connection))
    proven = _history(connection).keys_at(Stage.PROVEN)
    wanted = free if most is None else min(free, most)
    keys = take_in_turns(proven, read_operators(c.registry), wanted)
    if not keys:
        raise Fault(
            "no proven key may be staked: `keel operators list` shows keys, limits and targets"
        )
    counts = Counter(life.operator_id for life in keys)
    parts = ", ".join(f"{count} of operator {number}" for number, count in sorted(counts.items()))
    amount_wei = len(keys) * TOP_UP_WEI
    before(f"{shown_ether(amount_wei)} ETH will follow {len(keys)} proven keys: {parts}.")
    receipt = send(account, c.registry, "stake", packed_pubkeys(keys))
    (staked,) = c.vault.events(receipt, "Staked")
    bonds = f"{shown_ether(staked.inputs['bondWei'])} ETH went into their operators' bonds"
    after(f"{staked.inputs['validators']} validators; {bonds}.", receipt)


def validators_table(connection: Connection) -> Table:
    """Every key that was ever predeposited: whose, how far it came, what may be done next."""
    names = {number: operator.name for number, operator in operators_of(connection)}
    free = connection.contracts.vault.stakeableValidators()
    may = connection.contracts.registry.mayStakeNext
    ready = {number: may(number) for number in names}
    history = _history(connection)
    bonds = {bond.pubkey_root: bond for bond in history.leaving_bonds}
    now = block_head(connection.rpc).timestamp
    table = plain_table("key", "operator", "stage", ">validator", ">parts", ">since block", "next")
    for life in history.key_lives().values():
        table.add_row(
            f"0x{life.pubkey.hex()}",
            in_markup(names[life.operator_id]),
            life.stage.name.lower(),
            "" if life.validator_index is None else str(life.validator_index),
            str(life.parts or ""),
            f"{life.changed_block:,}",
            _next(life, free, ready[life.operator_id]) or _bond(bonds.get(life.pubkey_root), now),
        )
    return table


def make_keys(connection: Connection, wish: KeyWish) -> Path:
    """Write keystores and a deposit-data file for the vault's credentials."""
    mnemonic = wish.mnemonic or str(generate_mnemonic(_WORDS, Language.ENGLISH))
    if wish.mnemonic is None:
        before("Write these words down; only they can restore the keys:")
        before(mnemonic)
    seed = mnemonic_to_seed(mnemonic)
    credentials = execution_credentials(
        connection.contracts.vault.withdrawalCredentials()[-20:], compounding=wish.is_compounding
    )
    timestamp = int(time.time())
    entries = []
    keys = derive_signing_keys(seed, wish.count, wish.first)
    try:
        wish.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for key in track(keys, "Keys", wish.count, console=console(), transient=True):
            store = encrypt_keystore(key.secret, wish.password, path=key.path, cost=wish.cost)
            write_keystore(wish.folder, store, timestamp)
            entries.append(
                make_deposit_data(key, credentials, PREDEPOSIT_GWEI, connection.network.name)
            )
        file = write_deposit_data(wish.folder, entries, timestamp)
    except OSError as error:
        raise Mistake(f"{wish.folder} cannot be written to: {error.strerror}") from error
    before(f"{wish.count} keystores, and {file}, which `keel operators predeposit` takes.")
    return file


def _history(connection: Connection) -> History:
    return historian_of(connection).up_to(block_head(connection.rpc))


def _next(life: KeyLife, free_validators: int, is_ready: bool) -> str:
    """What anybody can do with a key now, or what it waits for."""
    if life.stage is Stage.PREDEPOSITED:
        return "keel prove, once the beacon chain has the validator"
    if life.stage is Stage.PROVEN and not is_ready:
        return "waits: its operator gets no validator now"
    if life.stage is Stage.PROVEN:
        return "keel operators stake" if free_validators else "waits for ether"
    return _NEXT.get(life.stage, "")


def _bond(bond: LeavingBond | None, now: int) -> str:
    """What a paid out validator left of its operator's bond (BND-3)."""
    if bond is None:
        return ""
    amount = f"{shown_ether(bond.units)} wkETH of the bond"
    if bond.payable_at > now:
        return f"{amount} cool down for {shown_seconds(bond.payable_at - now)}"
    return f"{amount} can be paid, as keepers do"


def _why_nothing(connection: Connection) -> str:
    c = connection.contracts
    free_wei = c.vault.freeWei()
    state = State(c.vault.state()).name.lower()
    return (
        f"{shown_ether(free_wei)} ETH is free and the state is {state}: a validator takes "
        f"{shown_ether(TOP_UP_WEI)} ETH, and staking must not be closed, paused or at its limit"
    )
