"""The deposit contract: its ABI, and its root computed without it.

Source of the layout: the consensus specs' deposit contract and EIP-6110.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from keel.chain.abi import Event
from keel.chain.contract import Contract, Function
from keel.chain.deposit_spec import deposit_spec
from keel.chain.rpc import RpcClient
from keel.chain.system_contracts import DEPOSIT_CONTRACT

GWEI = 10**9

_BYTES_FIELDS = ("pubkey", "withdrawal_credentials", "amount", "signature", "index")
DEPOSIT_CONTRACT_ABI = (
    {
        "type": "function",
        "name": "deposit",
        "stateMutability": "payable",
        "inputs": [
            {"name": "pubkey", "type": "bytes"},
            {"name": "withdrawal_credentials", "type": "bytes"},
            {"name": "signature", "type": "bytes"},
            {"name": "deposit_data_root", "type": "bytes32"},
        ],
        "outputs": [],
    },
    {
        "type": "function",
        "name": "get_deposit_root",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": "bytes32"}],
    },
    {
        "type": "function",
        "name": "get_deposit_count",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": "bytes"}],
    },
    {
        "type": "event",
        "name": "DepositEvent",
        "inputs": [{"name": name, "type": "bytes", "indexed": False} for name in _BYTES_FIELDS],
    },
)


@dataclass(frozen=True, slots=True)
class DepositData:
    """What one deposit says: a 48-byte key, 32-byte credentials, a 96-byte signature."""

    pubkey: bytes
    withdrawal_credentials: bytes
    amount_gwei: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Deposit:
    """A deposit that the contract took, and its place in the tree."""

    data: DepositData
    index: int


class DepositContract(Contract):
    """The deposit contract on one chain."""

    deposit: Function[None, bytes, bytes, bytes, bytes]
    get_deposit_root: Function[bytes]
    get_deposit_count: Function[bytes]


def deposit_contract(rpc: RpcClient, address: str = DEPOSIT_CONTRACT) -> DepositContract:
    """Bind the deposit contract."""
    return DepositContract(rpc, address, DEPOSIT_CONTRACT_ABI)


def deposit_data_root(data: DepositData) -> bytes:
    """Return the SSZ root of one deposit, the last argument of the contract's `deposit`."""
    return bytes(deposit_spec().hash_tree_root(_ssz(data)))


def deposit_root(deposits: Iterable[DepositData]) -> bytes:
    """Return the SSZ root of all deposits in order, as the contract's `get_deposit_root`."""
    spec = deposit_spec()
    return bytes(spec.hash_tree_root(spec.DepositDataList(data=[_ssz(d) for d in deposits])))


def deposit_count(contract: DepositContract) -> int:
    """Read how many deposits the contract has taken."""
    return int.from_bytes(contract.get_deposit_count(), "little")


def deposits_of(events: Sequence[Event]) -> list[Deposit]:
    """Decode DepositEvent events, from `Contract.events` or `Contract.events_between`."""
    return [
        Deposit(
            data=DepositData(
                pubkey=event.inputs["pubkey"],
                withdrawal_credentials=event.inputs["withdrawal_credentials"],
                amount_gwei=int.from_bytes(event.inputs["amount"], "little"),
                signature=event.inputs["signature"],
            ),
            index=int.from_bytes(event.inputs["index"], "little"),
        )
        for event in events
    ]


def _ssz(data: DepositData) -> Any:
    spec = deposit_spec()
    return spec.DepositData(
        pubkey=spec.BLSPubkey(data.pubkey),
        withdrawal_credentials=spec.Bytes32(data.withdrawal_credentials),
        amount=spec.Gwei(data.amount_gwei),
        signature=spec.BLSSignature(data.signature),
    )
