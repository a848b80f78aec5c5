"""What can be asked of a running chain: one function for each command, by its name.

Arguments are checked by the types that the functions name before anything acts on them, and
validators are looked for in the state. Results are JSON. Amounts are gwei where the consensus layer
counts, wei otherwise, and their names say which.
"""

from collections.abc import Callable

from keel.chain.state import balance_wei, unlocked_accounts
from keel.consensus.beacon.branches import restore_branch, take_branch
from keel.consensus.beacon.control.arguments import (
    Address,
    DepositGwei,
    Gwei,
    Index,
    Name,
    Offence,
    Secret,
    Slots,
    Wei,
)
from keel.consensus.beacon.control.deposits import require_own_terms
from keel.consensus.beacon.control.desk import Desk, Result, status
from keel.consensus.beacon.control.names import require_validators
from keel.consensus.beacon.control.slot_commands import (
    activation,
    epoch,
    finality,
    reach_goal,
    run,
    to_slot,
    withdrawal,
)
from keel.consensus.beacon.disk import save_chain
from keel.consensus.beacon.errors import BadArgumentError, BeaconError
from keel.consensus.beacon.offences import propose_twice, vote_around, vote_twice
from keel.consensus.beacon.participation import enough_to_stop_finality
from keel.consensus.beacon.requests import (
    request_compounding,
    request_consolidation,
    request_exit,
    request_withdrawal,
    submit_deposit,
    top_up,
    try_deposit,
)
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from keel.consensus.deposit_data import parse_deposit_data
from keel.formatting.amounts import shown_ether

_WEI_PER_GWEI = 10**9


def validator(desk: Desk, index: Index) -> Result:
    """Everything that the state says of one validator; far-future epochs are None."""
    chain = desk.chain
    require_validators(chain, [index])
    entry = chain.state.validators[index]
    never = chain.spec.FAR_FUTURE_EPOCH
    epochs = ("activation_eligibility", "activation", "exit", "withdrawable")
    return {
        "index": index,
        "pubkey": "0x" + bytes(entry.pubkey).hex(),
        "withdrawal_credentials": "0x" + bytes(entry.withdrawal_credentials).hex(),
        "balance_gwei": int(chain.state.balances[index]),
        "effective_balance_gwei": int(entry.effective_balance),
        "slashed": bool(entry.slashed),
        "takes_part": chain.takes_part(index),
    } | {
        f"{name}_epoch": None if at == never else int(at)
        for name, at in ((name, getattr(entry, f"{name}_epoch")) for name in epochs)
    }


def offline(desk: Desk, indices: list[Index]) -> Result:
    """Let validators stop their duties."""
    require_validators(desk.chain, indices)
    desk.chain.participation.go_offline(indices)
    return status(desk)


def online(desk: Desk, indices: list[Index]) -> Result:
    """Bring validators back; an empty list means all."""
    require_validators(desk.chain, indices)
    desk.chain.participation.come_back(indices or None)
    return status(desk)


def stop_finality(desk: Desk) -> Result:
    """Take just over a third of the stake offline."""
    chain = desk.chain
    chain.participation.go_offline(enough_to_stop_finality(chain.spec, chain.state))
    return status(desk)


def miss(desk: Desk, slots: Slots) -> Result:
    """Leave the next slots without a block."""
    chain = desk.chain
    chain.participation.miss(range(chain.slot + 1, chain.slot + 1 + slots))
    return status(desk)


def slash(desk: Desk, offence: Offence, indices: list[Index]) -> Result:
    """Have validators offend and prove it in the next blocks."""
    require_validators(desk.chain, indices)
    if offence == "double-proposal":
        for index in indices:
            propose_twice(desk.chain, index)
    else:
        {"double-vote": vote_twice, "surround-vote": vote_around}[offence](desk.chain, indices)
    return status(desk)


def leave(desk: Desk, index: Index, by_owner: bool) -> Result:
    """Ask for a validator's exit, with its own key or as its withdrawal address."""
    if by_owner:
        return _sent(request_exit(desk.chain, index))
    exit_voluntarily(desk.chain, index)
    return status(desk)


def withdraw(desk: Desk, index: Index, amount_gwei: Gwei) -> Result:
    """Ask for a partial withdrawal as the withdrawal address."""
    return _sent(request_withdrawal(desk.chain, index, amount_gwei))


def consolidate(desk: Desk, source: Index, target: Index) -> Result:
    """Ask for a consolidation as the withdrawal address; the same index twice: compounding."""
    if source == target:
        return _sent(request_compounding(desk.chain, source))
    return _sent(request_consolidation(desk.chain, source, target))


def deposit(desk: Desk, deposit_data: str) -> Result:
    """Deposit all entries of a deposit data file, from Anvil's first account."""
    rpc = desk.chain.rpc
    sender = unlocked_accounts(rpc)[0]
    entries = parse_deposit_data(deposit_data)
    require_own_terms(entries)
    for entry in entries:
        try_deposit(rpc, entry, sender)
    return {"sent": [submit_deposit(rpc, entry, sender) for entry in entries]}


def more(desk: Desk, index: Index, amount_gwei: DepositGwei) -> Result:
    """Top a validator up from Anvil's first account."""
    require_validators(desk.chain, [index])
    rpc, amount_wei = desk.chain.rpc, amount_gwei * _WEI_PER_GWEI
    sender = unlocked_accounts(rpc)[0]
    held_wei = balance_wei(rpc, sender)
    if amount_wei >= held_wei:
        raise BeaconError(
            f"{shown_ether(amount_wei)} ETH and gas are more than {sender} has: "
            f"{shown_ether(held_wei)} ETH"
        )
    return _sent(top_up(desk.chain, index, amount_gwei, sender))


def add_key(desk: Desk, secret: Secret) -> Result:
    """Let the chain act with a validator's key."""
    return {"pubkey": "0x" + desk.chain.keys.add_secret(secret).hex()}


def mev(desk: Desk, amount_wei: Wei) -> Result:
    """Have each block's builder pay its proposer from now on; 0 ends it."""
    desk.chain.fees.mev_payment_wei = amount_wei
    return status(desk)


def fee_recipient(desk: Desk, address: Address, indices: list[Index]) -> Result:
    """Send validators' fees to an address; an empty list means all that have none of their own."""
    chain = desk.chain
    require_validators(chain, indices)
    if indices:
        pubkeys = [bytes(chain.state.validators[index].pubkey) for index in indices]
        chain.fees.send_fees_of(pubkeys, address)
    else:
        chain.fees.default_recipient = address
    return status(desk)


def snapshot(desk: Desk, name: Name) -> Result:
    """Remember both layers under a name."""
    desk.snapshots[name] = take_branch(desk.chain)
    return status(desk)


def revert(desk: Desk, name: Name) -> Result:
    """Return to a named snapshot."""
    if name not in desk.snapshots:
        known = ", ".join(desk.snapshots) or "none"
        raise BadArgumentError(f"no snapshot {name!r}, known: {known}")
    restore_branch(desk.chain, desk.snapshots[name])
    return status(desk)


def save(desk: Desk) -> Result:
    """Write the chain to its folder."""
    save_chain(desk.chain, desk.folder)
    return {"folder": str(desk.folder)}


COMMANDS: dict[str, Callable[..., Result]] = {
    function.__name__: function
    for function in (
        status,
        validator,
        run,
        epoch,
        finality,
        reach_goal,
        to_slot,
        activation,
        withdrawal,
        offline,
        online,
        stop_finality,
        miss,
        slash,
        leave,
        withdraw,
        consolidate,
        deposit,
        more,
        add_key,
        mev,
        fee_recipient,
        snapshot,
        revert,
        save,
    )
}


def _sent(transaction_hash: str) -> Result:
    return {"sent": [transaction_hash]}
