"""A beacon state as Keel needs it: each public key with its balance and how it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keel.consensus.beacon.spec import Spec, State

NO_INDEX = 2**64 - 1
"""Index of a key whose deposit is still pending."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One key. Its balance holds pending deposits too; before activation it is not active."""

    index: int
    balance_gwei: int
    active: bool = False
    exited: bool = False
    slashed: bool = False


@dataclass(frozen=True, slots=True)
class BeaconView:
    """`block_number` is that of the latest execution block in the state."""

    slot: int
    block_number: int
    by_pubkey: Mapping[bytes, Standing]

    def balance_gwei(self, pubkey: bytes) -> int:
        """0 for a key that the state does not know."""
        standing = self.by_pubkey.get(pubkey)
        return 0 if standing is None else standing.balance_gwei


def view_of(spec: Spec, state: State) -> BeaconView:
    """Read a state of the specification."""
    epoch = spec.get_current_epoch(state)
    found: dict[bytes, Standing] = {}
    for index, (validator, balance) in enumerate(
        zip(state.validators, state.balances, strict=True)
    ):
        found[bytes(validator.pubkey)] = Standing(
            index=index,
            balance_gwei=int(balance),
            active=bool(spec.is_active_validator(validator, epoch)),
            exited=validator.exit_epoch <= epoch,
            slashed=bool(validator.slashed),
        )
    for pending in state.pending_deposits:
        pubkey = bytes(pending.pubkey)
        known = found.get(pubkey, Standing(NO_INDEX, 0))
        found[pubkey] = replace(known, balance_gwei=known.balance_gwei + int(pending.amount))
    number = int(state.latest_execution_payload_header.block_number)
    return BeaconView(int(state.slot), number, found)
