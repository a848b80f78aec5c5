"""From deposit data to what the registry's `predeposit` takes (KEY-2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import batched, groupby

from keel.consensus.deposit_data import (
    PREDEPOSIT_GWEI,
    DepositDataEntry,
    check_deposit_data,
    execution_credentials,
    is_compounding,
)
from keel.consensus.deposit_problems import DepositDataError, DepositDataProblem
from keel.consensus.networks import Network
from keel.deploy.contracts import StakingVault
from keel.model.constants import GWEI

MOST_KEYS = 100
"""Keys in one transaction, some 6,000,000 gas."""


@dataclass(frozen=True, slots=True)
class Predeposit:
    """One call: keys with credentials of one type, and the ether it is sent."""

    entries: tuple[DepositDataEntry, ...]

    @property
    def packed(self) -> bytes:
        """176 bytes a key: public key, signature, deposit data root."""
        return b"".join(e.pubkey + e.signature + e.deposit_data_root for e in self.entries)

    @property
    def arguments(self) -> tuple[bytes, bool]:
        """What `predeposit` takes after the operator."""
        return self.packed, is_compounding(self.entries[0].withdrawal_credentials)

    @property
    def value_wei(self) -> int:
        """1 ETH a key."""
        return len(self.entries) * PREDEPOSIT_GWEI * GWEI


def predeposits_of(entries: Sequence[DepositDataEntry]) -> list[Predeposit]:
    """Cut deposit data into calls of at most MOST_KEYS, each with credentials of one type."""
    runs = groupby(entries, lambda entry: is_compounding(entry.withdrawal_credentials))
    return [Predeposit(some) for _, run in runs for some in batched(run, MOST_KEYS)]


def require_usable(
    entries: Sequence[DepositDataEntry],
    vault: StakingVault,
    known: Mapping[bytes, str],
    network: Network,
) -> None:
    """Raise DepositDataError with everything that forbids predepositing these entries.

    What the file says is checked without the chain, but for the vault's withdrawal credentials,
    which may be of either type (KEY-2).
    `known` are keys that the registry knows already (`History.known_keys`), and as what.
    """
    credentials = vault.withdrawalCredentials()
    if all(is_compounding(entry.withdrawal_credentials) for entry in entries):
        credentials = execution_credentials(credentials[-20:], compounding=True)
    problems = check_deposit_data(entries, credentials, network.name, PREDEPOSIT_GWEI)
    problems += [
        DepositDataProblem(
            index, "pubkey", entry.pubkey.hex(), f"a new key, it is {known[entry.pubkey]}"
        )
        for index, entry in enumerate(entries)
        if entry.pubkey in known
    ]
    if problems:
        raise DepositDataError(problems)
