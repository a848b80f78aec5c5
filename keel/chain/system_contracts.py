"""Ethereum's own contracts on Anvil, which has none of them and makes no system calls.

Code and storage are the genesis of the Hoodi network, read from the pinned npm package
@ethereumjs/genesis when they are installed. A system call runs the contract's real code from the
system address and writes what it changed, without a transaction, as a node does around a block.
"""

import functools
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from keel.chain.abi import checksummed
from keel.chain.errors import ChainError, ToolMissingError
from keel.chain.node_packages import REPOSITORY_ROOT, node_binary, node_package
from keel.chain.packed import SYSTEM_CONTRACTS, packed
from keel.chain.rpc import Request, RpcClient
from keel.chain.state import word

SYSTEM_ADDRESS = "0xffffFFFfFFffffffffffffffFfFFFfffFFFfFFfE"  # EIP-4788, EIP-7002, EIP-7251

DEPOSIT_CONTRACT = "0x00000000219ab540356cBB839Cbe05303d7705Fa"  # consensus specs, EIP-6110
BEACON_ROOTS = "0x000F3df6D732807Ef1319fB7B8bB8522d0Beac02"  # EIP-4788
HISTORY_STORAGE = "0x0000F90827F1C53a10cb7A02335B175320002935"  # EIP-2935
WITHDRAWAL_REQUESTS = "0x00000961Ef480Eb55e80D19ad83579A64c007002"  # EIP-7002
CONSOLIDATION_REQUESTS = "0x0000BBdDc7CE488642fb579F8B00f3a590007251"  # EIP-7251

INSTALLED = (
    DEPOSIT_CONTRACT,
    BEACON_ROOTS,
    HISTORY_STORAGE,
    WITHDRAWAL_REQUESTS,
    CONSOLIDATION_REQUESTS,
)

_GENESIS_PACKAGE = "@ethereumjs/genesis"
_PRINT_CONTRACTS = f"""
import {{ hoodiGenesis }} from '{_GENESIS_PACKAGE}/hoodi'
const accounts = Object.entries(hoodiGenesis).filter(([, account]) => Array.isArray(account))
process.stdout.write(JSON.stringify(Object.fromEntries(accounts)))
"""
_WITHDRAWAL_RECORD = 20 + 48 + 8
_CONSOLIDATION_RECORD = 20 + 48 + 48


class SystemContractMissingError(ChainError):
    """A system contract has no code on this chain."""


@dataclass(frozen=True, slots=True)
class GenesisContract:
    """Code, storage and nonce that a contract has at genesis."""

    address: str
    code: str
    storage: tuple[tuple[int, int], ...]
    nonce: int


@dataclass(frozen=True, slots=True)
class WithdrawalRequest:
    """EIP-7002. An amount of 0 asks for the validator's full exit."""

    source_address: str
    validator_pubkey: bytes
    amount_gwei: int


@dataclass(frozen=True, slots=True)
class ConsolidationRequest:
    """EIP-7251. The same key twice asks for a switch to compounding credentials."""

    source_address: str
    source_pubkey: bytes
    target_pubkey: bytes


def install_system_contracts(rpc: RpcClient) -> None:
    """Write the contracts and open the request queues by the first system call.

    No block is mined. Doing it again resets the contracts. Raises ToolMissingError.
    """
    requests: list[Request] = []
    for contract in genesis_contracts().values():
        requests.append(("anvil_setCode", (contract.address, contract.code)))
        requests.append(("anvil_setNonce", (contract.address, hex(contract.nonce))))
        for slot, value in contract.storage:
            requests.append(("anvil_setStorageAt", (contract.address, word(slot), word(value))))
    rpc.batch(requests)
    system_call(rpc, WITHDRAWAL_REQUESTS)
    system_call(rpc, CONSOLIDATION_REQUESTS)


@functools.cache
def genesis_contracts() -> Mapping[str, GenesisContract]:
    """Read the contracts of INSTALLED, by address, from the npm package (about 0.1 s, once)."""
    source = packed(SYSTEM_CONTRACTS)
    text = source.read_bytes() if source is not None else printed_genesis()
    accounts = {checksummed(address): entry for address, entry in orjson.loads(text).items()}
    missing = [address for address in INSTALLED if address not in accounts]
    if missing:
        raise ToolMissingError(f"{_GENESIS_PACKAGE} lacks the contract {missing[0]}")
    return {address: _genesis_contract(address, accounts[address]) for address in INSTALLED}


def printed_genesis() -> bytes:
    """Return all contracts of the npm package as JSON; raises ToolMissingError."""
    node_package(_GENESIS_PACKAGE)
    done = subprocess.run(
        [node_binary(), "--input-type=module", "--eval", _PRINT_CONTRACTS],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise ToolMissingError(f"node cannot read {_GENESIS_PACKAGE}: {''.join(reason)}")
    return done.stdout


def system_call(
    rpc: RpcClient, address: str, data: bytes = b"", *, timestamp: int | None = None
) -> bytes:
    """Run a system contract as the system address, in a block of that time, and keep its effect.

    Returns the output. Raises SystemContractMissingError, or RpcError when the contract refuses.
    """
    request = {"from": SYSTEM_ADDRESS, "to": address, "data": "0x" + data.hex()}
    in_block = {} if timestamp is None else {"time": hex(timestamp)}
    tracer = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}
    code, output, difference = rpc.batch(
        [
            ("eth_getCode", (address, "latest")),
            ("eth_call", (request, "latest", {}, in_block)),
            ("debug_traceCall", (request, "latest", {**tracer, "blockOverrides": in_block})),
        ]
    )
    if code == "0x":
        raise SystemContractMissingError(f"{address} has no code: install the system contracts")
    cleared = dict.fromkeys(_storage(difference["pre"], address), 0)
    changed = cleared | _storage(difference["post"], address)
    rpc.batch(
        [
            ("anvil_setStorageAt", (address, word(slot), word(value)))
            for slot, value in changed.items()
        ]
    )
    return bytes.fromhex(output[2:])


def set_beacon_root(rpc: RpcClient, timestamp: int, root: bytes) -> None:
    """Store the parent beacon block root for the block of this time (EIP-4788).

    Call it before that block is mined, so that its transactions see the root.
    """
    if len(root) != 32:
        raise ValueError(f"a beacon block root has 32 bytes, not {len(root)}")
    system_call(rpc, BEACON_ROOTS, root, timestamp=timestamp)


def withdrawal_request_fee_wei(rpc: RpcClient) -> int:
    """Read what one EIP-7002 request costs at least until the next dequeue."""
    return _fee_wei(rpc, WITHDRAWAL_REQUESTS)


def consolidation_request_fee_wei(rpc: RpcClient) -> int:
    """Read what one EIP-7251 request costs at least until the next dequeue."""
    return _fee_wei(rpc, CONSOLIDATION_REQUESTS)


def encode_withdrawal_request(validator_pubkey: bytes, amount_gwei: int) -> bytes:
    """Return the calldata with which a withdrawal address asks EIP-7002."""
    return validator_pubkey + amount_gwei.to_bytes(8, "big")


def encode_consolidation_request(source_pubkey: bytes, target_pubkey: bytes) -> bytes:
    """Return the calldata with which a withdrawal address asks EIP-7251."""
    return source_pubkey + target_pubkey


def dequeue_withdrawal_requests(rpc: RpcClient) -> list[WithdrawalRequest]:
    """Take the requests of a block (at most 16) as the node does at its end; sets the next fee."""
    output = system_call(rpc, WITHDRAWAL_REQUESTS)
    return [
        WithdrawalRequest(
            source_address=checksummed("0x" + record[:20].hex()),
            validator_pubkey=record[20:68],
            amount_gwei=int.from_bytes(record[68:], "little"),
        )
        for record in _records(output, _WITHDRAWAL_RECORD)
    ]


def dequeue_consolidation_requests(rpc: RpcClient) -> list[ConsolidationRequest]:
    """Take the requests of a block (at most 2) as the node does at its end; sets the next fee."""
    output = system_call(rpc, CONSOLIDATION_REQUESTS)
    return [
        ConsolidationRequest(
            source_address=checksummed("0x" + record[:20].hex()),
            source_pubkey=record[20:68],
            target_pubkey=record[68:],
        )
        for record in _records(output, _CONSOLIDATION_RECORD)
    ]


def _genesis_contract(address: str, entry: list[Any]) -> GenesisContract:
    """Read the package's form: balance, code, storage and, where it is not 0, nonce."""
    _, code, storage, *nonce = entry
    slots = tuple((int(slot, 16), int(value, 16)) for slot, value in storage)
    return GenesisContract(address, code, slots, int(nonce[0], 16) if nonce else 0)


def _storage(accounts: Mapping[str, Any], address: str) -> dict[int, int]:
    account = accounts.get(address.lower(), {})
    return {int(slot, 16): int(value, 16) for slot, value in account.get("storage", {}).items()}


def _fee_wei(rpc: RpcClient, address: str) -> int:
    return int(rpc.call("eth_call", {"to": address, "data": "0x"}, "latest"), 16)


def _records(output: bytes, size: int) -> list[bytes]:
    return [output[start : start + size] for start in range(0, len(output), size)]
