"""The consensus layer's part, played by the script: a small ledger of the vault's validators.

Validators enter by the real logs of the real deposit contract: the first deposit of a key makes a
validator in a real state that can be proven, the vault's top-up makes it one of the ledger. What
they earn, lose and hand over to WithdrawalVault is decided by the story that calls `earn`, `slash`
and `sweep`. The ledger keeps times, so that it knows every balance at any reference slot.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from keel.chain.clock import jump_to, now
from keel.chain.contract import Contract
from keel.chain.deposit_contract import deposits_of
from keel.chain.state import balance_wei, block_head, set_balance_wei
from keel.consensus.keys import ValidatorKey
from keel.consensus.state.prover import ProvenBlock, Prover
from keel.deploy.contracts import OperatorRegistry, WithdrawalVault
from keel.model.balance_tree import ValidatorBalance
from keel.model.constants import GWEI
from keel.sight.recorded_keys import staked_pubkeys
from tests.beacon_record import BeaconRecord, BeaconValidator

FULL_BALANCE_GWEI = 32 * GWEI
TOP_UP_GWEI = 31 * GWEI


@dataclass(frozen=True, slots=True)
class Change:
    """A validator's balance changed; negative for penalties and withdrawals."""

    time: int
    pubkey: bytes
    amount_gwei: int


@dataclass(frozen=True, slots=True)
class Validator:
    """One of the vault's validators; `index` counts deposits of the deposit contract."""

    index: int
    pubkey: bytes
    operator_id: int
    deposited_at: int
    deposited_gwei: int


@dataclass
class ScriptBeacon:
    """`slashed` and `exited` are public keys with the time from which they are."""

    deposits: Contract
    registry: OperatorRegistry
    withdrawal_vault: WithdrawalVault
    first_block: int
    finality_seconds: int
    record: BeaconRecord = field(default_factory=BeaconRecord)
    validators: list[Validator] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    slashed: dict[bytes, int] = field(default_factory=dict)
    exited: dict[bytes, int] = field(default_factory=dict)
    next_block: int = 0

    def follow(self) -> None:
        """Take in new deposits; top-ups of keys that the registry staked enter the ledger."""
        last_block = block_head(self.deposits.rpc).number
        first_block = max(self.next_block, self.first_block)
        if first_block > last_block:
            return
        events = self.deposits.events_between(first_block, last_block, "DepositEvent")
        operators = staked_pubkeys(self.registry, self.first_block) if events else {}
        for event, deposit in zip(events, deposits_of(events), strict=True):
            data = deposit.data
            one = BeaconValidator(data.pubkey, data.withdrawal_credentials, data.amount_gwei)
            self.record.add(one)
            if data.pubkey not in operators or data.amount_gwei != TOP_UP_GWEI:
                continue
            time = block_head(self.deposits.rpc, event.log.block_number).timestamp
            operator_id = operators[data.pubkey]
            self.validators.append(
                Validator(deposit.index, data.pubkey, operator_id, time, FULL_BALANCE_GWEI)
            )
        self.next_block = last_block + 1

    def await_validators(self, pubkeys: Collection[bytes]) -> None:
        """Deposits make validators at once here."""
        self.follow()
        if strangers := set(pubkeys) - set(self.record.places):
            raise ValueError(f"nobody deposited for {len(strangers)} of the keys")

    def shown(self) -> tuple[Prover, ProvenBlock]:
        """A state of all validators as their first deposits made them."""
        shown = self.record.show(self.deposits.rpc)
        return shown.prover, shown.block

    def hold_keys(self, keys: Sequence[ValidatorKey]) -> None:
        """Keys are of no use here: validators of this ledger have no duties."""

    def go_to(self, time: int) -> None:
        """Mine a block at just this time."""
        jump_to(self.deposits.rpc, time)

    def await_final(self, ref_time: int) -> None:
        """Slots are final here when the oracle takes them as such (REP-1)."""
        self.go_to(max(self._now(), ref_time + self.finality_seconds))

    def block_at(self, time: int) -> int:
        """Look back from the latest block."""
        rpc = self.deposits.rpc
        head = block_head(rpc)
        while head.timestamp > time:
            head = block_head(rpc, head.number - 1)
        return head.number

    def earn(self, total_gwei: int) -> None:
        """Let active validators earn, in equal parts; the first has the remainder."""
        active = self._active()
        each, rest = divmod(total_gwei, len(active))
        for position, validator in enumerate(active):
            self._change(validator, each + (rest if position == 0 else 0))

    def slash(self, total_gwei: int, count: int = 1) -> None:
        """Take penalties from validators that were not slashed before, in equal parts."""
        chosen = [v for v in self._active() if v.pubkey not in self.slashed][:count]
        each, rest = divmod(total_gwei, count)
        for position, validator in enumerate(chosen):
            self._change(validator, -each - (rest if position == 0 else 0))
            self.slashed[validator.pubkey] = self._now()

    def skim(self) -> int:
        """Sweep what validators have above 32 ETH to WithdrawalVault, as the chain does; gwei."""
        return self._sweep({v: self.balance_gwei(v) - FULL_BALANCE_GWEI for v in self._active()})

    def exit(self, count: int) -> int:
        """Let validators leave; their whole balance goes to WithdrawalVault. Returns gwei."""
        leaving = self._active()[-count:]
        swept_gwei = self._sweep({v: self.balance_gwei(v) for v in leaving})
        self.exited |= {v.pubkey: self._now() for v in leaving}
        return swept_gwei

    def balance_gwei(self, validator: Validator, time: int | None = None) -> int:
        """Balance at a time, by default now; a deposit at that very second counts."""
        time = self._now() if time is None else time
        if validator.deposited_at > time:
            return 0
        return validator.deposited_gwei + sum(
            c.amount_gwei for c in self.changes if c.pubkey == validator.pubkey and c.time <= time
        )

    def total_gwei(self, time: int) -> int:
        """C: balances of all validators at a time."""
        return sum(self.balance_gwei(validator, time) for validator in self.validators)

    def deposited_later_gwei(self, time: int) -> int:
        """P: what was deposited after a time."""
        return sum(v.deposited_gwei for v in self.validators if v.deposited_at > time)

    def balances(self, time: int) -> list[ValidatorBalance]:
        """Everything that `validatorsRoot` holds."""
        return [
            ValidatorBalance(
                v.index,
                v.pubkey,
                self.balance_gwei(v, time),
                self._since(self.slashed, v, time),
            )
            for v in self.validators
            if v.deposited_at <= time
        ]

    def active_gwei(self, time: int) -> int:
        """The part of C of validators that have not left at a time."""
        staying = (v for v in self.validators if not self._since(self.exited, v, time))
        return sum(self.balance_gwei(validator, time) for validator in staying)

    def counts(self, time: int) -> dict[int, tuple[int, int, int]]:
        """Active, exited and slashed validators by operator."""
        counted: dict[int, tuple[int, int, int]] = {}
        for v in self.validators:
            if v.deposited_at > time:
                continue
            active, exited, slashed = counted.get(v.operator_id, (0, 0, 0))
            has_left = self._since(self.exited, v, time)
            counted[v.operator_id] = (
                active + (not has_left),
                exited + has_left,
                slashed + self._since(self.slashed, v, time),
            )
        return counted

    def _active(self) -> list[Validator]:
        self.follow()
        return [v for v in self.validators if v.pubkey not in self.exited]

    def _sweep(self, amounts_gwei: dict[Validator, int]) -> int:
        swept_gwei = 0
        for validator, amount_gwei in amounts_gwei.items():
            if amount_gwei > 0:
                self._change(validator, -amount_gwei)
                swept_gwei += amount_gwei
        rpc, address = self.withdrawal_vault.rpc, self.withdrawal_vault.address
        set_balance_wei(rpc, address, balance_wei(rpc, address) + swept_gwei * GWEI)
        return swept_gwei

    def _change(self, validator: Validator, amount_gwei: int) -> None:
        self.changes.append(Change(self._now(), validator.pubkey, amount_gwei))

    def _now(self) -> int:
        return now(self.deposits.rpc)

    @staticmethod
    def _since(times: dict[bytes, int], validator: Validator, time: int) -> bool:
        return times.get(validator.pubkey, time + 1) <= time
