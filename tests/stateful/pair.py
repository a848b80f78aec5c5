"""The contracts and their model, moved together and compared to the wei after every step."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from keel.chain.abi import CustomError
from keel.chain.contract import Contract, deploy
from keel.chain.revert import Cause
from keel.chain.rpc import Request, RpcClient
from keel.chain.state import block_head
from keel.chain.transaction import (
    TRANSACTION_GAS_CAP,
    Receipt,
    failure_cause,
    parse_receipt,
    transaction_request,
)
from keel.model.commitment import OperatorTotals
from keel.model.errors import Refused
from keel.model.frames import Action
from keel.model.protocol import BONDS, FUND, REGISTRY, VAULT, WKETH, ZERO_ADDRESS, Protocol, launch
from tests.deployment import Keel
from tests.stateful.keys import KeyPool
from tests.stateful.reading import ACTORS, UNIT_HOLDERS, Reader, Values, differences, expected
from tests.stateful.refusals import ERC20InsufficientAllowance
from tests.stateful.worth import worths_of
from tests.unit.contracts.hands import as_contract

FOREVER = 2**256 - 1

type Transition = Callable[[], Protocol]
"""What the model makes of a step; raises Refused."""


@dataclass
class Pair:
    """One deployment and the model of it. `fork` gives a copy for another history.

    Amounts are wei. `forced` is ether that was forced into contracts (ACC-2), `ether` what actors
    have, `seen` and `before` what was read after the last step and before it, `leaves` those of
    the last report. `outcomes` counts what became of the steps of all forks.
    """

    keel: Keel
    reader: Reader
    model: Protocol
    now: int
    addresses: Mapping[str, str]
    seen: Values = field(default_factory=dict)
    before: Values = field(default_factory=dict)
    allowances: dict[tuple[str, str, str], int] = field(default_factory=dict)
    forced: dict[str, int] = field(default_factory=dict)
    ether: dict[str, int] = field(default_factory=dict)
    leaves: tuple[OperatorTotals, ...] = ()
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def rpc(self) -> RpcClient:
        return self.keel.rpc

    def fork(self) -> "Pair":
        """Copy what a step changes."""
        other = copy(self)
        other.allowances, other.forced = dict(self.allowances), dict(self.forced)
        other.ether = dict(self.ether)
        return other

    # ---- steps

    def send(
        self,
        contract: Contract,
        function: str,
        *arguments: Any,
        sender: str,
        then: Transition,
        value_wei: int = 0,
        involved: Iterable[str] = (),
        exempt: Iterable[str] = (),
        pays: Mapping[str, int] | None = None,
    ) -> Receipt:
        """Call a function in the name of an actor; the model says what must come of it.

        Sender and `involved` may gain at the cost of each other, `exempt` at that of nobody.
        `pays` is read after the transition: wei that actors receive.
        """
        data = contract.function(function).encode(*arguments) if function else b""
        after, refusal = self._foresee(then)
        request = transaction_request(
            self.addresses[sender],
            contract.address,
            data,
            value_wei=value_wei,
            gas=TRANSACTION_GAS_CAP,
            max_fee_per_gas_wei=None,
        )
        receipt = self._advance(("eth_sendTransactionSync", (request,)), after)
        outcome = type(refusal).__name__ if refusal else "done"
        self.outcomes[f"{function or 'plain ether'}: {outcome}"] += 1
        self._pay(sender, receipt.fee_wei)
        if receipt.succeeded:
            assert refusal is None, f"{function} passed, the model refuses it: {refusal}"
            self._pay(sender, value_wei)
            for name, wei in (pays or {}).items():
                self._pay(name, -wei)
        else:
            cause = failure_cause(self.rpc, receipt.transaction_hash, contract.errors)
            assert refusal is not None, f"{function} failed, the model allows it: {cause}"
            assert self._same_reason(cause, refusal), f"{function}: {cause}, the model: {refusal}"
        self._compare(after)
        worths = worths_of(self.before, self.addresses).less(sender, receipt.fee_wei)
        worths_of(self.seen, self.addresses).check_against(worths, {sender, *involved}, set(exempt))
        return receipt

    def jump_to(self, timestamp: int) -> None:
        """Let time pass; nothing else may change."""
        self.now = max(self.now, timestamp)
        self._advance(("evm_mine", ()), self.model)
        self.outcomes[f"time passes: {self.model.state(self.now).name.lower()}"] += 1
        self._compare(self.model)

    def arrive(self, holder: Contract, amount_wei: int) -> None:
        """Let ether arrive without a call, as a withdrawal or a self-destruct brings it."""
        field_name = next(name for name in _FIELDS if getattr(self.keel.quick, name) is holder)
        balance = self.seen[f"ether.{field_name}"]
        assert isinstance(balance, int)
        after = self.model
        if field_name == "withdrawal_vault":
            held = self.model.withdrawal_vault_wei + amount_wei
            after = replace(self.model, withdrawal_vault_wei=held)
        elif field_name == "rewards_vault":
            held = self.model.rewards_vault_wei + amount_wei
            after = replace(self.model, rewards_vault_wei=held)
        else:
            self.forced[field_name] = self.forced.get(field_name, 0) + amount_wei
        self.outcomes[f"ether arrives: {field_name}"] += 1
        self._advance(("anvil_setBalance", (holder.address, hex(balance + amount_wei))), after)
        self._compare(after)

    def look(self) -> None:
        """Read and compare once, at the beginning."""
        self._advance(("evm_mine", ()), self.model)
        for name in ACTORS:
            self.ether[name] = self._int(f"ether.{name}")
        self._compare(self.model)

    def _foresee(self, then: Transition) -> tuple[Protocol, Refused | None]:
        try:
            return then(), None
        except Refused as refused:
            return self.model, refused

    def _advance(self, request: Request, after: Protocol) -> Receipt:
        """Make one request at the present time, then read everything.

        Not in one batch, since Anvil would read before the transaction is mined.
        """
        self.before = self.seen
        reading = self.reader.reading(len(after.queue.tickets))
        timed = ("evm_setNextBlockTimestamp", (hex(self.now),))
        _, done = self.rpc.batch([timed, request])
        self.seen = reading.values(self.rpc.call(reading.request[0], *reading.request[1]))
        if request[0] != "eth_sendTransactionSync":
            return _NO_RECEIPT
        receipt = parse_receipt(done)
        assert receipt.timestamp == self.now
        return receipt

    # ---- allowances, which the model leaves to the contracts

    def allowance(self, token: str, owner: str, spender: str) -> int:
        return self.allowances.get((token, owner, spender), 0)

    def approve(self, token: str, owner: str, spender: str, amount: int) -> None:
        tokens = {"keth": self.keel.quick.vault, "wketh": self.keel.quick.wrapped}
        self.send(
            tokens[token],
            "approve",
            self.addresses[spender],
            amount,
            sender=owner,
            then=lambda: self.model,
        )
        self.allowances[token, owner, spender] = amount

    def approve_fund(self, owner: str) -> None:
        """Let the insurance fund take wkETH, without end."""
        self.send(
            self.keel.quick.wrapped,
            "approve",
            self.addresses[FUND],
            FOREVER,
            sender=owner,
            then=lambda: self.model,
        )

    def check_allowance(self, token: str, owner: str, spender: str, amount: int) -> None:
        """Raise ERC20InsufficientAllowance."""
        allowed = self.allowance(token, owner, spender)
        if allowed < amount:
            raise ERC20InsufficientAllowance(spender, allowed, amount)

    def spend(self, token: str, owner: str, spender: str, amount: int) -> None:
        """Follow a transfer that passed; the greatest allowance stays."""
        if self.allowance(token, owner, spender) != FOREVER:
            left = self.allowance(token, owner, spender) - amount
            self.allowances[token, owner, spender] = left

    # ---- what must hold

    def _same_reason(self, cause: Cause, refusal: Refused) -> bool:
        if not isinstance(cause, CustomError):
            return False
        wanted = [self._as_shown(value) for value in refusal.arguments.values()]
        return cause.name == type(refusal).__name__ and list(cause.inputs.values()) == wanted

    def _as_shown(self, value: object) -> object:
        return self.addresses.get(value, value) if isinstance(value, str) else value

    def _compare(self, after: Protocol) -> None:
        self.model = after
        found = differences(self.seen, expected(after, self.now, self.addresses, self.reader.keys))
        assert not found, "\n".join(found)
        self._check_ether()
        self._check_shares()

    def _check_ether(self) -> None:
        """ACC-1 with every term measured from outside, and each payment at its receiver."""
        seen, model = self.seen, self.model
        _, assets_wei, _ = self._words("vault.totals")
        consensus_wei, pending_wei, *_ = self._words("vault.consensus")
        buffered_wei = self._int("ether.vault") - self.forced.get("vault", 0)
        owed_wei = self._int("queue.owedWei")
        assert buffered_wei + consensus_wei + pending_wei == assets_wei + owed_wei
        in_queue_wei = self._int("ether.queue") - self.forced.get("queue", 0)
        assert in_queue_wei == model.queue.held_wei
        claims_wei = sum(
            self._words(f"ticket.{ticket}")[3]
            for ticket in range(1, len(model.queue.tickets) + 1)
            if self._words(f"ticket.{ticket}")[1] == 2
        )
        assert in_queue_wei >= claims_wei
        assert seen["ether.withdrawal_vault"] == model.withdrawal_vault_wei
        assert seen["ether.rewards_vault"] == model.rewards_vault_wei
        for name in ("wrapped", "fund"):
            assert seen[f"ether.{name}"] == self.forced.get(name, 0)
        for name in ACTORS:
            assert seen[f"ether.{name}"] == self.ether[name], f"ether of {name}"

    def _check_shares(self) -> None:
        shares = sum(self._int(f"shares.{name}") for name in (*ACTORS, *_HOLDING_CONTRACTS))
        assert shares == self._words("vault.totals")[0]
        units = sum(self._int(f"units.{name}") for name in UNIT_HOLDERS)
        assert self._int("wrapped.totalSupply") == units
        assert units * 10**9 == self._int(f"shares.{WKETH}")

    def _pay(self, name: str, wei: int) -> None:
        if name in self.ether:
            self.ether[name] -= wei

    # ---- reading

    def _int(self, name: str) -> int:
        value = self.seen[name]
        assert isinstance(value, int)
        return value

    def _words(self, name: str) -> tuple[int, ...]:
        value = self.seen[name]
        assert isinstance(value, tuple)
        return value


_FIELDS = ("vault", "queue", "withdrawal_vault", "rewards_vault", "wrapped", "fund")
_HOLDING_CONTRACTS = (VAULT, WKETH, FUND, REGISTRY)
_NO_RECEIPT = Receipt("", True, 0, 0, 0, 0, "", None, ())


def open_pair(keel: Keel, keys: KeyPool, reader_code: tuple[Any, bytes]) -> Pair:
    """Put a fresh deployment and a fresh model side by side."""
    rpc, quick = keel.rpc, keel.quick
    addresses = {name: str(keel.actors[name].address) for name in ACTORS}
    addresses |= {
        VAULT: quick.vault.address,
        WKETH: quick.wrapped.address,
        FUND: quick.fund.address,
        BONDS: quick.bonds.address,
        REGISTRY: quick.registry.address,
        ZERO_ADDRESS: ZERO_ADDRESS,
        "withdrawal_vault": quick.withdrawal_vault.address,
        "rewards_vault": quick.rewards_vault.address,
        "manager": str(keel.actors.operator_managers[0].address),
        "guardian": str(keel.actors.guardian.address),
    }
    as_contract(quick.registry)  # slashings and what is paid out are told in its place
    abi, code = reader_code
    contract, _ = deploy(rpc, abi, code, sender=addresses["depositor"])
    ref_time = quick.vault.consensus().lastRefTime
    model = launch(keel.configuration.model, ref_time)
    opened_at = quick.vault.pausedUntil(Action.DEPOSIT)  # by the hand-over (ROL-5)
    model = replace(model, paused_until={Action.DEPOSIT: opened_at}, registry=keys.registry)
    reader = Reader(contract, quick, addresses, keys)
    pair = Pair(keel, reader, model, block_head(rpc).timestamp, addresses)
    pair.look()
    return pair
