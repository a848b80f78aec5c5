"""Operators, keys and staking, as the people do it who manage operators, and anyone else.

The beacon chain is a record of validators whose states are proven to the real verifier.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest

from keel.chain.abi import CustomError
from keel.chain.clock import now
from keel.chain.revert import Reverted
from keel.chain.state import runtime_code, set_runtime_code
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry, make_deposit_data
from keel.consensus.keys import ValidatorKey, derive_signing_keys, mnemonic_to_seed
from keel.deploy.contracts import OperatorRegistry
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER, GWEI
from keel.model.key_stage import Stage
from keel.sight.predeposits import Predeposit
from tests.beacon_record import BeaconRecord, BeaconValidator, prover_of
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit

MNEMONIC = "test test test test test test test test test test test junk"
PREDEPOSIT_GWEI = ETHER // GWEI


@dataclass
class Validators:
    """The registry of a deployment and its beacon chain; every key that it makes is used once."""

    keel: Keel
    keys_made: int = 0
    beacon: BeaconRecord = field(default_factory=BeaconRecord)

    @property
    def registry(self) -> OperatorRegistry:
        """The contract that is tested."""
        return self.keel.quick.registry

    @property
    def manager(self) -> str:
        """Who manages all operators added here."""
        return str(self.keel.actors.operator_managers[0].address)

    @property
    def anyone(self) -> str:
        """Who proves and stakes, with no role."""
        return str(self.keel.actors.stranger.address)

    @property
    def credentials(self) -> bytes:
        """Those of WithdrawalVault."""
        return bytes(self.keel.quick.vault.withdrawalCredentials())

    def add_operator(
        self, limit: int = 1_000, target_bps: int = 10_000, commission_bps: int = 600
    ) -> int:
        """Admit an operator and return its id."""
        terms = ("Harbour", self.manager, self.manager, limit, target_bps, commission_bps)
        self.keel.call_as_role(self.registry, "addOperator", *terms)
        return int(self.registry.operatorCount()) - 1

    def new_entries(self, count: int, *, compounding: bool = False) -> list[DepositDataEntry]:
        """Deposit data of 1 ETH for keys not used before."""
        credentials = (b"\x02" if compounding else b"\x01") + self.credentials[1:]
        keys = range(self.keys_made, self.keys_made + count)
        self.keys_made += count
        return [
            make_deposit_data(signing_key(number), credentials, PREDEPOSIT_GWEI) for number in keys
        ]

    def predeposit(self, operator_id: int, entries: Sequence[DepositDataEntry]) -> Receipt:
        """Send the manager's 1 ETH for each key; the beacon chain sees the deposits."""
        call = Predeposit(tuple(entries))
        receipt = self.registry.predeposit.send(
            operator_id, *call.arguments, sender=self.manager, value_wei=call.value_wei
        )
        self.beacon.add(*(BeaconValidator(e.pubkey, e.withdrawal_credentials) for e in entries))
        return receipt

    def prove(self, entries: Iterable[DepositDataEntry]) -> Receipt:
        """Prove fresh validators of these keys; return the last receipt."""
        receipt = None
        for arguments in self.beacon.show(self.keel.rpc).fresh(e.pubkey for e in entries):
            receipt = self.registry.proveFresh.send(*arguments, sender=self.anyone)
        assert receipt is not None
        return receipt

    def root(self) -> bytes:
        """Root of the block that a proof now leads to."""
        return prover_of(
            self.beacon.validators, balances_gwei=self.beacon.balances_gwei, slot=self.beacon.slot
        ).tree.header_fields.root

    def prove_one(self, pubkey: bytes, what: str = "proveKey") -> Receipt:
        """Prove one validator whole, whatever it looks like, or that it was slashed or paid out."""
        arguments = self.beacon.show(self.keel.rpc).key(pubkey)
        return self.registry.function(what).send(*arguments, sender=self.anyone)

    def to_present(self) -> int:
        """Let proofs show the present slot from now on; return its epoch."""
        profile, origin = self.keel.profile, self.keel.configuration.genesis_time
        self.beacon.slot = (now(self.keel.rpc) - origin) // profile.seconds_per_slot
        return self.beacon.slot // profile.slots_per_epoch

    def be_slashed(self, entry: DepositDataEntry, **fields: Any) -> None:
        """Let the chain slash a validator in the present epoch."""
        epoch, wait = self.to_present(), self.keel.profile.slashings_epochs
        due = {"exit_epoch": epoch + 5, "withdrawable_epoch": epoch + wait}
        self.beacon.change(entry.pubkey, slashed=True, **due | fields)

    def be_paid_out(self, entry: DepositDataEntry) -> None:
        """Let the chain pay a validator out by the present epoch."""
        epoch = self.to_present()
        due = {"exit_epoch": epoch, "withdrawable_epoch": epoch}
        self.beacon.change(entry.pubkey, effective_balance_gwei=0, **due)

    def slash(self, entry: DepositDataEntry) -> Receipt:
        """Let a validator be slashed and prove it."""
        self.be_slashed(entry)
        return self.prove_one(entry.pubkey, "proveSlashed")

    def withdraw(self, entry: DepositDataEntry) -> Receipt:
        """Let a validator be paid out and prove it."""
        self.be_paid_out(entry)
        return self.prove_one(entry.pubkey, "proveWithdrawn")

    def stake(self, entries: Iterable[DepositDataEntry]) -> Receipt:
        """Stake keys in this order."""
        return self.registry.stake.send(pubkeys_of(entries), sender=self.anyone)

    def proven(self, operator_id: int, count: int) -> list[DepositDataEntry]:
        """Predeposit new keys and prove them."""
        entries = self.new_entries(count)
        self.predeposit(operator_id, entries)
        self.prove(entries)
        return entries

    def stake_new(self, operator_id: int, count: int) -> Receipt:
        """Predeposit new keys, prove and stake them."""
        return self.stake(self.proven(operator_id, count))

    def full_deposit_of(self, pubkey: bytes) -> DepositDataEntry:
        """Deposit data of 32 ETH for one of the keys made here."""
        return make_deposit_data(self._signing_key(pubkey), self.credentials)

    def deposit_first(
        self, pubkey: bytes, credentials: bytes, amount_gwei: int = PREDEPOSIT_GWEI
    ) -> Receipt:
        """Deposit for a key past the registry, with any credentials (KEY-4)."""
        entry = make_deposit_data(self._signing_key(pubkey), credentials, amount_gwei)
        values = (entry.pubkey, entry.withdrawal_credentials, entry.signature)
        receipt = self.keel.quick.deposits.deposit.send(
            *values, entry.deposit_data_root, sender=self.anyone, value_wei=amount_gwei * GWEI
        )
        self.beacon.add(BeaconValidator(pubkey, credentials, amount_gwei))
        return receipt

    def drop(self, operator_id: int, entries: Iterable[DepositDataEntry]) -> Receipt:
        """Take keys back."""
        roots = [public_key_hash(entry.pubkey) for entry in entries]
        return self.registry.dropKeys.send(operator_id, roots, sender=self.manager)

    def _signing_key(self, pubkey: bytes) -> ValidatorKey:
        keys = (signing_key(number) for number in range(self.keys_made))
        return next(key for key in keys if key.public_key == pubkey)

    def stages(self, entries: Iterable[DepositDataEntry]) -> list[int]:
        """IOperatorRegistry.Stage of each key."""
        return [int(self.registry.keyOf(public_key_hash(entry.pubkey)).stage) for entry in entries]


FOREIGN_CREDENTIALS = b"\x01".ljust(32, b"\x77")
RETURNS_NOW = bytes.fromhex("425f5260205ff3")
STAKED_ONCE = (Stage.STAKED, Stage.SLASHED, Stage.WITHDRAWN)


def bring_to(
    validators: Validators, operator_id: int, entry: DepositDataEntry, stage: Stage
) -> None:
    """Let a key come as far as this."""
    if stage is Stage.NONE:
        return
    if stage is Stage.FOREIGN:
        validators.deposit_first(entry.pubkey, FOREIGN_CREDENTIALS)
    validators.predeposit(operator_id, [entry])
    if stage is Stage.FOREIGN:
        validators.prove_one(entry.pubkey)
    if stage in (Stage.PROVEN, *STAKED_ONCE):
        validators.prove([entry])
    if stage in STAKED_ONCE:
        validators.stake([entry])
    if stage is Stage.SLASHED:
        validators.slash(entry)
    if stage is Stage.WITHDRAWN:
        validators.withdraw(entry)
    if stage is Stage.DROPPED:
        validators.drop(operator_id, [entry])


def with_two_operators(keel: Keel, deposited_wei: int = 300 * ETHER) -> Validators:
    """Two operators, with ether for validators in the vault."""
    deposit(keel, str(keel.actors.depositor.address), deposited_wei)
    made = Validators(keel)
    made.add_operator()
    made.add_operator()
    return made


@contextmanager
def broken_verifier(validators: Validators) -> Iterator[None]:
    """One that agrees with everything, and dates each slashing by now."""
    rpc, address = validators.keel.rpc, validators.keel.quick.proofs.address
    code = runtime_code(rpc, address)
    set_runtime_code(rpc, address, RETURNS_NOW)
    yield
    set_runtime_code(rpc, address, code)


@contextmanager
def leads_elsewhere(root: bytes) -> Iterator[None]:
    """Expect that a proof leads to another root than this block's, which the verifier has."""
    with pytest.raises(Reverted) as caught:
        yield
    cause = caught.value.cause
    assert isinstance(cause, CustomError)
    assert (cause.name, cause.inputs["expected"]) == ("ProofWrong", root)
    assert cause.inputs["root"] != root


def packed(entries: Iterable[DepositDataEntry]) -> bytes:
    """176 bytes a key, as `predeposit` takes them."""
    return b"".join(e.pubkey + e.signature + e.deposit_data_root for e in entries)


def pubkeys_of(entries: Iterable[DepositDataEntry]) -> bytes:
    """48 bytes a key, as `stake` takes them."""
    return b"".join(entry.pubkey for entry in entries)


@cache
def signing_key(number: int) -> ValidatorKey:
    """Derive a validator's key of the test mnemonic (EIP-2334)."""
    (key,) = derive_signing_keys(mnemonic_to_seed(MNEMONIC), 1, number)
    return key
