"""What a person may do from the page: prepared and tried first, then sent by whoever holds the key.

The data of a transaction is made here alone; a browser's wallet and the node of a development chain
get the same. A refusal says what was wrong in the contracts' own words, with value and bound.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from eth_utils.address import is_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from keel.chain.abi import CustomError, checksummed
from keel.chain.contract import Contract
from keel.chain.errors import ChainError, RpcError
from keel.chain.revert import Cause, Reverted
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei
from keel.chain.transaction import failure_cause, receipt_of
from keel.deploy.bindings import Bindings
from keel.deploy.contracts import StakingVault, WrappedKeelEther
from keel.formatting.amounts import exact_ether, parse_ether
from keel.model.frames import Action, State

_NOBODY = "0x" + "0" * 40
_MOST_TICKETS = 100
_GAS_MARGIN_PERCENT = 30


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError(f"{text[:60]!r} is not an address")
    return checksummed(text)


class Wish(BaseModel):
    """What somebody wants: `amount` is a text such as 1.5, `tickets` are those to claim."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Annotated[str, AfterValidator(_address)]
    kind: Literal["deposit", "wrap", "unwrap", "request", "redeem", "claim"]
    amount: str = Field(default="", max_length=100)
    tickets: tuple[Annotated[int, Field(ge=1, lt=2**256)], ...] = Field(
        default=(), max_length=_MOST_TICKETS
    )


class Prepared(BaseModel):
    """A transaction that would succeed now; numbers as wallets take them, in hexadecimal."""

    model_config = ConfigDict(frozen=True)

    sender: str
    to: str
    data: str
    value: str
    summary: str

    def request(self) -> dict[str, str]:
        """As eth_sendTransaction takes it."""
        return {"from": self.sender, "to": self.to, "data": self.data, "value": self.value}


class RefusedError(ChainError):
    """It cannot be done as wished; one sentence for the person who wished it."""


def prepare(contracts: Bindings, wish: Wish) -> Prepared:
    """Make and try a transaction; raises RefusedError, and RpcConnectionError without a node."""
    if wish.kind == "claim":
        return _prepare_claim(contracts, wish)
    try:
        amount_wei = parse_ether(wish.amount.strip())
    except ValueError as error:
        raise RefusedError(str(error)) from error
    makers = {
        "deposit": _prepare_deposit,
        "wrap": _prepare_wrap,
        "unwrap": _prepare_unwrap,
        "request": _prepare_request,
        "redeem": _prepare_redeem,
    }
    return makers[wish.kind](contracts, wish.account, amount_wei)


def send_local(rpc: RpcClient, prepared: Prepared) -> str:
    """Have the node sign and send for an account that it has unlocked; returns the hash."""
    try:
        gas = int(rpc.call("eth_estimateGas", prepared.request()), 16)
        gas += gas * _GAS_MARGIN_PERCENT // 100
        return str(rpc.call("eth_sendTransaction", {**prepared.request(), "gas": hex(gas)}))
    except RpcError as error:
        raise RefusedError(f"the node refuses to send: {error.message}") from error


def transaction_status(contracts: Bindings, transaction_hash: str) -> Mapping[str, Any]:
    """Where a transaction is: unknown, pending, mined or failed, in words too."""
    rpc = contracts.rpc
    receipt = receipt_of(rpc, transaction_hash)
    if receipt is None:
        known = rpc.call("eth_getTransactionByHash", transaction_hash) is not None
        text = "waits for a block" if known else "is not known to the node"
        return {"status": "pending" if known else "unknown", "text": text}
    place = f"in block {receipt.block_number}, {receipt.gas_used:,} gas"
    if receipt.succeeded:
        return {"status": "mined", "block": receipt.block_number, "text": f"mined {place}"}
    try:
        cause = failure_cause(rpc, transaction_hash, contracts.vault.errors)
        reason = _cause_in_words(cause)
    except RpcError:
        reason = "the node does not say why"
    return {"status": "failed", "block": receipt.block_number, "text": f"failed {place}: {reason}"}


def _prepare_deposit(c: Bindings, who: str, amount_wei: int) -> Prepared:
    held_wei = balance_wei(c.rpc, who)
    if held_wei <= amount_wei:
        raise RefusedError(
            f"{who} has {exact_ether(held_wei)} ETH; more than {exact_ether(amount_wei)} ETH is "
            "needed, for gas too"
        )
    shares = _tried(c.vault, who, "deposit", who, _NOBODY, value_wei=amount_wei)
    worth_wei = c.vault.toAssetsDown(shares)
    text = f"{exact_ether(amount_wei)} ETH for {exact_ether(worth_wei)} kETH"
    return _made(c.vault, who, text, "deposit", who, _NOBODY, value_wei=amount_wei)


def _prepare_wrap(c: Bindings, who: str, amount_wei: int) -> Prepared:
    _require_balance(c.vault, who, amount_wei, "kETH")
    units = _tried(c.wrapped, who, "deposit", amount_wei, who)
    text = f"{exact_ether(amount_wei)} kETH into {exact_ether(units)} wkETH"
    return _made(c.wrapped, who, text, "deposit", amount_wei, who)


def _prepare_unwrap(c: Bindings, who: str, units: int) -> Prepared:
    _require_balance(c.wrapped, who, units, "wkETH")
    amount_wei = _tried(c.wrapped, who, "redeem", units, who, who)
    text = f"{exact_ether(units)} wkETH into {exact_ether(amount_wei)} kETH"
    return _made(c.wrapped, who, text, "redeem", units, who, who)


def _prepare_request(c: Bindings, who: str, amount_wei: int) -> Prepared:
    _require_balance(c.vault, who, amount_wei, "kETH")
    ticket = _tried(c.queue, who, "request", amount_wei, who)
    text = f"{exact_ether(amount_wei)} kETH for ticket {ticket}, which only losses can reduce"
    return _made(c.queue, who, text, "request", amount_wei, who)


def _prepare_redeem(c: Bindings, who: str, amount_wei: int) -> Prepared:
    """At least what is shown is paid, or the transaction fails."""
    _require_balance(c.vault, who, amount_wei, "kETH")
    shares = min(c.vault.toSharesUp(amount_wei), c.vault.sharesOf(who))
    paid_wei = _tried(c.instant, who, "redeem", shares, who, 0)
    text = (
        f"{exact_ether(amount_wei)} kETH for {exact_ether(paid_wei)} ETH at once, a fee of "
        f"{exact_ether(amount_wei - paid_wei)} ETH"
    )
    return _made(c.instant, who, text, "redeem", shares, who, paid_wei)


def _prepare_claim(c: Bindings, wish: Wish) -> Prepared:
    tickets = list(dict.fromkeys(wish.tickets))
    if not tickets:
        raise RefusedError("no ticket is named")
    if len(tickets) == 1:
        paid_wei = _tried(c.queue, wish.account, "claim", tickets[0])
        text = f"Ticket {tickets[0]} for {exact_ether(paid_wei)} ETH, paid to its owner"
        return _made(c.queue, wish.account, text, "claim", tickets[0])
    paid_wei = _tried(c.queue, wish.account, "claimMany", tickets)
    if not paid_wei:
        raise RefusedError(f"none of these {len(tickets)} tickets can be claimed now")
    text = f"{len(tickets)} tickets for {exact_ether(paid_wei)} ETH, paid to their owners"
    return _made(c.queue, wish.account, text, "claimMany", tickets)


def _tried(contract: Contract, who: str, function: str, *arguments: Any, value_wei: int = 0) -> Any:
    """What the call would return now; raises RefusedError in the contracts' words."""
    try:
        return contract.function(function)(*arguments, sender=who, value_wei=value_wei)
    except Reverted as error:
        raise RefusedError(f"{function} is refused: {_cause_in_words(error.cause)}") from error
    except RpcError as error:
        raise RefusedError(f"the node refuses to simulate it: {error.message}") from error


def _made(
    contract: Contract, who: str, text: str, function: str, *arguments: Any, value_wei: int = 0
) -> Prepared:
    data = "0x" + contract.function(function).encode(*arguments).hex()
    return Prepared(sender=who, to=contract.address, data=data, value=hex(value_wei), summary=text)


def _require_balance(
    token: StakingVault | WrappedKeelEther, who: str, amount_wei: int, name: str
) -> None:
    held_wei = token.balanceOf(who)
    if amount_wei > held_wei:
        raise RefusedError(
            f"{exact_ether(amount_wei)} {name} is more than the account has: "
            f"{exact_ether(held_wei)} {name}"
        )


def _cause_in_words(cause: Cause) -> str:
    """A custom error with its values in units, anything else as it is."""
    if not isinstance(cause, CustomError):
        return str(cause)
    values = [f"{_words(name)} {_value(name, value)}" for name, value in cause.inputs.items()]
    return f"{cause.name} ({', '.join(values)})" if values else cause.name


def _words(name: str) -> str:
    """`minWei` as `min`: the unit is shown next to the value."""
    parts = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name.removesuffix("Wei"))
    return " ".join(part.lower() for part in parts)


def _value(name: str, value: Any) -> str:
    if name.endswith("Wei") and isinstance(value, int):
        return f"{exact_ether(value)} ETH"
    if name == "state" and isinstance(value, int):
        return State(value).name.lower()
    if name == "action" and isinstance(value, int):
        return Action(value).name.lower().replace("_", " ")
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return f"{value:,}" if isinstance(value, int) else str(value)


def ticket_ids(tickets: Sequence[Any]) -> str:
    """Ids as the page's buttons carry them."""
    return " ".join(str(ticket.number) for ticket in tickets)
