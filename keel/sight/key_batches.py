"""Key batches: from deposit data to what the registry is sent, and back from its events (OPR-1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from keel.chain.state import block_head
from keel.consensus.deposit_data import DepositDataEntry, check_deposit_data
from keel.consensus.deposit_problems import DepositDataError, DepositDataProblem
from keel.consensus.networks import Network
from keel.deploy.contracts import OperatorRegistry, StakingVault
from keel.model.commitment import key_batch_tree

MAX_BATCH_KEYS = 100
"""Keys sent in one transaction, some 600,000 gas."""

_PUBKEY_BYTES = 48
_SIGNATURE_BYTES = 96
_KEY_BYTES = _PUBKEY_BYTES + _SIGNATURE_BYTES + 32


@dataclass(frozen=True, slots=True)
class Key:
    """What a batch says of one key."""

    pubkey: bytes
    signature: bytes
    deposit_data_root: bytes

    @property
    def packed(self) -> bytes:
        """176 bytes, as in `KeysAdded` and `stake`."""
        return self.pubkey + self.signature + self.deposit_data_root


@dataclass(frozen=True, slots=True)
class KeyBatch:
    """What `addKeys` takes in addition to the operator."""

    root: bytes
    keys: tuple[Key, ...]

    @property
    def packed(self) -> bytes:
        """All keys, one after the other."""
        return b"".join(key.packed for key in self.keys)


@dataclass(frozen=True, slots=True)
class CommittedKey:
    """A key in a batch on chain, with the proof that it is in it."""

    operator_id: int
    batch: int
    index: int
    key: Key
    proof: tuple[bytes, ...]

    @property
    def values(self) -> tuple[int, int, int, tuple[bytes, ...]]:
        """`IOperatorRegistry.KeyProof` as contract calls take it."""
        return (self.operator_id, self.batch, self.index, self.proof)


def batches_of(entries: Sequence[DepositDataEntry]) -> list[KeyBatch]:
    """Cut deposit data into batches of at most MAX_BATCH_KEYS."""
    return [
        _batch(entries[start : start + MAX_BATCH_KEYS])
        for start in range(0, len(entries), MAX_BATCH_KEYS)
    ]


def staked_pubkeys(registry: OperatorRegistry, first_block: int) -> dict[bytes, int]:
    """Every public key that was staked, in order, and its operator."""
    last_block = block_head(registry.rpc).number
    return {
        event.inputs["pubkey"]: event.inputs["operatorId"]
        for event in registry.events_between(first_block, last_block, "KeyStaked")
    }


def require_usable(
    entries: Sequence[DepositDataEntry],
    vault: StakingVault,
    known: Mapping[bytes, str],
    network: Network,
) -> None:
    """Raise DepositDataError with everything that forbids committing these entries.

    What the file says is checked without the chain, but for the vault's withdrawal credentials.
    `known` are keys that are on chain already, and as what.
    """
    credentials = vault.withdrawalCredentials()
    problems = check_deposit_data(entries, credentials, network.name)
    problems += [
        DepositDataProblem(
            index, "pubkey", entry.pubkey.hex(), f"a new key, it is {known[entry.pubkey]}"
        )
        for index, entry in enumerate(entries)
        if entry.pubkey in known
    ]
    if problems:
        raise DepositDataError(problems)


def _batch(entries: Sequence[DepositDataEntry]) -> KeyBatch:
    keys = tuple(Key(e.pubkey, e.signature, e.deposit_data_root) for e in entries)
    return KeyBatch(key_batch_tree([key.deposit_data_root for key in keys]).root, keys)


def keys_of_batch(
    operator_id: int, batch: int, root: bytes, packed: bytes
) -> Iterator[CommittedKey]:
    """Keys of one batch with their proofs; none when the root is not that of the keys."""
    keys = [_unpacked(packed[at : at + _KEY_BYTES]) for at in range(0, len(packed), _KEY_BYTES)]
    tree = key_batch_tree([key.deposit_data_root for key in keys])
    if tree.root != root:
        return
    for index, key in enumerate(keys):
        yield CommittedKey(operator_id, batch, index, key, tree.proof(index))


def _unpacked(packed: bytes) -> Key:
    signature_end = _PUBKEY_BYTES + _SIGNATURE_BYTES
    return Key(packed[:_PUBKEY_BYTES], packed[_PUBKEY_BYTES:signature_end], packed[signature_end:])
