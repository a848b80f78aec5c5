"""Exits by command: ask for them, show and end them; partial withdrawals and consolidations."""

from collections.abc import Sequence

from ape.api.accounts import AccountAPI
from rich.console import Group, RenderableType
from rich.text import Text

from keel.chain.state import block_head
from keel.files.errors import Mistake
from keel.formatting.amounts import shown_ether
from keel.formatting.names import in_markup
from keel.formatting.tables import plain_table
from keel.model.constants import GWEI, VALIDATOR_DEPOSIT_WEI
from keel.model.exit_reason import ExitReason
from keel.model.key_ends import MOST_VALIDATOR_GWEI
from keel.model.key_stage import Stage
from keel.model.keys import NEVER_EPOCH
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.sight.history import History
from keel.sight.key_lives import KeyLife
from keel.sight.provable_state import ProvableState, read_provable_state
from keel.terminal.answers import after, before
from keel.terminal.connection import Connection, send
from keel.terminal.faults import Fault
from keel.terminal.operator_actions import historian_of, operators_of

_REASONS = {
    ExitReason.MANAGER: "its operator's manager asks",
    ExitReason.FROZEN: "its operator is frozen",
    ExitReason.DEAD: "the oracle is dead",
    ExitReason.INACTIVE: "it was shown to be absent",
    ExitReason.QUEUE: "tickets lack ether",
    ExitReason.AGAIN: "the chain ignored the request before",
}
_ENDED_AT_ONCE = 100
_MOST_WITHDRAWN_WEI = MOST_VALIDATOR_GWEI * GWEI - VALIDATOR_DEPOSIT_WEI


def exits_shown(connection: Connection) -> RenderableType:
    """What is missing, which operators can be asked for it, and every exit under way."""
    exits = connection.contracts.exits
    missing_wei = exits.missingWei()
    line = (
        f"Tickets lack {shown_ether(missing_wei)} ETH beyond what is there or on its way. "
        f"{exits.exitsAvailable():,} times 32 ETH can be asked for today."
    )
    operators = plain_table("operator", "name", ">has", ">least", "may be asked for tickets")
    for number, operator in operators_of(connection):
        live, least = exits.standing(number)
        may = operator.frozen or (missing_wei and live >= least)
        why_not = "no: below its target" if live < least else "no: nothing is missing"
        name = in_markup(operator.name)
        operators.add_row(str(number), name, str(live), str(least), "yes" if may else why_not)
    leaving = plain_table("leaving", ">operator", ">ETH", "how")
    history = _history(connection)
    for life in history.keys_at(Stage.STAKED):
        told = history.exit_lives.get(life.pubkey_root)
        if told is not None and told.is_under_way:
            counted_wei = exits.leavingOf(life.pubkey_root).balanceGwei * GWEI
            how = f"asked in block {told.asked_block:,}"
            if not told.asked_block:
                how = f"shown in block {told.noted_block:,}"
            amount = shown_ether(counted_wei)
            leaving.add_row(f"0x{life.pubkey.hex()}", str(life.operator_id), amount, how)
    if not leaving.row_count:
        return Group(Text(line), operators)
    return Group(Text(line), operators, leaving)


def request_exits(
    connection: Connection, account: AccountAPI, pubkeys: Sequence[bytes], beacon_urls: list[str]
) -> None:
    """Ask for exits, a transaction each; raises Mistake for a key that is not staked."""
    c = connection.contracts
    lives = _staked(connection, pubkeys)
    state = _state(connection, beacon_urls)
    for life in lives:
        value_wei = _with_margin(c.withdrawal_vault.withdrawalRequestFeeWei())
        before(f"The exit of {_named(life)} will be asked for by the state of slot {state.slot}.")
        arguments = (life.pubkey, *_proof(state, life))
        receipt = send(account, c.exits, "requestExit", *arguments, value_wei=value_wei)
        (asked,) = c.exits.events(receipt, "ExitRequested")
        reason = _REASONS[ExitReason(asked.inputs["reason"])]
        amount = shown_ether(asked.inputs["balanceGwei"] * GWEI)
        after(f"{amount} ETH are asked for: {reason}.", receipt)


def note_exits(connection: Connection, account: AccountAPI, beacon_urls: list[str]) -> None:
    """Show exits that nobody asked for here; raises Fault when there are none."""
    exits, history = connection.contracts.exits, _history(connection)
    state = _state(connection, beacon_urls)
    entries = state.prover.state.validators
    leaving = [
        life
        for life in history.exits_unknown()
        if (entry := entries[life.validator_index])["exit_epoch"] != NEVER_EPOCH
        and not entry["slashed"]
        and entry["effective_balance"]
    ]
    if not leaving:
        raise Fault(f"Exits knows every exit in the beacon state of slot {state.slot}")
    for life in leaving:
        before(f"{_named(life)} leaves, and Exits does not know.")
        receipt = send(account, exits, "noteExit", *_proof(state, life))
        (noted,) = exits.events(receipt, "ExitNoted")
        after(f"{shown_ether(noted.inputs['balanceGwei'] * GWEI)} ETH are on their way.", receipt)


def end_exits(connection: Connection, account: AccountAPI) -> None:
    """End what is paid out or slashed; raises Fault when there is nothing."""
    exits = connection.contracts.exits
    roots = [life.pubkey_root for life in _history(connection).exits_over()]
    if not roots:
        raise Fault(
            "no exit is to be ended: the registry has no further validator as paid out or slashed, "
            "`keel prove` shows it"
        )
    for at in range(0, len(roots), _ENDED_AT_ONCE):
        receipt = send(account, exits, "endExits", roots[at : at + _ENDED_AT_ONCE])
        ended = len(exits.events(receipt, "ExitEnded"))
        after(f"{ended} no more count as on their way.", receipt)


def note_balances(
    connection: Connection, account: AccountAPI, pubkeys: Sequence[bytes], beacon_urls: list[str]
) -> None:
    """Show balances (REQ-5); raises Mistake for a key that is not staked."""
    exits = connection.contracts.exits
    lives = _staked(connection, pubkeys)
    state = _state(connection, beacon_urls)
    for life in lives:
        _, chunk, branch = state.prover.balance(_index(life))
        block = state.prover.block(state.timestamp)
        receipt = send(account, exits, "noteBalance", life.pubkey_root, block, chunk, branch)
        (noted,) = exits.events(receipt, "BalanceNoted")
        balance = shown_ether(noted.inputs["balanceGwei"] * GWEI, 6)
        told = "absent: anybody may ask for its exit" if noted.inputs["isInactive"] else "noted"
        after(f"{_named(life)} had {balance} ETH in slot {state.slot}: {told}.", receipt)


def withdraw_part(
    connection: Connection, account: AccountAPI, pubkey: bytes, amount_wei: int
) -> None:
    """Ask for a partial withdrawal; raises Mistake for a key that is not staked, or too much."""
    c = connection.contracts
    if amount_wei > _MOST_WITHDRAWN_WEI:
        most, held = shown_ether(_MOST_WITHDRAWN_WEI), shown_ether(MOST_VALIDATOR_GWEI * GWEI)
        raise Mistake(
            f"{shown_ether(amount_wei, 9)} ETH is above {most} ETH: a validator earns on {held} at "
            "most, and 32 stay"
        )
    (life,) = _staked(connection, [pubkey])
    before(f"{shown_ether(amount_wei)} ETH of {_named(life)} will be asked for.")
    value_wei = _with_margin(c.withdrawal_vault.withdrawalRequestFeeWei())
    arguments = ([pubkey], [amount_wei // GWEI])
    receipt = send(account, c.exits, "requestPartialWithdrawals", *arguments, value_wei=value_wei)
    after("the chain pays it if the validator has 0x02 credentials and more than 32 ETH.", receipt)


def consolidate_keys(
    connection: Connection, account: AccountAPI, source: bytes, target: bytes
) -> None:
    """Ask for a consolidation, or a switch; raises Mistake for a key that is not staked."""
    c = connection.contracts
    lives = _staked(connection, dict.fromkeys((source, target)))
    if len(lives) == 1:
        before(f"{_named(lives[0])} will be asked to switch to 0x02 credentials.")
    else:
        before(f"{_named(lives[0])} will be asked to join {_named(lives[1])}, and exits.")
    value_wei = _with_margin(c.withdrawal_vault.consolidationRequestFeeWei())
    arguments = ([source], [target])
    receipt = send(account, c.exits, "requestConsolidations", *arguments, value_wei=value_wei)
    after("it is asked for. The chain says nothing when it ignores a request.", receipt)


def _history(connection: Connection) -> History:
    return historian_of(connection).up_to(block_head(connection.rpc))


def _staked(connection: Connection, pubkeys: Sequence[bytes] | dict[bytes, None]) -> list[KeyLife]:
    lives = _history(connection).key_lives()
    found = []
    for pubkey in dict.fromkeys(pubkeys):
        life = lives.get(pubkey)
        if life is None or life.stage is not Stage.STAKED:
            told = "unknown" if life is None else str(life)
            raise Mistake(f"key 0x{pubkey.hex()} is {told}, staked expected")
        found.append(life)
    return found


def _state(connection: Connection, beacon_urls: list[str]) -> ProvableState:
    with AgreedBeacon(beacon_urls) as beacon:
        return read_provable_state(beacon, connection.rpc)


def _proof(state: ProvableState, life: KeyLife) -> tuple[object, ...]:
    prover = state.prover
    return (prover.block(state.timestamp), *prover.validator(_index(life)))


def _index(life: KeyLife) -> int:
    if life.validator_index is None:
        raise ValueError(f"staked key 0x{life.pubkey.hex()} without validator")
    return life.validator_index


def _named(life: KeyLife) -> str:
    return f"validator {life.validator_index} of operator {life.operator_id}"


def _with_margin(fee_wei: int) -> int:
    """The fee may rise before the transaction's block; what is left comes back."""
    return max(fee_wei + fee_wei // 2 + 1, GWEI)
