"""From deposit data to what the registry's `predeposit` takes (KEY-2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keel.consensus.deposit_data import (
    PREDEPOSIT_GWEI,
    DepositDataEntry,
    check_deposit_data,
)
from keel.consensus.deposit_problems import DepositDataError, DepositDataProblem
from keel.consensus.networks import Network
from keel.deploy.contracts import StakingVault
from keel.model.constants import GWEI

MOST_KEYS = 100
"""Keys in one transaction, some 6,000,000 gas."""


@dataclass(frozen=True, slots=True)
class Predeposit:
    """One call: what `predeposit` takes in addition to the operator, and the ether it is sent."""

    entries: tuple[DepositDataEntry, ...]

    @property
    def packed(self) -> bytes:
        """176 bytes a key: public key, signature, deposit data root."""
        return b"".join(e.pubkey + e.signature + e.deposit_data_root for e in self.entries)

    @property
    def value_wei(self) -> int:
        """1 ETH a key."""
        return len(self.entries) * PREDEPOSIT_GWEI * GWEI


def predeposits_of(entries: Sequence[DepositDataEntry]) -> list[Predeposit]:
    """Cut deposit data into calls of at most MOST_KEYS."""
    return [
        Predeposit(tuple(entries[start : start + MOST_KEYS]))
        for start in range(0, len(entries), MOST_KEYS)
    ]


def require_usable(
    entries: Sequence[DepositDataEntry],
    vault: StakingVault,
    known: Mapping[bytes, str],
    network: Network,
) -> None:
    """Raise DepositDataError with everything that forbids predepositing these entries.

    What the file says is checked without the chain, but for the vault's withdrawal credentials.
    `known` are keys that the registry knows already (`History.known_keys`), and as what.
    """
    credentials = vault.withdrawalCredentials()
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
