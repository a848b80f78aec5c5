"""Staked validators that the beacon chain lets exit, and whoever asks for it or shows it."""

from dataclasses import dataclass
from typing import Any

from keel.chain.clock import jump, now
from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry
from keel.deploy.contracts import Exits
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER, GWEI
from tests.beacon_record import Shown
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit
from tests.unit.contracts.validators import Validators

GENEROUS_WEI = 1_000
PART_GWEI = 32 * ETHER // GWEI
SECONDS_TO_SHOW = 24
"""Two slots: after them a state can include what a transaction asked for."""


@dataclass
class Exiting(Validators):
    """Exits of a deployment; states are shown of the slot that is now unless another is named."""

    @property
    def exits(self) -> Exits:
        """The contract that is tested."""
        return self.keel.quick.exits

    @property
    def now(self) -> int:
        """Time of the latest block."""
        return now(self.keel.rpc)

    @property
    def slot(self) -> int:
        """The newest slot."""
        passed = self.now - self.keel.configuration.genesis_time
        return passed // self.keel.profile.seconds_per_slot

    @property
    def epoch(self) -> int:
        """Its epoch."""
        return self.slot // self.keel.profile.slots_per_epoch

    def show(self, slot: int | None = None) -> Shown:
        """Let EIP-4788 know a state as the beacon chain is now."""
        return self.beacon.show(self.keel.rpc, slot=self.slot if slot is None else slot)

    def active(self, operator_id: int, count: int = 1) -> list[DepositDataEntry]:
        """Stake new keys; their validators have been active since the beginning."""
        entries = self.proven(operator_id, count)
        self.stake(entries)
        for entry in entries:
            self.change(entry, 32, activation_eligibility_epoch=0, activation_epoch=0)
        return entries

    def change(self, entry: DepositDataEntry, effective_ether: int = 32, **fields: Any) -> None:
        """Let something happen to a validator."""
        effective_gwei = effective_ether * ETHER // GWEI
        self.beacon.change(entry.pubkey, effective_balance_gwei=effective_gwei, **fields)

    def leave(self, entry: DepositDataEntry) -> None:
        """Give a validator an exit epoch."""
        epoch = self.epoch + 5
        self.change(entry, exit_epoch=epoch, withdrawable_epoch=epoch + 256)

    def ask(
        self,
        entry: DepositDataEntry,
        sender: str | None = None,
        value_wei: int = GENEROUS_WEI,
        shown: Shown | None = None,
    ) -> Receipt:
        """Ask for an exit, anyone by default."""
        arguments = (shown or self.show()).key(entry.pubkey)
        sender = sender or self.anyone
        return self.exits.requestExit.send(
            entry.pubkey, *arguments, sender=sender, value_wei=value_wei
        )

    def note(self, entry: DepositDataEntry, slot: int | None = None) -> Receipt:
        """Show that a validator leaves, or that it does not."""
        return self.exits.noteExit.send(*self.show(slot).key(entry.pubkey), sender=self.anyone)

    def end(self, *entries: DepositDataEntry) -> Receipt:
        """Take out of the sum what is over."""
        roots = [public_key_hash(entry.pubkey) for entry in entries]
        return self.exits.endExits.send(roots, sender=self.anyone)

    def leaving(self, entry: DepositDataEntry) -> tuple[int, int, bool]:
        """What a key counts for: gwei, parts, and whether its exit was asked for."""
        _, balance_gwei, parts, is_asked = self.exits.leavingOf(public_key_hash(entry.pubkey))
        return balance_gwei, parts, is_asked

    def request_ticket(self, amount_wei: int) -> None:
        """Let the depositor ask for ether."""
        depositor = self.keel.actors.depositor.address
        self.keel.quick.queue.request.send(amount_wei, depositor, sender=depositor)

    def wait_for_a_state(self) -> None:
        """Wait until a state can include the last request."""
        jump(self.keel.rpc, SECONDS_TO_SHOW)


def with_operators(keel: Keel, *targets_bps: int, ether: int = 300) -> Exiting:
    """Operators with these targets, and ether of the pool for their validators."""
    deposit(keel, str(keel.actors.depositor.address), ether * ETHER)
    made = Exiting(keel)
    for target_bps in targets_bps:
        made.add_operator(target_bps=target_bps)
    return made
