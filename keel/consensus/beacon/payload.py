"""An execution payload folded from what Anvil mined, and the engine that accepts just that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keel.chain.deposit_contract import Deposit
from keel.chain.system_contracts import ConsolidationRequest, WithdrawalRequest
from keel.consensus.beacon.spec import Spec, State, list_of


@dataclass(frozen=True, slots=True)
class MinedSlot:
    """What Anvil did in one slot: the head it mined, and all that the consensus layer takes over.

    `transactions` are raw, in the order of execution.
    """

    head: Mapping[str, Any]
    gas_used: int
    transactions: Sequence[bytes]
    deposits: Sequence[Deposit]
    withdrawal_requests: Sequence[WithdrawalRequest]
    consolidation_requests: Sequence[ConsolidationRequest]


@dataclass
class FoldedPayloads:
    """The specification's execution engine: valid is what was folded from Anvil, nothing else."""

    spec: Spec
    _folded: set[tuple[bytes, bytes, bytes]] = field(default_factory=set)

    def accept(self, payload: Any, requests: Any, parent_beacon_block_root: bytes) -> None:
        """Remember a payload that came from Anvil."""
        self._folded.add(self._identity(payload, requests, parent_beacon_block_root))

    def verify_and_notify_new_payload(self, request: Any) -> bool:
        """Whether this payload, with these requests and this parent root, came from Anvil."""
        return (
            self._identity(
                request.execution_payload,
                request.execution_requests,
                request.parent_beacon_block_root,
            )
            in self._folded
        )

    def _identity(self, payload: Any, requests: Any, parent: bytes) -> tuple[bytes, bytes, bytes]:
        root = self.spec.hash_tree_root
        return bytes(root(payload)), bytes(root(requests)), bytes(parent)


def fold_payload(spec: Spec, state: State, mined: MinedSlot, withdrawals: Sequence[Any]) -> Any:
    """Return the payload of the state's slot; the block hash is Anvil's own."""
    head = mined.head
    payload = spec.ExecutionPayload(
        parent_hash=state.latest_execution_payload_header.block_hash,
        fee_recipient=_bytes(head["miner"]),
        state_root=_bytes(head["stateRoot"]),
        receipts_root=_bytes(head["receiptsRoot"]),
        prev_randao=spec.get_randao_mix(state, spec.get_current_epoch(state)),
        block_number=int(head["number"], 16),
        gas_limit=int(head["gasLimit"], 16),
        gas_used=mined.gas_used,
        timestamp=int(head["timestamp"], 16),
        base_fee_per_gas=int(head["baseFeePerGas"], 16),
        block_hash=_bytes(head["hash"]),
        blob_gas_used=int(head.get("blobGasUsed", "0x0"), 16),
        excess_blob_gas=int(head.get("excessBlobGas", "0x0"), 16),
    )
    payload.logs_bloom = type(payload.logs_bloom)(_bytes(head["logsBloom"]))
    payload.extra_data = type(payload.extra_data)(data=_bytes(head["extraData"]))
    payload.transactions = list_of(
        payload, "transactions", [spec.Transaction(data=raw) for raw in mined.transactions]
    )
    payload.withdrawals = list_of(payload, "withdrawals", withdrawals)
    return payload


def fold_requests(spec: Spec, mined: MinedSlot) -> Any:
    """Return the requests of EIP-6110, EIP-7002 and EIP-7251 that the slot brought."""
    requests = spec.ExecutionRequests()
    requests.deposits = list_of(
        requests, "deposits", [_deposit_request(spec, deposit) for deposit in mined.deposits]
    )
    requests.withdrawals = list_of(
        requests,
        "withdrawals",
        [
            spec.WithdrawalRequest(
                source_address=_bytes(request.source_address),
                validator_pubkey=request.validator_pubkey,
                amount=request.amount_gwei,
            )
            for request in mined.withdrawal_requests
        ],
    )
    requests.consolidations = list_of(
        requests,
        "consolidations",
        [
            spec.ConsolidationRequest(
                source_address=_bytes(request.source_address),
                source_pubkey=request.source_pubkey,
                target_pubkey=request.target_pubkey,
            )
            for request in mined.consolidation_requests
        ],
    )
    return requests


def _deposit_request(spec: Spec, deposit: Deposit) -> Any:
    return spec.DepositRequest(
        pubkey=deposit.data.pubkey,
        withdrawal_credentials=deposit.data.withdrawal_credentials,
        amount=deposit.data.amount_gwei,
        signature=deposit.data.signature,
        index=deposit.index,
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
