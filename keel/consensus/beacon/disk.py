"""A chain on disk: written in one step, and continued from the same head.

The folder holds Anvil's state, the beacon states and blocks as plain SSZ files, the keys, and
chain.json, which says how the chain was made and who was offline. The keys are in the clear,
readable for the owner only: they must be worth nothing elsewhere.
"""

import gzip
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import orjson

from keel.chain.rpc import Request, RpcClient
from keel.chain.state import block_head
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.errors import DataFolderError
from keel.consensus.beacon.execution import mine_on_request
from keel.consensus.beacon.pool import Operations
from keel.consensus.beacon.spec import Spec, State, load_spec
from keel.consensus.beacon.store import Store
from keel.files.atomic_files import write_atomically

FORMAT = 2

LOCK = "lock"
"""File by which one process owns a folder."""

CHAIN_CONTENTS = ("chain.json", "anvil.json", "keys.json", "states", "blocks", LOCK)
"""What a chain's folder holds; it is replaced as a whole each time the chain is written."""

_OPERATION_TYPES = {
    "proposer_slashings": "ProposerSlashing",
    "attester_slashings": "AttesterSlashing",
    "voluntary_exits": "SignedVoluntaryExit",
}


def save_chain(chain: BeaconChain, folder: Path, *, history_blocks: int = 0) -> None:
    """Write the chain; the folder's earlier contents stay until the new ones are complete.

    All blocks with their transactions and logs are kept, and Anvil's state after the last
    `history_blocks` of them: with Keel about 300 kB each before compression. A restarted Anvil
    cannot read balances and storage at blocks before these. Transactions that wait in Anvil's
    pool, and snapshots, are not kept.
    """
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    for part in ("states", "blocks"):
        (new / part).mkdir(parents=True)
    for slot, state in chain.store.epoch_states.items():
        (new / "states" / f"{slot}.ssz").write_bytes(state)
    head = chain.spec.ssz_serialize(chain.state)
    (new / "states" / f"{chain.slot}.ssz").write_bytes(head)
    for slot, root in chain.store.roots.items():
        if root in chain.store.blocks:
            (new / "blocks" / f"{slot}.ssz").write_bytes(chain.store.blocks[root])
    _write_keys(new / "keys.json", chain.keys.secrets)
    (new / "anvil.json").write_bytes(orjson.dumps(_anvil_state(chain, history_blocks)))
    (new / "chain.json").write_bytes(orjson.dumps(_document(chain), option=orjson.OPT_INDENT_2))
    _replace(folder, new)


def recover_folder(folder: Path) -> None:
    """Bring a folder back that a save had put aside when it was killed."""
    old = _aside(folder)
    if old.is_dir() and not folder.exists():
        old.rename(folder)


def _replace(folder: Path, new: Path) -> None:
    recover_folder(folder)
    old = _aside(folder)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        lock = folder / LOCK
        if lock.exists():
            (new / LOCK).hardlink_to(lock)  # who owns the folder goes on owning it
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def require_own_contents(
    folder: Path, patterns: Iterable[str] = CHAIN_CONTENTS, option: str = "--data"
) -> None:
    """Raise DataFolderError for a folder that holds anything but these: it is somebody else's.

    For folders that are replaced as a whole. One that is missing or empty is fine. `option` is
    that which named the folder.
    """
    own = tuple(patterns)
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not any(fnmatch(entry.name, pattern) for pattern in own):
            raise DataFolderError(
                f"{folder} holds {entry.name}, which Keel did not write: choose another {option}"
            )


def load_chain(folder: Path, rpc: RpcClient) -> BeaconChain:
    """Go on with a chain on a freshly started Anvil; raises DataFolderError.

    Anvil must have been started by `anvil_options` of `load_config`: it takes no block of a time
    before its own start.
    """
    document = _read(folder)
    config = ChainConfig(**document["config"])
    rpc.call("anvil_loadState", orjson.loads((folder / "anvil.json").read_bytes()))
    mine_on_request(rpc)
    spec = load_spec(config)
    state = _read_state(spec, folder, document["head_slot"])
    chain = BeaconChain(config, spec, rpc, state, _read_store(spec, folder, document))
    chain.store.add_state(state)
    for root in chain.store.blocks:
        block = chain.store.block(root)
        body, parent_root = block.message.body, bytes(block.message.parent_root)
        chain.payloads.accept(body.execution_payload, body.execution_requests, parent_root)
    if chain.head_root.hex() != document["head_root"]:
        raise DataFolderError(f"{folder}: the head's block is missing")
    chain.keys.secrets = _read_keys(folder / "keys.json")
    chain.participation.offline = set(document["offline"])
    chain.participation.missed_slots = set(document["missed_slots"])
    chain.fees.default_recipient = document["default_fee_recipient"]
    chain.fees.recipients = _from_hex(document["fee_recipients"])
    chain.fees.mev_payment_wei = int(document["mev_payment_wei"])
    chain.pool.attestations = [
        spec.ssz_deserialize(spec.Attestation, bytes.fromhex(text))
        for text in document["attestations"]
    ]
    chain.pool.operations = _read_operations(spec, document["operations"])
    # Not Anvil's latest block: others may have mined since the last slot.
    chain.execution.forget_since(document["folded_block"], document["folded_hash"])
    return chain


def load_config(folder: Path) -> ChainConfig:
    """How a stored chain was made; raises DataFolderError when there is none."""
    return ChainConfig(**_read(folder)["config"])


def _document(chain: BeaconChain) -> dict[str, Any]:
    serialize = chain.spec.ssz_serialize
    return {
        "format": FORMAT,
        "config": asdict(chain.config),
        "head_slot": chain.slot,
        "head_root": chain.head_root.hex(),
        "genesis_root": chain.store.genesis_root.hex(),
        "folded_block": chain.execution.folded_block,
        "folded_hash": chain.execution.folded_hash,
        "offline": sorted(chain.participation.offline),
        "missed_slots": sorted(chain.participation.missed_slots),
        "default_fee_recipient": chain.fees.default_recipient,
        "fee_recipients": {key.hex(): to for key, to in chain.fees.recipients.items()},
        "mev_payment_wei": str(chain.fees.mev_payment_wei),
        "attestations": [serialize(waiting).hex() for waiting in chain.pool.attestations],
        "operations": {
            name: [serialize(operation).hex() for operation in waiting]
            for name, waiting in chain.pool.operations.items()
        },
    }


def _anvil_state(chain: BeaconChain, history_blocks: int) -> str:
    """Anvil's dump; of the states of earlier blocks, which it gives all or none, only the last."""
    dump: str = chain.rpc.call("anvil_dumpState", history_blocks > 0)
    if history_blocks == 0:
        return dump
    head = block_head(chain.rpc).number
    requests: list[Request] = [
        ("eth_getBlockByNumber", (hex(number), False))
        for number in range(max(0, head - history_blocks + 1), head + 1)
    ]
    kept = {block["hash"] for block in chain.rpc.batch(requests)}
    content = orjson.loads(gzip.decompress(bytes.fromhex(dump.removeprefix("0x"))))
    states = [each for each in content["historical_states"] if each[0] in kept]
    content["historical_states"] = states
    return "0x" + gzip.compress(orjson.dumps(content), compresslevel=1).hex()


def _read(folder: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = orjson.loads((folder / "chain.json").read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise DataFolderError(f"{folder} holds no chain: {error}") from error
    if document.get("format") != FORMAT:
        raise DataFolderError(f"{folder} has format {document.get('format')}, {FORMAT} expected")
    return document


def _read_store(spec: Spec, folder: Path, document: Mapping[str, Any]) -> Store:
    store = Store(spec)
    store.begin(bytes.fromhex(document["genesis_root"]), _read_state(spec, folder, 0))
    for slot in _slots(folder / "blocks"):
        encoded = (folder / "blocks" / f"{slot}.ssz").read_bytes()
        store.add_block(spec.ssz_deserialize(spec.SignedBeaconBlock, encoded))
    for slot in _slots(folder / "states"):
        if slot % int(spec.SLOTS_PER_EPOCH) == 0:
            store.epoch_states[slot] = (folder / "states" / f"{slot}.ssz").read_bytes()
    return store


def _slots(folder: Path) -> list[int]:
    return sorted(int(file.stem) for file in folder.glob("*.ssz"))


def _read_state(spec: Spec, folder: Path, slot: int) -> State:
    try:
        encoded = (folder / "states" / f"{slot}.ssz").read_bytes()
    except OSError as error:
        raise DataFolderError(f"{folder}: the state of slot {slot} is missing") from error
    return spec.ssz_deserialize(spec.BeaconState, encoded)


def _read_operations(spec: Spec, document: Mapping[str, list[str]]) -> Operations:
    return {
        name: tuple(
            spec.ssz_deserialize(getattr(spec, kind), bytes.fromhex(text))
            for text in document[name]
        )
        for name, kind in _OPERATION_TYPES.items()
    }


def _write_keys(file: Path, secrets: Mapping[bytes, int]) -> None:
    content = {pubkey.hex(): f"{secret:064x}" for pubkey, secret in secrets.items()}
    write_atomically(file, orjson.dumps(content))


def _read_keys(file: Path) -> dict[bytes, int]:
    document: dict[str, str] = orjson.loads(file.read_bytes())
    return {bytes.fromhex(pubkey): int(secret, 16) for pubkey, secret in document.items()}


def _from_hex(document: Mapping[str, str]) -> dict[bytes, str]:
    return {bytes.fromhex(key): value for key, value in document.items()}
